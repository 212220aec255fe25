"""Teams, members and invitations as the contract shows them (§9)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import User
from teams import listing
from teams.models import Invitation, Team

Json = dict[str, Any]


def teams(rows: list[Team], viewer: User) -> list[Json]:
    """`rows` are `listing.with_facts`."""
    members = listing.first_members(rows, viewer)
    return [_team(row, members[row.pk]) for row in rows]


def _team(row: Team, members: list[listing.Place]) -> Json:
    facts: Any = row
    return {
        "id": row.pk,
        "name": row.name,
        "alias": row.alias or None,
        "description": row.description or None,
        "liteLLMTeamId": str(row.pk),
        **_money(row),
        "softBudget": row.soft_budget,
        "tpmLimit": row.tpm_limit,
        "rpmLimit": row.rpm_limit,
        "allowedModels": sorted(link.model_id for link in row.allowed_links.all()),
        "metadata": row.metadata,
        "isActive": row.is_active,
        "isDefault": row.is_default,
        "memberCount": facts.member_count,
        "members": [member(place) for place in members],
        "membersTruncated": facts.member_count > len(members),
        "myRole": facts.my_role,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "createdBy": row.created_by_id,
        "syncStatus": facts.sync_status,
        "spendAsOf": facts.spend_as_of,
    }


def _money(row: Team) -> Json:
    facts: Any = row
    return {
        "maxBudget": row.max_budget,
        "currentSpend": facts.spend,
        "budgetUtilization": utilization(facts.spend, row.max_budget),
        "budgetDuration": row.budget_window or None,
        "budgetResetAt": facts.budget_reset_at,
    }


def utilization(spend: Decimal | None, budget: Decimal | None) -> Decimal | None:
    """Per cent of the budget, to two places; None where one of them is not known or there is no budget to use."""
    if spend is None or not budget:
        return None
    return round(spend * 100 / budget, 2)


def member(place: listing.Place) -> Json:
    return {
        "id": place.id,
        "teamId": place.team_id,
        "userId": place.user_id,
        "role": place.role,
        "joinedAt": place.joined_at,
        "addedBy": place.added_by_id,
        "maxBudgetInTeam": place.max_budget,
        "currentSpendInTeam": place.spend,
        "user": {
            "id": place.user_id,
            "username": place.username,
            "email": place.email,
            "fullName": place.full_name or None,
        },
    }


def budget(row: Team, members: list[listing.Place]) -> Json:
    """`row` is `listing.with_facts`; `members` those with a budget or spend of their own, for who may see them."""
    facts: Any = row
    spend = facts.spend
    left = None if spend is None or row.max_budget is None else max(row.max_budget - spend, Decimal(0))
    money = _money(row)
    return {
        "teamId": row.pk,
        **{
            name: money[name] for name in ("maxBudget", "currentSpend", "budgetUtilization", "budgetDuration")
        },
        "remainingBudget": left,
        "resetAt": facts.budget_reset_at,
        "softBudget": row.soft_budget,
        "alertTriggered": is_alarming(spend, row),
        "memberBudgets": [
            {
                "userId": place.user_id,
                "username": place.username,
                "maxBudgetInTeam": place.max_budget,
                "currentSpendInTeam": place.spend,
            }
            for place in members
        ],
        "lastUpdatedAt": max(filter(None, (row.updated_at, facts.spend_as_of))),
        "syncStatus": facts.sync_status,
    }


def is_alarming(spend: Decimal | None, row: Team) -> bool:
    """Whether the soft budget, or the budget itself, is used up."""
    limits = [limit for limit in (row.soft_budget, row.max_budget) if limit is not None]
    return spend is not None and any(spend >= limit for limit in limits)


def invitation(row: Invitation, now: datetime) -> Json:
    return {
        "id": row.pk,
        "email": row.email or None,
        "userId": row.user_id,
        "role": row.role,
        "status": row.status_at(now),
        "expiresAt": row.expires_at,
        "createdAt": row.created_at,
        "invitedBy": row.invited_by_id,
        "mailedAt": row.mailed_at,
    }


def own_invitation(row: Invitation, now: datetime) -> Json:
    return invitation(row, now) | {
        "teamId": row.team_id,
        "teamName": row.team.name,
        "invitedByName": row.invited_by.display_name if row.invited_by else None,
        "message": row.message or None,
    }
