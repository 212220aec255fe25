"""All that the portal keeps about one person, as one JSON file for that person. No secret is in it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import AuditEvent, User
from accounts.profile import preferences_of
from accounts.sessions import sessions_of
from apikeys.models import ApiKey
from litemaas.api.rendering import dumps
from notifications.models import Notification
from portal.models import SavedConversation, SavedPrompt
from subscriptions.models import Subscription
from teams.models import Member
from usage.models import UserMonth

_AT_ONCE = 500


@transaction.atomic(durable=True)
def note_export(*, user: User, now: datetime) -> None:
    """Put it into the record that the data was taken out."""
    audit.record("USER_DATA_EXPORT", actor=user, obj=user, at=now)


def export_of(user: User, *, now: datetime) -> Iterator[bytes]:
    """The file in pieces: facts of the account first, then a list per kind of row, none of which is held in memory."""
    yield dumps(
        {
            "exportedAt": now,
            "account": {
                "id": user.pk,
                "username": user.username,
                "email": user.email or None,
                "fullName": user.full_name or None,
                "roles": user.roles,
                "createdAt": user.created_at,
                "maxBudget": user.max_budget,
                "budgetDuration": user.budget_window or None,
                "tpmLimit": user.tpm_limit,
                "rpmLimit": user.rpm_limit,
            },
            "preferences": preferences_of(user),
        }
    )[:-1]
    for name, rows in _lists(user, now):
        yield f',"{name}":['.encode()
        for number, row in enumerate(rows):
            yield (b"," if number else b"") + dumps(row)
        yield b"]"
    yield b"}"


def _lists(user: User, now: datetime) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    yield "sessions", (_session(row) for row in sessions_of(user, now=now))
    yield "teams", (_member(row) for row in _all(Member.objects.filter(user=user).select_related("team")))
    yield "subscriptions", (_subscription(row) for row in _all(Subscription.objects.filter(user=user)))
    keys = ApiKey.objects.filter(owner=user).prefetch_related("model_links")
    yield "apiKeys", (_key(row) for row in _all(keys))
    yield "usageByMonth", (_month(row) for row in UserMonth.objects.filter(user_id=user.pk).order_by("month"))
    yield "notifications", (_notification(row) for row in _all(Notification.objects.visible_to(user)))
    yield "prompts", (_prompt(row) for row in _all(SavedPrompt.objects.visible_to(user)))
    yield "conversations", (_conversation(row) for row in _all(SavedConversation.objects.visible_to(user)))
    acts = AuditEvent.objects.filter(actor_id=user.pk).order_by("at", "id")
    yield "activity", (_act(row) for row in acts.iterator(_AT_ONCE))


def _all(rows: Any) -> Iterator[Any]:
    found: Iterator[Any] = rows.order_by("pk").iterator(_AT_ONCE)
    return found


def _session(row: Any) -> dict[str, Any]:
    return {
        "ipAddress": row.ip_address,
        "userAgent": row.user_agent,
        "createdAt": row.created_at,
        "lastActivityAt": row.last_activity_at,
    }


def _member(row: Member) -> dict[str, Any]:
    times = {"joinedAt": row.joined_at, "removedAt": row.removed_at}
    return {"teamId": row.team_id, "team": row.team.name, "role": row.role, **times}


def _subscription(row: Subscription) -> dict[str, Any]:
    return {
        "id": row.pk,
        "model": row.model_id,
        "status": row.status,
        "reason": row.status_reason or None,
        "quotaRequests": row.quota_requests,
        "quotaTokens": row.quota_tokens,
        "createdAt": row.created_at,
        "statusChangedAt": row.status_changed_at,
    }


def _key(row: ApiKey) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "description": row.description or None,
        "prefix": row.secret_prefix,
        "teamId": row.team_id,
        "models": sorted(link.model_id for link in row.model_links.all()),
        "maxBudget": row.max_budget,
        "createdAt": row.created_at,
        "lastUsedAt": row.last_used_at,
        "expiresAt": row.expires_at,
        "revokedAt": row.revoked_at,
    }


def _month(row: UserMonth) -> dict[str, Any]:
    return {
        "month": f"{row.month:%Y-%m}",
        "requests": row.requests,
        "promptTokens": row.prompt_tokens,
        "completionTokens": row.completion_tokens,
        "cost": row.cost,
    }


def _notification(row: Notification) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "title": row.title_text,
        "body": row.body_text or None,
        "createdAt": row.created_at,
        "readAt": row.read_at,
    }


def _prompt(row: SavedPrompt) -> dict[str, Any]:
    return {"name": row.name, "text": row.text, "createdAt": row.created_at, "updatedAt": row.updated_at}


def _conversation(row: SavedConversation) -> dict[str, Any]:
    times = {"createdAt": row.created_at, "updatedAt": row.updated_at}
    return {"name": row.name, "model": row.model or None, "messages": row.messages, **times}


def _act(row: AuditEvent) -> dict[str, Any]:
    return {
        "at": row.at,
        "action": row.action,
        "resourceType": row.resource_type or None,
        "resourceId": row.resource_id or None,
        "success": row.success,
        "ipAddress": row.ip_address,
    }
