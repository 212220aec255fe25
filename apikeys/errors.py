"""Refusals of API keys."""

from django.utils.translation import gettext_lazy

from litemaas.errors import Conflict, DomainError, Forbidden, InvalidInput, InvalidStateTransition, NotFound


class KeyLimitReached(DomainError):
    """`data`: limit, the number of live keys that one user may have."""

    code = "KEY_LIMIT_REACHED"
    default_message = gettext_lazy("You have as many active API keys as are allowed. Revoke one first.")


class ModelNotSubscribed(DomainError):
    """`data`: models, the names without an active subscription."""

    code = "MODEL_NOT_SUBSCRIBED"
    default_message = gettext_lazy("You can only use models that you are subscribed to.")


class RequestTokenReused(DomainError):
    code = "IDEMPOTENCY_KEY_REUSED"
    default_message = gettext_lazy(
        "This Idempotency-Key was used for another key. Use a new one for a new key."
    )


class SecretNotReadable(Forbidden):
    """The key is revoked, expired or blocked: clients look for the words "inactive" and "expired"."""


class SecretNotKept(NotFound):
    default_message = gettext_lazy("The secret of this key is not kept. Rotate the key to get a new one.")


class ModelNotOpen(Forbidden):
    """`data`: model, which the key was not made for or does not open now."""

    default_message = gettext_lazy("This key does not open that model.")


class TooManyReveals(DomainError):
    """`data`: limit, window and retryAfter in seconds."""

    code = "KEY_OPERATION_RATE_LIMITED"
    default_message = gettext_lazy("You have revealed keys too often. Wait a few minutes.")


class KeyEnded(InvalidStateTransition):
    default_message = gettext_lazy("This key is revoked or expired and can't be changed any more.")


class LimitExceedsMaximum(InvalidInput):
    """`fields`: every limit that is above what administrators (or the team) allow."""

    code = "LIMIT_EXCEEDS_MAXIMUM"
    default_message = gettext_lazy("A limit is above what is allowed.")


class RotationInProgress(Conflict):
    """`data`: retryAfter in seconds, or validUntil of the secret that has to retire first."""

    default_message = gettext_lazy("This key was rotated a moment ago.")


class NotSupportedByGateway(InvalidInput):
    """`fields`: what the connected gateway's edition cannot enforce."""

    default_message = gettext_lazy("The connected gateway does not support this.")
