"""The state machine of a subscription, in one table (REST contract §6.1).

Two steps are ours: a suspended subscription whose model became restricted meanwhile comes back as a request
(suspended → pending), and the return of a vanished model restores whatever the subscription was.
"""

from enum import StrEnum

from subscriptions.models import Subscription

_S = Subscription.Status
ENDED = (_S.INACTIVE, _S.EXPIRED)


class Who(StrEnum):
    OWNER = "owner"  # or an administrator
    OWNER_ALONE = "owner alone"
    OPERATOR = "operator"
    SYSTEM = "system"


class Act(StrEnum):
    SUBSCRIBE = "subscribe"
    GRANT = "grant"
    APPROVE = "approve"
    DENY = "deny"
    REVIEW = "request-review"
    REVERT = "revert"
    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"
    # What the program does by itself.
    RESTRICT = "restrict"
    OPEN = "open"
    VANISH = "vanish"
    RETURN = "return"
    EXPIRE = "expire"
    USE_UP = "use up"
    RENEW = "renew"


# (from, to) → by which act, and who may. "" is no subscription yet.
STEPS: dict[tuple[str, str], dict[Act, Who]] = {
    ("", _S.ACTIVE): {Act.SUBSCRIBE: Who.OWNER, Act.GRANT: Who.OPERATOR},
    ("", _S.PENDING): {Act.SUBSCRIBE: Who.OWNER},
    (_S.PENDING, _S.ACTIVE): {Act.APPROVE: Who.OPERATOR, Act.GRANT: Who.OPERATOR, Act.OPEN: Who.SYSTEM},
    (_S.PENDING, _S.DENIED): {Act.DENY: Who.OPERATOR},
    (_S.PENDING, _S.INACTIVE): {Act.CANCEL: Who.OWNER, Act.VANISH: Who.SYSTEM},
    (_S.DENIED, _S.PENDING): {Act.REVIEW: Who.OWNER_ALONE, Act.REVERT: Who.OPERATOR},
    (_S.DENIED, _S.ACTIVE): {Act.REVERT: Who.OPERATOR, Act.GRANT: Who.OPERATOR},
    (_S.DENIED, _S.INACTIVE): {Act.CANCEL: Who.OWNER, Act.VANISH: Who.SYSTEM},
    (_S.ACTIVE, _S.DENIED): {Act.REVERT: Who.OPERATOR},
    (_S.ACTIVE, _S.PENDING): {Act.REVERT: Who.OPERATOR, Act.RESTRICT: Who.SYSTEM},
    (_S.ACTIVE, _S.SUSPENDED): {Act.SUSPEND: Who.OWNER, Act.USE_UP: Who.SYSTEM},
    (_S.ACTIVE, _S.INACTIVE): {Act.CANCEL: Who.OWNER, Act.VANISH: Who.SYSTEM},
    (_S.ACTIVE, _S.EXPIRED): {Act.EXPIRE: Who.SYSTEM},
    # An administrator takes over a suspension, so that its owner can't lift it any more.
    (_S.SUSPENDED, _S.SUSPENDED): {Act.SUSPEND: Who.OPERATOR},
    (_S.SUSPENDED, _S.ACTIVE): {Act.RESUME: Who.OWNER, Act.GRANT: Who.OPERATOR, Act.RENEW: Who.SYSTEM},
    (_S.SUSPENDED, _S.PENDING): {Act.RESUME: Who.OWNER, Act.RENEW: Who.SYSTEM},
    (_S.SUSPENDED, _S.INACTIVE): {Act.CANCEL: Who.OWNER, Act.VANISH: Who.SYSTEM},
    (_S.INACTIVE, _S.ACTIVE): {Act.SUBSCRIBE: Who.OWNER, Act.GRANT: Who.OPERATOR, Act.RETURN: Who.SYSTEM},
    (_S.INACTIVE, _S.PENDING): {Act.SUBSCRIBE: Who.OWNER, Act.RETURN: Who.SYSTEM},
    (_S.INACTIVE, _S.DENIED): {Act.RETURN: Who.SYSTEM},
    (_S.INACTIVE, _S.SUSPENDED): {Act.RETURN: Who.SYSTEM},
    (_S.EXPIRED, _S.ACTIVE): {Act.SUBSCRIBE: Who.OWNER, Act.GRANT: Who.OPERATOR},
    (_S.EXPIRED, _S.PENDING): {Act.SUBSCRIBE: Who.OWNER},
}


def targets_of(old: str, act: Act) -> list[str]:
    """The states that this act can lead to from `old`."""
    return [str(new) for (here, new), acts in STEPS.items() if here == old and act in acts]
