"""Refusals of sign-in and identity."""

from litemaas.errors import DomainError


class SignInFailed(DomainError):
    code = "UNAUTHORIZED"
    default_message = "The user name or the password is not right."


class SignInTooOld(DomainError):
    """`data`: tokenAge and maxAge in seconds."""

    code = "TOKEN_TOO_OLD"
    default_message = "Sign in again to do this: your last sign-in is too long ago."
