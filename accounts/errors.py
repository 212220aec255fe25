"""Refusals of sign-in and identity."""

from django.utils.translation import gettext_lazy

from litemaas.errors import DomainError


class SignInFailed(DomainError):
    code = "UNAUTHORIZED"
    default_message = gettext_lazy("The user name or the password is not right.")


class SignInTooOld(DomainError):
    """`data`: tokenAge and maxAge in seconds."""

    code = "TOKEN_TOO_OLD"
    default_message = gettext_lazy("Sign in again to do this: your last sign-in is too long ago.")


class TooManySignIns(DomainError):
    """Of one account, whoever tried."""

    code = "RATE_LIMITED"
    default_message = gettext_lazy("Too many tries for this account. Wait a few minutes.")

    def __init__(self) -> None:
        super().__init__(limit=5, timeWindow="5 minutes", remaining=300_000, retryAfter=300)


class SecondFactorNeeded(DomainError):
    code = "FORBIDDEN"
    default_message = gettext_lazy("This account needs a second factor. Sign in in a browser.")


class AddressNotConfirmed(DomainError):
    code = "FORBIDDEN"
    default_message = gettext_lazy(
        "The e-mail address of this account is not confirmed. Sign in in a browser."
    )
