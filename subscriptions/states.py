"""The state machine of a subscription, in one table (REST contract §6.1)."""

from subscriptions.models import Subscription

_S = Subscription.Status

# Whether an operator is needed to make the step; otherwise the owner may, too. The system may make every step here.
OWNER, OPERATOR, SYSTEM_ONLY = "owner", "operator", "system"

STEPS: dict[tuple[str, str], str] = {
    (_S.PENDING, _S.ACTIVE): OPERATOR,
    (_S.PENDING, _S.DENIED): OPERATOR,
    (_S.PENDING, _S.INACTIVE): OWNER,
    (_S.DENIED, _S.PENDING): OWNER,
    (_S.DENIED, _S.ACTIVE): OPERATOR,
    (_S.DENIED, _S.INACTIVE): OWNER,
    (_S.ACTIVE, _S.DENIED): OPERATOR,
    (_S.ACTIVE, _S.PENDING): OPERATOR,
    (_S.ACTIVE, _S.SUSPENDED): OWNER,
    (_S.ACTIVE, _S.INACTIVE): OWNER,
    (_S.ACTIVE, _S.EXPIRED): SYSTEM_ONLY,
    (_S.SUSPENDED, _S.ACTIVE): OWNER,
    (_S.SUSPENDED, _S.INACTIVE): OWNER,
    (_S.INACTIVE, _S.ACTIVE): OWNER,
    (_S.INACTIVE, _S.PENDING): OWNER,
    (_S.EXPIRED, _S.ACTIVE): OWNER,
    (_S.EXPIRED, _S.PENDING): OWNER,
}
ENDED = (_S.INACTIVE, _S.EXPIRED)


def is_step(old: str, new: str) -> bool:
    return (old, new) in STEPS
