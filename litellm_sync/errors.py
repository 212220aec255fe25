"""What can go wrong between us and the gateway, told apart by what to do about it.

*Unavailable*: nothing is known to be wrong with the request; try again later. *Refused*: the same request
will be refused again; somebody must change it. No message here ever holds a secret: see `client.redaction`.
"""

from typing import Any

from django.utils.translation import gettext_lazy

from litemaas.errors import DomainError, ServiceUnavailable


class GatewayUnavailable(ServiceUnavailable):
    """No usable answer: no connection, time-out, 5xx, 429, or the circuit breaker is open.

    `status` is the HTTP status, None where there was no answer at all. After a write nothing is known about
    its effect: read back before trying again. `detail` is for operators' logs.
    """

    default_message = gettext_lazy("The model gateway does not answer. Try again in a moment.")

    def __init__(self, detail: str = "", *, status: int | None = None, **data: Any) -> None:
        self.detail = detail
        self.status = status
        super().__init__(None, **data)

    def __str__(self) -> str:
        return f"{self.message} ({self.detail})" if self.detail else self.message


class GatewayResting(GatewayUnavailable):
    """The circuit breaker is open: the gateway was not asked at all."""


class GatewayTimedOut(GatewayUnavailable):
    """The gateway, or the model behind it, is silent for too long."""

    code = "TIMEOUT"
    default_message = gettext_lazy("The model did not answer in time. Try again in a moment.")


class GatewayGarbage(GatewayUnavailable):
    """There was an answer, and it was not one that a LiteLLM gateway gives."""

    default_message = gettext_lazy(
        "The model gateway gave an answer that cannot be read. Try again in a moment."
    )


class GatewayRefused(DomainError):
    """The gateway says no, for good. `error_type` is LiteLLM's `error.type`, the stable part of its error
    bodies.

    Statuses changed much between versions (over budget was 400, then 429, now 422): decide by `error_type`.
    """

    code = "LITELLM_ERROR"
    default_message = gettext_lazy("The model gateway refused the request.")

    def __init__(self, message: str, *, status: int, error_type: str | None = None, **data: Any) -> None:
        self.status = status
        self.error_type = error_type
        super().__init__(message, **data)

    def __str__(self) -> str:
        return f"{self.message} (status {self.status}, type {self.error_type})"


class GatewayUnauthorized(GatewayRefused):
    """The gateway does not accept our own administration key: the set-up is wrong, not the request."""


class GatewayNotFound(GatewayRefused):
    """The key or user to change does not exist in the gateway."""


class GatewayConflict(GatewayRefused):
    """A key alias, user id or e-mail address is taken."""


class UnsupportedGateway(DomainError):
    """The gateway is older than what we can work with."""

    code = "LITELLM_ERROR"
    default_message = gettext_lazy("The model gateway is too old: LiteLLM 1.80 or newer is needed.")
