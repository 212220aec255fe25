"""Days of a time zone: parsing what was asked for, and the period before it to compare with."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.utils.translation import gettext as _

from accounts import options
from usage.errors import DateRangeTooLarge, InvalidDateFormat, InvalidDateOrder, InvalidDateRange, InvalidZone

# What one's own usage and files may span (contract §8), what operators' figures may (§14), and everything else.
MAX_DAYS = 365
MAX_ADMIN_DAYS = 90
MAX_MONTHS_DAYS = 36 * 31
_MOST_SUGGESTIONS = 4


def reporting_zone() -> ZoneInfo:
    return ZoneInfo(str(options.recent("reportingTimeZone")))


def read_zone(name: object) -> ZoneInfo:
    """The zone of this IANA name; without one the reporting time zone. Raises InvalidZone."""
    if name in (None, ""):
        return reporting_zone()
    try:
        # The list is asked first: ZoneInfo itself would open any file below its directory.
        if str(name) not in _zones():
            raise InvalidZone
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidZone from None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def today(now: datetime, zone: ZoneInfo | None = None) -> date:
    return now.astimezone(zone or reporting_zone()).date()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which the day begins, in UTC. Where the clock skips midnight, the first moment after it."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of a time zone, both ends included; of the reporting time zone unless told otherwise."""

    first: date
    last: date
    zone: ZoneInfo = field(default_factory=reporting_zone)

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=count) for count in range(len(self)))

    @property
    def before(self) -> "Period":
        """The same number of days, directly before."""
        return replace(
            self, first=self.first - timedelta(days=len(self)), last=self.first - timedelta(days=1)
        )

    @property
    def start(self) -> datetime:
        return midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        return midnight(self.last + timedelta(days=1), self.zone)


def last_days(count: int, now: datetime, zone: ZoneInfo | None = None) -> Period:
    """Today and the days before it, `count` in all."""
    zone = zone or reporting_zone()
    last = today(now, zone)
    return Period(last - timedelta(days=count - 1), last, zone)


def read_period(
    first: object, last: object, *, now: datetime, zone: ZoneInfo | None = None, max_days: int = MAX_DAYS
) -> Period:
    """Two dates as text, or with a time behind, which is not looked at. Days after today are cut off.

    Raises InvalidDateRange, InvalidDateFormat, InvalidDateOrder or DateRangeTooLarge.
    """
    if first in (None, "") or last in (None, ""):
        raise InvalidDateRange
    zone = zone or reporting_zone()
    begin, end = _day(first, "startDate"), _day(last, "endDate")
    if begin > end:
        raise InvalidDateOrder
    period = Period(min(begin, today(now, zone)), min(end, today(now, zone)), zone)
    if len(period) > max_days:
        raise _too_large(period, max_days)
    return period


def _day(raw: object, field: str) -> date:
    text = str(raw)
    try:
        if len(text) > 10 and text[10] not in "T ":
            raise ValueError
        day = date.fromisoformat(text[:10])
    except ValueError:
        raise InvalidDateFormat(
            _("%(field)s must be a date like 2026-01-31.") % {"field": field}, field=field
        ) from None
    if not date(2000, 1, 1) <= day <= date(9000, 1, 1):
        raise InvalidDateFormat(_("%(field)s is out of range.") % {"field": field}, field=field)
    return day


def _too_large(period: Period, max_days: int) -> DateRangeTooLarge:
    suggested = [
        {"startDate": part.first.isoformat(), "endDate": part.last.isoformat()}
        for part in shorter_periods(period, max_days)
    ]
    return DateRangeTooLarge(
        _("A period has at most %(max_days)s days here; %(period)s were asked for.")
        % {"max_days": max_days, "period": len(period)},
        requestedDays=len(period),
        maxAllowedDays=max_days,
        maxDays=max_days,
        suggestion=f"Ask for at most {max_days} days at a time.",
        suggestedRanges=suggested,
    )


def shorter_periods(period: Period, max_days: int) -> list[Period]:
    """Up to four parts of the period that are short enough, the latest first."""
    parts: list[Period] = []
    last = period.last
    while last >= period.first and len(parts) < _MOST_SUGGESTIONS:
        first = max(period.first, last - timedelta(days=max_days - 1))
        parts.append(replace(period, first=first, last=last))
        last = first - timedelta(days=1)
    return parts
