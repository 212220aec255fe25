"""What somebody may do to a subscription now, by the same table and policies that decide when it is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from accounts.models import User
from subscriptions import policies
from subscriptions.models import Subscription
from subscriptions.states import ENDED, STEPS, Act

# In the order in which they are offered.
_STEPS = (Act.CANCEL, Act.SUSPEND, Act.RESUME, Act.REVIEW, Act.APPROVE, Act.DENY, Act.REVERT)
_RIGHTS = (
    "subscriptions:write",
    "subscriptions:delete",
    "admin:subscriptions:write",
    "admin:subscriptions:delete",
)


def allowed_actions(row: Mapping[str, Any], actor: User) -> list[str]:
    """`row` has status, suspended_by and user_id."""
    rights = frozenset(right for right in _RIGHTS if actor.may(right))
    is_owner = row["user_id"] == actor.pk
    return list(_allowed(row["status"], row["suspended_by"], is_owner, rights))


@dataclass(frozen=True)
class _Somebody:
    """An actor of whom only the rights matter."""

    pk: UUID | None
    rights: frozenset[str]

    def may(self, permission: str) -> bool:
        return permission in self.rights


@lru_cache(maxsize=1024)
def _allowed(status: str, suspended_by: str, is_owner: bool, rights: frozenset[str]) -> tuple[str, ...]:
    row = Subscription(status=status, suspended_by=suspended_by, user_id=UUID(int=1))
    actor: Any = _Somebody(row.user_id if is_owner else None, rights)
    found = [act.value for act in _STEPS if _may(actor, row, act, is_owner)]
    if status not in ENDED and policies.may_change_quotas(actor, row):
        found.append("change-quotas")
    if policies.may_delete(actor):
        found.append("delete")
    return tuple(found)


def _may(actor: Any, row: Subscription, act: Act, is_owner: bool) -> bool:
    if act is Act.SUSPEND and row.status == Subscription.Status.SUSPENDED:
        # Taking over: not one's own, and not what an administrator holds already.
        is_held = row.suspended_by == Subscription.SuspendedBy.OPERATOR
        return policies.may_decide(actor) and not is_owner and not is_held
    steps = [new for (old, new), acts in STEPS.items() if old == row.status and act in acts]
    return any(policies.may_take(actor, row, new, act) for new in steps)
