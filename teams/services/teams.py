"""Making, changing and ending teams."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor, User
from litellm_sync import outbox
from litellm_sync.models import GatewayObject, GatewaySpend
from litemaas import dry_run, errors
from litemaas.inserting import insert_together
from teams import limits, policies, roles
from teams.errors import DefaultTeamStays, TeamHasSpent, TeamNameTaken
from teams.models import AllowedModel, Invitation, Member, Team
from teams.services.hooks import team_changed
from teams.services.places import place_first_admins

_OF_KEYS = frozenset({"is_active", "allowed_models", "max_budget", "budget_window", "tpm_limit", "rpm_limit"})


@transaction.atomic(durable=True)
def create_team(
    *, actor: Actor, name: str, admin_ids: Iterable[UUID] = (), now: datetime, **values: Any
) -> Team:
    """Make a team; the creator and `admin_ids` become its administrators. `values` as for `change_team`.

    Only administrators of the portal set limits or make somebody else an administrator of the team. A team of
    anybody else starts with the creator's own limits: it is no way around them.
    """
    if not policies.may_create(actor):
        raise errors.Forbidden(requiredPermission="teams:create")
    others = {pk for pk in admin_ids if pk != actor.pk}
    given = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    if not policies.may_write_all(actor):
        _refuse_limits(given.keys() - limits.OWN_AFFAIRS, bool(others))
        given |= _own_limits(actor)
    checked = limits.read_changes({"name": name, **given})
    models = checked.pop("allowed_models", [])
    team = Team(**checked, created_by=_person(actor), created_at=now, updated_at=now)
    limits.check_amounts(team)
    shown = {
        wire: _json(checked.get(column)) for column, wire in limits.WIRE_NAMES.items() if column in checked
    }
    _make(team, models, actor, shown, now)
    place_first_admins(team, _first_admins(actor, others), actor=actor, now=now)
    return team


def _refuse_limits(named: Iterable[str], has_admins: bool) -> None:
    wrong = {limits.WIRE_NAMES[name]: _("Only an administrator sets this.") for name in named}
    if has_admins:
        wrong["adminIds"] = _("Only an administrator appoints others. Invite them.")
    if wrong:
        raise errors.InvalidInput(fields=wrong)


def _own_limits(actor: Actor) -> dict[str, Any]:
    names = ("max_budget", "budget_window", "tpm_limit", "rpm_limit")
    return {name: getattr(actor, name) for name in names} if isinstance(actor, User) else {}


def _first_admins(actor: Actor, others: set[UUID]) -> list[User]:
    people = list(User.objects.active().filter(pk__in=others)) if others else []
    if len(people) < len(others):
        raise errors.InvalidInput(fields={"adminIds": _("There is no active account for one of these ids.")})
    return [*([actor] if isinstance(actor, User) else []), *people]


@transaction.atomic(durable=True)
def change_team(
    *,
    actor: Actor,
    team_id: UUID | str,
    changes: Mapping[str, Any],
    keep_spend: bool = True,
    now: datetime,
) -> Team:
    """Change what is named in `changes` (columns of `limits.WIRE_NAMES`); None clears. Effective with the commit.

    Without `keep_spend` the budget's window also counts from 0 again.

    A team's administrators change name, alias, description and metadata; everything else is the portal's
    administrators' affair.
    """
    team = locked(actor, team_id)
    _require_right(actor, team, changes)
    if not keep_spend:
        if not policies.may_write_all(actor):
            raise errors.Forbidden(requiredPermission="teams:write_all")
        wish_spend_reset(team, actor=actor, reason="The budget was changed.", now=now)
    return _change(team, changes, actor, now)


def adopt_values(
    team_id: UUID, values: Mapping[str, Any], alias: str, *, actor: Actor, now: datetime
) -> UUID:
    """Take over what the gateway has of this team, in the caller's transaction."""
    team = Team.objects.select_for_update(no_key=True).get(pk=team_id)
    renamed = {"alias": alias} if alias != (team.alias or team.name) else {}
    return _change(team, {**values, **renamed}, actor, now).pk


def register_found(
    team_id: UUID, name: str, values: Mapping[str, Any], *, actor: Actor, now: datetime
) -> UUID:
    """A row for a team that somebody made at the gateway, in the caller's transaction."""
    checked = limits.read_changes({"name": name, **values})
    models = checked.pop("allowed_models")
    team = Team(pk=team_id, **checked, created_by=_person(actor), created_at=now, updated_at=now)
    limits.check_amounts(team)
    _make(team, models, actor, {"name": name}, now)
    outbox.mark_dirty("team", team.pk, now=now)
    return team.pk


def _change(team: Team, changes: Mapping[str, Any], actor: Actor, now: datetime) -> Team:
    """`team` is locked."""
    checked = limits.read_changes(changes)
    models: list[str] | None = checked.pop("allowed_models", None)
    old = {name: getattr(team, name) for name in checked}
    old_models = sorted(team.allowed_links.values_list("model_id", flat=True)) if models is not None else None
    for name, value in checked.items():
        setattr(team, name, value)
    changed = {name for name, value in old.items() if value != getattr(team, name)}
    changed |= {"allowed_models"} if models != old_models else set()
    if not changed:
        return team
    _check(team, changed, old)
    if "is_active" in changed:
        team.deactivated_at = None if team.is_active else now
    team.updated_at = now
    with _names_are_unique():
        team.save()
    if models is not None:
        _set_models(team, models)
    was = {**old, "allowed_models": old_models}
    _follow(team, changed, actor, was, {**checked, "allowed_models": models}, now)
    return team


def _require_right(actor: Actor, team: Team, changes: Mapping[str, Any]) -> None:
    role = roles.role_in(team.pk, actor.pk)
    if not policies.may_edit(actor, role):
        raise errors.Forbidden(requiredPermission="teams:write_all")
    if not policies.may_write_all(actor) and (beyond := changes.keys() - limits.OWN_AFFAIRS):
        fields = ", ".join(sorted(limits.WIRE_NAMES[name] for name in beyond))
        raise errors.Forbidden(
            _("Only an administrator of the portal changes %(fields)s.") % {"fields": fields},
            requiredPermission="teams:write_all",
        )


def _check(team: Team, changed: set[str], old: Mapping[str, Any]) -> None:
    limits.check_amounts(team)
    if "is_active" in changed and team.is_default:
        raise DefaultTeamStays
    if "max_budget" in changed and team.max_budget is not None:
        was = old["max_budget"]
        given = Member.objects.current().filter(team=team).aggregate(all=Sum("max_budget"))["all"]
        if given is not None and team.max_budget < given and (was is None or team.max_budget < was):
            text = _("The budgets of the members add up to %(sum)s. The team's budget can't be less.")
            text %= {"sum": f"{given.normalize():f}"}
            raise errors.InvalidInput(fields={"maxBudget": text})


def _follow(
    team: Team, changed: set[str], actor: Actor, old: Mapping[str, Any], new: Mapping[str, Any], now: datetime
) -> None:
    """Record what changed, and let the gateway and the keys know."""
    audit.record(
        "TEAM_UPDATE",
        actor=actor,
        obj=team,
        at=now,
        old={limits.WIRE_NAMES[name]: _json(old[name]) for name in sorted(changed)},
        new={limits.WIRE_NAMES[name]: _json(new[name]) for name in sorted(changed)},
    )
    if changed & limits.AT_GATEWAY:
        outbox.mark_dirty("team", team.pk, now=now)
    if "budget_window" in changed:
        # A member's budget starts anew with the team's.
        budgeted = Member.objects.current().filter(team=team, max_budget__isnull=False)
        outbox.mark_dirty("member", budgeted.values_list("pk", flat=True), now=now)
    if changed & _OF_KEYS:
        team_changed(team, now)


@transaction.atomic(durable=True)
def delete_team(*, actor: Actor, team_id: UUID | str, reason: str = "", now: datetime) -> Team:
    """End a team for good: nobody sees it any more, and its keys stop with this commit. Its usage stays.

    A team's own administrator may, as long as the team has spent nothing in this budget window.
    """
    team = locked(actor, team_id)
    if team.is_default:
        raise DefaultTeamStays
    if not policies.may_write_all(actor):
        if not policies.may_edit(actor, roles.role_in(team.pk, actor.pk)):
            raise errors.Forbidden(requiredPermission="teams:write_all")
        if not _has_spent_nothing(team):
            raise TeamHasSpent
    team.is_active, team.deactivated_at = False, team.deactivated_at or now
    team.deleted_at = team.updated_at = now
    team.save(update_fields=["is_active", "deactivated_at", "deleted_at", "updated_at"])
    Invitation.objects.filter(team=team, status=Invitation.Status.PENDING).update(
        status=Invitation.Status.REVOKED, decided_at=now, sealed_token=None
    )
    facts = {"reason": reason.strip()[:500]} if reason.strip() else {}
    audit.record("TEAM_DELETE", actor=actor, obj=team, at=now, old={"name": team.name}, metadata=facts)
    if dry_run.is_rehearsing():
        people = Member.objects.current().filter(team=team).values_list("user_id", "user__username")
        dry_run.note("USER", [(str(pk), name) for pk, name in people])
    outbox.mark_dirty("team", team.pk, now=now)
    team_changed(team, now)
    return team


def _has_spent_nothing(team: Team) -> bool:
    """What the gateway never told is not nothing, unless it never heard of the team."""
    spend = GatewaySpend.objects.of("team", [team.pk]).values_list("spend", flat=True).first()
    if spend is not None:
        return bool(spend == 0)
    return not GatewayObject.objects.filter(kind="team", object_id=team.pk, applied__gt=0).exists()


@transaction.atomic(durable=True)
def reset_team_spend(*, actor: Actor, team_id: UUID | str, reason: str, now: datetime) -> Team:
    """Have LiteLLM count the team's spend from 0 again. The ledger keeps what was used."""
    team = locked(actor, team_id)
    if not policies.may_write_all(actor):
        raise errors.Forbidden(requiredPermission="teams:write_all")
    if not reason.strip():
        raise errors.InvalidInput(fields={"reason": _("Give a reason.")})
    wish_spend_reset(team, actor=actor, reason=reason, now=now)
    return team


def wish_spend_reset(team: Team, *, actor: Actor, reason: str, now: datetime) -> None:
    """`team` is locked."""
    spend = GatewaySpend.objects.of("team", [team.pk]).values_list("spend", flat=True).first()
    team.spend_reset_wanted_at = now
    team.save(update_fields=["spend_reset_wanted_at"])
    audit.record(
        "TEAM_SPEND_RESET",
        actor=actor,
        obj=team,
        at=now,
        old={"currentSpend": _json(spend)},
        metadata={"reason": reason.strip()[:500]},
    )
    outbox.mark_dirty("team", team.pk, now=now)


def end_spend_offsets(*, now: datetime) -> int:
    """Have the teams looked at whose budget began anew after their spend was reset; how many. LiteLLM lets some minutes
    pass before it begins a window, so one look may not be enough."""
    with transaction.atomic():
        due = list(Team.objects.filter(spend_offset_until__lte=now).values_list("pk", flat=True))
        outbox.mark_dirty("team", due, now=now)
    return len(due)


def push_team(team_id: UUID, *, now: datetime) -> None:
    """Have the gateway know this team, in the caller's transaction, which also marks what needs the team there."""
    outbox.mark_dirty("team", team_id, now=now, hurried=False)


def locked(actor: Actor, team_id: UUID | str) -> Team:
    """The row, locked: whoever changes a team or its members holds it, so they come one after the other."""
    return Team.objects.visible_to(actor).select_for_update(of=("self",), no_key=True).get_or_refuse(team_id)


def _make(team: Team, models: list[str], actor: Actor, shown: dict[str, Any], now: datetime) -> None:
    """Save a new team with its record. `shown` are its values as the record has them."""
    new = shown | {"allowedModels": models}
    event = audit.draft("TEAM_CREATE", actor=actor, obj=team, at=now, new=new)
    with _names_are_unique():
        insert_together(team, event)
    AllowedModel.objects.bulk_create(AllowedModel(team=team, model_id=model) for model in models)


@contextmanager
def _names_are_unique() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "team_name_is_unique_among_active" not in str(error):
            raise
        raise TeamNameTaken(field="name") from None


def _set_models(team: Team, models: list[str]) -> None:
    team.allowed_links.exclude(model_id__in=models).delete()
    AllowedModel.objects.bulk_create(
        [AllowedModel(team=team, model_id=model) for model in models], ignore_conflicts=True
    )


def _person(actor: Actor) -> User | None:
    return actor if isinstance(actor, User) else None


def _json(value: Any) -> Any:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
