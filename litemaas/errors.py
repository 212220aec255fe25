"""Refusals of the domain: a stable machine code, a sentence fit to show, optional data. No HTTP in here.

`litemaas.api.problems` maps them for the API and `litemaas.web.errors` for the portal.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


class DomainError(Exception):
    """A use case refuses. `code` is one of the machine codes of the REST contract, `data` is safe to show."""

    code: ClassVar[str] = "INVALID_INPUT"
    default_message: ClassVar[str | Promise] = gettext_lazy("The request cannot be carried out.")

    def __init__(self, message: str | Promise | None = None, **data: Any) -> None:
        self.message = str(message or self.default_message)
        self.data = data
        super().__init__(self.message)


class NotFound(DomainError):
    """The row does not exist, or the actor must not know that it does."""

    code = "NOT_FOUND"
    default_message = gettext_lazy("This does not exist, or you have no access to it.")


class Forbidden(DomainError):
    """The actor sees the row but may not do this to it."""

    code = "FORBIDDEN"
    default_message = gettext_lazy("You are not allowed to do this.")


class Conflict(DomainError):
    """Another act came first."""

    code = "CONFLICT"
    default_message = gettext_lazy("Somebody changed this meanwhile. Reload and try again.")


class AlreadyExists(Conflict):
    code = "ALREADY_EXISTS"
    default_message = gettext_lazy("This exists already.")


class InvalidInput(DomainError):
    """One or more fields are wrong. `fields` maps the field's wire name to a full sentence."""

    code = "VALIDATION_ERROR"
    default_message = gettext_lazy("Some of the values are not valid.")

    def __init__(
        self,
        message: str | Promise | None = None,
        *,
        fields: Mapping[str, str | Promise] | None = None,
        **data: Any,
    ) -> None:
        self.fields = {name: str(text) for name, text in (fields or {}).items()}
        super().__init__(message or next(iter(self.fields.values()), None), **data)


class InvalidStateTransition(DomainError):
    """The row is not in a state from which this act is possible."""

    code = "INVALID_STATE_TRANSITION"
    default_message = gettext_lazy("This is not possible in the present state.")


class ServiceUnavailable(DomainError):
    """A part that this act needs does not answer. Nothing was changed; trying again later is right."""

    code = "SERVICE_UNAVAILABLE"
    default_message = gettext_lazy(
        "A service that this needs does not answer. Nothing was changed. Try again in a moment."
    )
