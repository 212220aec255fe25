"""Refusals of the usage pages and of reading usage."""

from django.utils.translation import gettext_lazy

from litemaas.errors import Conflict, DomainError, Forbidden, InvalidInput


class UsageReadingRunning(Conflict):
    code = "JOB_RUNNING"
    default_message = gettext_lazy("Usage is being read already. Wait until it is done.")


class RefreshedJustNow(DomainError):
    """`data`: retryAfter, in seconds."""

    code = "RATE_LIMITED"
    default_message = gettext_lazy("Usage was read a moment ago. Try again in a minute.")


class InvalidDateFormat(DomainError):
    """`data`: field."""

    code = "INVALID_DATE_FORMAT"
    default_message = gettext_lazy("Dates look like 2026-01-31.")


class InvalidDateRange(DomainError):
    code = "INVALID_DATE_RANGE"
    default_message = gettext_lazy("Give both startDate and endDate.")


class InvalidDateOrder(DomainError):
    code = "INVALID_DATE_ORDER"
    default_message = gettext_lazy("The first day is after the last one.")


class DateRangeTooLarge(DomainError):
    """`data`: requestedDays, maxAllowedDays, suggestion, suggestedRanges (`startDate`, `endDate`)."""

    code = "DATE_RANGE_TOO_LARGE"
    default_message = gettext_lazy("The period is too long.")


class ForbiddenApiKeys(Forbidden):
    """`data`: invalidApiKeys, as they were asked for."""

    code = "FORBIDDEN_API_KEYS"
    default_message = gettext_lazy("Some of these API keys do not exist, or they are not yours.")


class InvalidZone(InvalidInput):
    default_message = gettext_lazy("This is not the name of a time zone, like Europe/Berlin.")

    def __init__(self) -> None:
        super().__init__(fields={"timeZone": self.default_message})


class GranularityNotAvailable(DomainError):
    """`data`: granularity, available, and some of the days (UTC) that are not."""

    code = "GRANULARITY_NOT_AVAILABLE"
    default_message = gettext_lazy("The figures of this period are not kept that finely.")


class EventsUnsigned(DomainError):
    code = "UNAUTHORIZED"
    default_message = gettext_lazy("The bearer token or the signature is wrong, missing or too old.")


class EventsTooLarge(DomainError):
    code = "PAYLOAD_TOO_LARGE"
    default_message = gettext_lazy("A batch of events has at most 25 MB, also after unpacking.")


class EventsUnreadable(DomainError):
    code = "INVALID_INPUT"
    default_message = gettext_lazy(
        "The body is not JSON: an array of events, one event, or one event per line."
    )
