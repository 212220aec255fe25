"""What the reconciler compares of teams and members, and how it takes something over from the gateway."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.models import User
from litellm_sync import windows
from litellm_sync.client import gateway
from litellm_sync.models import GatewayObject
from litellm_sync.registry import Mirror, Sighting, Wish
from litemaas import errors
from teams import gateway as ours
from teams import roles
from teams.models import DEFAULT_TEAM_ID, Member, Team
from teams.services.members import give_budget
from teams.services.places import take_place
from teams.services.teams import adopt_values, register_found

_CHUNK = 1000


def team_wishes(gateway_ids: Sequence[str]) -> Mapping[str, Wish]:
    """A deleted team stays over there, blocked, because its keys and spend would go with it."""
    teams = Team.objects.prefetch_related("allowed_links").filter(pk__in=_uuids(gateway_ids))
    version = gateway().features().version_tuple
    return {
        str(team.pk): Wish(team.pk, ours.desired_team(team, version) | {"blocked": not team.is_active})
        for team in teams
    }


def expected_teams() -> Iterator[Sequence[tuple[str, UUID]]]:
    """The default team is told to the gateway when something first needs it there."""
    told = GatewayObject.objects.filter(kind="team", object_id=OuterRef("pk"))
    teams = Team.objects.filter(Exists(told) | ~Q(pk=DEFAULT_TEAM_ID), deleted_at__isnull=True)
    yield from _batches(teams.order_by("pk").values_list("pk", flat=True), lambda pk: (str(pk), pk))


def member_wishes(gateway_ids: Sequence[str]) -> Mapping[str, Wish]:
    wanted = set(gateway_ids)
    teams, users = (
        zip(*(name.split("/", 1) for name in wanted if "/" in name), strict=True) if wanted else ((), ())
    )
    rows = Member.objects.filter(team_id__in=_uuids(teams), user_id__in=_uuids(users)).select_related("team")
    version = gateway().features().version_tuple
    return {
        name: Wish(row.pk, ours.desired_member(row, version) if row.is_current else None)
        for row in rows
        if (name := f"{row.team_id}/{row.user_id}") in wanted
    }


def expected_members() -> Iterator[Sequence[tuple[str, UUID]]]:
    rows = Member.objects.current().filter(team__deleted_at__isnull=True).order_by("pk")
    yield from _batches(
        rows.values_list("pk", "team_id", "user_id"), lambda row: (f"{row[1]}/{row[2]}", row[0])
    )


def adopt_team(sighting: Sighting, actor: Any, now: datetime) -> UUID:
    """Take the gateway's values into our row, or make a row for a team that somebody made over there.

    Raises DomainError where the portal can't hold it: an id that is no UUID, a taken name, unknown models.
    """
    row = ours.read_team(sighting.row)
    values = {
        "max_budget": row.get("max_budget"),
        "budget_window": windows.read_window(row.get("budget_duration")),
        "tpm_limit": row.get("tpm_limit"),
        "rpm_limit": row.get("rpm_limit"),
        "allowed_models": row.get("models") or [],
        "metadata": row["metadata"].get("portal_metadata") or {},
    }
    if "soft_budget" in row:
        values["soft_budget"] = row["soft_budget"]
    if sighting.object_id is not None:
        _lower(values, Team.objects.get(pk=sighting.object_id))
        return adopt_values(
            sighting.object_id, values, str(row.get("team_alias") or ""), actor=actor, now=now
        )
    found = next(iter(_uuids([sighting.gateway_id])), None)
    if found is None:
        raise errors.InvalidInput(_("The portal names teams by UUIDs, and this one has another name."))
    return register_found(found, str(row.get("team_alias") or found), values, actor=actor, now=now)


def _lower(values: dict[str, Any], team: Team) -> None:
    """The budgets without what a reset of the spend has put on top of them over there."""
    for name in ("max_budget", "soft_budget"):
        if values.get(name) is not None and team.spend_offset is not None:
            values[name] = max(values[name] - team.spend_offset, Decimal(0))


def adopt_member(sighting: Sighting, actor: Any, now: datetime) -> UUID:
    """Take a member's budget over, or give somebody who was put in over there a place."""
    budget = sighting.row.get("max_budget")
    if sighting.object_id is not None:
        member = (
            Member.objects.select_related("team").select_for_update(of=("self",)).get(pk=sighting.object_id)
        )
        if member.is_current:
            give_budget(member, budget, actor=actor, now=now)
            return member.pk
    team_id, _slash, user_id = sighting.gateway_id.partition("/")
    team = Team.objects.filter(pk__in=_uuids([team_id])).select_for_update(no_key=True).first()
    user = User.objects.filter(pk__in=_uuids([user_id])).first()
    if team is None or user is None:
        raise errors.InvalidInput(_("The portal does not know this team or this user. Adopt them first."))
    return take_place(team, user, role=roles.MEMBER, actor=actor, max_budget=budget, now=now).pk


def _uuids(texts: Sequence[str]) -> list[UUID]:
    """Those that are UUIDs as we write them; a stranger may have any id."""
    found = []
    for text in texts:
        try:
            value = UUID(text)
        except ValueError:
            continue
        if str(value) == text:
            found.append(value)
    return found


def _batches(rows: Any, present: Callable[[Any], tuple[str, UUID]]) -> Iterator[Sequence[tuple[str, UUID]]]:
    batch: list[tuple[str, UUID]] = []
    for row in rows.iterator(chunk_size=_CHUNK):
        batch.append(present(row))
        if len(batch) == _CHUNK:
            yield batch
            batch = []
    if batch:
        yield batch


TEAMS = Mirror(wishes=team_wishes, expected=expected_teams, read=ours.read_team, adopt=adopt_team)
MEMBERS = Mirror(wishes=member_wishes, expected=expected_members, adopt=adopt_member)
