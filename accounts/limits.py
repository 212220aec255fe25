"""Use cases of the limits that hold over all of somebody's keys without a team."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import Actor, User
from accounts.permissions import ROLES
from litellm_sync import outbox, windows
from litellm_sync.client import gateway
from litemaas import dry_run, errors

LARGEST_BUDGET = Decimal(1_000_000_000)
LARGEST_RATE = 2**31 - 1
# Wire name → column.
COLUMNS = {
    "maxBudget": "max_budget",
    "budgetDuration": "budget_window",
    "tpmLimit": "tpm_limit",
    "rpmLimit": "rpm_limit",
}
Limits = dict[str, Any]
# How many people's rows one transaction of a change for many holds.
_AT_ONCE = 200


@transaction.atomic(durable=True)
def change_limits(*, actor: Actor, user_id: UUID | str, limits: Limits, now: datetime) -> User:
    """Set the limits named (wire names; None = none), keep the others. The gateway follows by the outbox."""
    _require(actor)
    rows = User.objects.select_for_update(no_key=True)
    user: User | None = rows.filter(pk=user_id, is_service=False).first()
    if user is None:
        raise errors.NotFound(_("This user does not exist."))
    _set(actor, user, _checked(limits), "USER_BUDGET_UPDATE", now)
    return user


def take_over_limits(user_id: UUID, limits: Limits, *, actor: Actor, now: datetime) -> None:
    """The limits that somebody set in the gateway become ours, in the caller's transaction."""
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    _set(actor, user, _checked(limits), "USER_BUDGET_UPDATE", now)


@dataclass
class BulkResult:
    """How a change for many went."""

    total: int = 0
    done: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)


def people_to_limit(
    *, actor: Actor, limits: Limits, user_ids: Iterable[UUID] | None, role: str | None
) -> QuerySet[User]:
    """Whom such a change is for: all active people, or those named, or those with a role.

    Raises Forbidden, EmptyChange and InvalidInput, as the change itself does.
    """
    _require(actor)
    if not _checked(limits):
        raise EmptyChange
    rows: QuerySet[User] = User.objects.active().filter(is_service=False)
    if user_ids is not None:
        rows = rows.filter(pk__in=list(user_ids))
    if role is not None:
        if role not in ROLES:
            raise errors.InvalidInput(
                fields={"role": _("role must be one of %(names)s.") % {"names": ", ".join(ROLES)}}
            )
        rows = rows.filter(roles__contains=[role])
    return rows.order_by("username", "pk")


def change_limits_of_many(
    *,
    actor: Actor,
    limits: Limits,
    user_ids: Iterable[UUID] | None = None,
    role: str | None = None,
    progress: Callable[[BulkResult, int], None] = lambda _so_far, _of: None,
    now: datetime,
) -> BulkResult:
    """The same for many (`people_to_limit`), in transactions of some hundred people: the same few statements for one
    of them and for all. One who fails stops nobody else; repeating it changes nothing more.

    `progress` is told what is done, of how many, after each transaction.
    """
    people = people_to_limit(actor=actor, limits=limits, user_ids=user_ids, role=role)
    changed = _checked(limits)
    result, chosen = BulkResult(), list(people.values_list("pk", "username"))
    for start in range(0, len(chosen), _AT_ONCE):
        names = dict(chosen[start : start + _AT_ONCE])
        present = _change_some(actor, names, changed, now)
        text = _("This user is not active any more.")
        gone = (pk for pk in names if pk not in present)
        result.failed += ({"userId": str(pk), "username": names[pk], "error": text} for pk in gone)
        result.total += len(names)
        result.done += len(present)
        progress(result, len(chosen))
    return result


@transaction.atomic(durable=True)
def _change_some(actor: Actor, user_ids: Iterable[UUID], changed: Limits, now: datetime) -> set[UUID]:
    """Who of them is still active, and has these limits now."""
    rows = User.objects.select_for_update(no_key=True).active().filter(pk__in=list(user_ids)).order_by("pk")
    users = list(rows)
    changes = []
    for user in users:
        old, new = _put(user, changed)
        if old != new:
            changes.append((user, audit.Change(("USER", str(user.pk)), old, new)))
    for user, _change in changes:
        user.updated_at = now
    different = [user for user, _change in changes]
    User.objects.bulk_update(different, [*(COLUMNS[name] for name in changed), "budget_window", "updated_at"])
    audit.record_many("BULK_USER_LIMITS", actor=actor, changes=(change for _user, change in changes), at=now)
    outbox.mark_dirty("user", (user.pk for user in different), now=now)
    return {user.pk for user in users}


class EmptyChange(errors.DomainError):
    code = "INVALID_INPUT"
    default_message = gettext_lazy("Give at least one limit.")


def _set(actor: Actor, user: User, changed: Limits, action: str, now: datetime) -> None:
    old, new = _put(user, changed)
    user.save(update_fields=[*COLUMNS.values(), "updated_at"])
    if new != old:
        audit.record(action, actor=actor, obj=user, at=now, old=old, new=new)
        outbox.mark_dirty("user", user.pk, now=now)


def _put(user: User, changed: Limits) -> tuple[Limits, Limits]:
    """Give the unsaved row these limits; what they were, and what they are, as the record has them."""
    old = {name: _shown(getattr(user, COLUMNS[name])) for name in changed}
    for name, value in changed.items():
        setattr(user, COLUMNS[name], value)
    if user.max_budget is None:
        # A window is the budget's; alone it would mean nothing.
        user.budget_window = ""
    return old, {name: _shown(getattr(user, COLUMNS[name])) for name in changed}


def _shown(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value or (0 if value == 0 else None)


def _checked(limits: Limits) -> Limits:
    wrong: dict[str, str] = {}
    changed: Limits = {}
    for name, value in limits.items():
        if name == "budgetDuration":
            changed[name] = windows.read_window(value)
            continue
        largest = LARGEST_BUDGET if name == "maxBudget" else LARGEST_RATE
        if value is not None and not 0 <= value <= largest:
            wrong[name] = _("Enter %(least)s or more, and at most %(most)s.") % {"least": 0, "most": largest}
        changed[name] = value
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    return changed


class SpendNotReset(errors.DomainError):
    code = "LITELLM_ERROR"
    default_message = gettext_lazy("The gateway did not reset the spend. Nothing was changed. Try again.")


def reset_spend(*, actor: Actor, user_id: UUID | str, reason: str = "", now: datetime) -> User:
    """Have the gateway count the user's spend from zero. The ledger keeps what was used.

    The gateway is asked first: a reset that it refuses must not be recorded as done. Repeating it is harmless.
    """
    _require(actor)
    user: User | None = User.objects.filter(pk=user_id, is_service=False).first()
    if user is None:
        raise errors.NotFound(_("This user does not exist."))
    if not dry_run.is_rehearsing():
        _reset_at_gateway(user)
    with transaction.atomic():
        facts = {"reason": reason} if reason else {}
        audit.record("USER_SPEND_RESET", actor=actor, obj=user, at=now, metadata=facts)
        _forget_spend(user, now)
    return user


def _reset_at_gateway(user: User) -> None:
    from litellm_sync.errors import GatewayRefused, GatewayUnavailable

    try:
        # `/user/update` makes a user that it does not know, who then has spent nothing as well.
        gateway().update_user(user_id=str(user.pk), spend=0)
    except (GatewayRefused, GatewayUnavailable) as error:
        raise SpendNotReset from error


def _forget_spend(user: User, now: datetime) -> None:
    from litellm_sync.models import GatewaySpend

    GatewaySpend.objects.filter(kind="user", object_id=user.pk).update(spend=0, as_of=now)


def _require(actor: Actor) -> None:
    if not actor.may("users:write"):
        raise errors.Forbidden(requiredPermission="users:write")
