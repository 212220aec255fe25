"""Days of the reporting time zone: parsing what was asked for, and the period before it to compare with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from usage.errors import DateRangeTooLarge, InvalidDateFormat, InvalidDateOrder, InvalidDateRange

MAX_DAYS = 365


def reporting_zone() -> ZoneInfo:
    return ZoneInfo(settings.REPORTING_TIME_ZONE)


def today(now: datetime) -> date:
    return now.astimezone(reporting_zone()).date()


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the reporting time zone, both ends included."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=count) for count in range(len(self)))

    @property
    def before(self) -> "Period":
        """The same number of days, directly before."""
        return Period(self.first - timedelta(days=len(self)), self.first - timedelta(days=1))

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), reporting_zone())

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), reporting_zone())


def last_days(count: int, now: datetime) -> Period:
    """Today and the days before it, `count` in all."""
    return Period(today(now) - timedelta(days=count - 1), today(now))


def read_period(first: object, last: object, *, now: datetime) -> Period:
    """Two dates as text, or with a time behind, which is not looked at. Days after today are cut off.

    Raises InvalidDateRange, InvalidDateFormat, InvalidDateOrder or DateRangeTooLarge.
    """
    if first in (None, "") or last in (None, ""):
        raise InvalidDateRange
    begin, end = _day(first, "startDate"), _day(last, "endDate")
    if begin > end:
        raise InvalidDateOrder
    period = Period(min(begin, today(now)), min(end, today(now)))
    if len(period) > MAX_DAYS:
        raise DateRangeTooLarge(
            f"A period has at most {MAX_DAYS} days.", maxDays=MAX_DAYS, requestedDays=len(period)
        )
    return period


def _day(raw: object, field: str) -> date:
    text = str(raw)
    try:
        if len(text) > 10 and text[10] not in "T ":
            raise ValueError
        day = date.fromisoformat(text[:10])
    except ValueError:
        raise InvalidDateFormat(f"{field} must be a date like 2026-01-31.", field=field) from None
    if not date(2000, 1, 1) <= day <= date(9000, 1, 1):
        raise InvalidDateFormat(f"{field} is out of range.", field=field)
    return day
