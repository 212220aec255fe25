"""Time series: hours, days, weeks (from Monday) and months of the reporting time zone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from usage import analytics
from usage.analytics import Question
from usage.figures import Figures, grouped
from usage.periods import Period

INTERVALS = ("day", "week", "month", "hour")


@dataclass(frozen=True, slots=True)
class Point:
    """`name` is 2026-01-31, 2026-W05, 2026-01 or 2026-01-31T13:00; the span is cut to the period asked for."""

    name: str
    start: datetime
    end: datetime
    figures: Figures


def series(question: Question, interval: str, *, now: datetime) -> list[Point]:
    """Every span of the period that has begun, also those without usage."""
    if interval == "hour":
        return _hours(question, now)
    by_day = grouped(analytics.days(question), lambda line: line.at)
    spans: dict[str, list[date]] = {}
    for day in question.period:
        spans.setdefault(_name(day, interval), []).append(day)
    return [_span(name, days, by_day) for name, days in spans.items()]


def _name(day: date, interval: str) -> str:
    if interval == "week":
        year, week, _weekday = day.isocalendar()
        return f"{year}-W{week:02}"
    return day.isoformat() if interval == "day" else f"{day:%Y-%m}"


def _span(name: str, days: list[date], by_day: dict[date, Figures]) -> Point:
    whole = Period(days[0], days[-1])
    figures = Figures()
    for day in days:
        figures += by_day.get(day, Figures())
    return Point(name, whole.start, whole.end, figures)


def _hours(question: Question, now: datetime) -> list[Point]:
    by_hour = grouped(analytics.hours(question), lambda line: line.at)
    starts = analytics.hour_starts(question.period, now=now)
    hour = timedelta(hours=1)
    return [Point(f"{at:%Y-%m-%dT%H:%M}", at, at + hour, by_hour.get(at, Figures())) for at in starts]
