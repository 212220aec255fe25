"""Questions to the ledger, answered from its rollups: the cost grows with the answer, not with the history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import TruncHour

from accounts.models import User
from apikeys.models import ApiKey
from usage.errors import ForbiddenApiKeys
from usage.figures import Figures, Line
from usage.models import NOBODY, BackfilledWindow, Status, UsageCursor, UsageDay, UsageQuarter
from usage.periods import Period, reporting_zone
from usage.rows import SOURCE


@dataclass(frozen=True, slots=True)
class Question:
    """Whose usage, when, and of what. Empty lists mean no restriction; `provider_ids` and so on are exact names."""

    user_id: UUID
    period: Period
    model_ids: Sequence[str] = ()
    provider_ids: Sequence[str] = ()
    api_key_ids: Sequence[UUID] = ()

    @property
    def before(self) -> "Question":
        """The same of the period directly before."""
        return replace(self, period=self.period.before)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far the answer can be trusted. `as_of` None: nothing was ever read from the gateway."""

    as_of: datetime | None
    missing_days: list[date]

    @property
    def is_complete(self) -> bool:
        return self.as_of is not None and not self.missing_days


def days(question: Question) -> list[Line]:
    """Figures by day, model, provider and key, the oldest first."""
    rows = _matching(UsageDay.objects.all(), question)
    rows = rows.filter(day__range=(question.period.first, question.period.last)).annotate(at=F("day"))
    return _lines(rows)


def hours(question: Question) -> list[Line]:
    """Figures by hour of the reporting time zone (`Line.at` is a datetime), from the quarters of an hour."""
    rows = _matching(UsageQuarter.objects.all(), question)
    within = rows.filter(bucket__gte=question.period.start, bucket__lt=question.period.end)
    return _lines(within.annotate(at=TruncHour("bucket", tzinfo=reporting_zone())))


def models_used(user: User, period: Period) -> list[tuple[str, str]]:
    """Names and providers of the models that the user called, for filters."""
    rows = UsageDay.objects.filter(series__user_id=user.pk, day__range=(period.first, period.last))
    names = ("series__model", "series__provider")
    return list(rows.values_list(*names).distinct().order_by(*names))


def own_keys(user: User, named: Sequence[str]) -> list[UUID]:
    """The keys meant by these ids, aliases or names; revoked and deleted ones too.

    Raises ForbiddenApiKeys with all that are not the user's.
    """
    if not named:
        return []
    found: dict[str, set[UUID]] = {}
    for pk, alias, name in ApiKey.objects.filter(owner=user).values_list("pk", "alias", "name"):
        for word in (str(pk), alias, name):
            found.setdefault(word.lower(), set()).add(pk)
    unknown = [name for name in named if name.lower() not in found]
    if unknown:
        raise ForbiddenApiKeys(invalidApiKeys=unknown)
    return sorted({pk for name in named for pk in found[name.lower()]})


def coverage(period: Period, *, now: datetime, since: datetime | None = None) -> Coverage:
    """Days of the period that were not read to their end, or to now. `since`: nothing can be missing before."""
    cursor = UsageCursor.objects.filter(source=SOURCE).first()
    read = _read_spans(cursor)
    until = cursor.position if cursor else now
    missing = [day for day in period if not _is_read(Period(day, day), read, since, until)]
    return Coverage(cursor.moved_at if cursor else None, missing)


def _read_spans(cursor: UsageCursor | None) -> list[tuple[datetime, datetime]]:
    """What was read, as disjoint spans in order."""
    spans = list(BackfilledWindow.objects.filter(source=SOURCE).values_list("start", "end"))
    if cursor:
        spans.append((cursor.begun_at, cursor.position))
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _is_read(
    day: Period, read: list[tuple[datetime, datetime]], since: datetime | None, until: datetime
) -> bool:
    start = max(day.start, since) if since else day.start
    # The day of the last reading is read as far as it can be.
    end = min(day.end, until) if day.start <= until else day.end
    return start >= end or any(a <= start and end <= b for a, b in read)


def _matching(rows: "QuerySet[Any]", question: Question) -> "QuerySet[Any]":
    rows = rows.filter(series__user_id=question.user_id)
    if question.model_ids:
        rows = rows.filter(series__model__in=question.model_ids)
    if question.provider_ids:
        rows = rows.filter(series__provider__in=question.provider_ids)
    return rows.filter(series__api_key_id__in=question.api_key_ids) if question.api_key_ids else rows


_SUMS = (
    "requests",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "reasoning_tokens",
)
_MORE = ("cost", "unpriced", "latency_ms", "timed")


def _lines(rows: "QuerySet[Any]") -> list[Line]:
    sums = {f"sum_{name}": Sum(name) for name in (*_SUMS, *_MORE)}
    outcomes = {
        "successes": Sum("requests", filter=Q(series__status=Status.SUCCESS), default=0),
        "failures": Sum("requests", filter=Q(series__status=Status.FAILURE), default=0),
    }
    names = ("at", "series__model", "series__provider", "series__api_key_id")
    return [_line(group) for group in rows.values(*names).annotate(**sums, **outcomes).order_by(*names)]


def _line(group: dict[str, Any]) -> Line:
    sums = {name: group[f"sum_{name}"] for name in (*_SUMS, *_MORE)}
    figures = Figures(**sums, successes=group["successes"], failures=group["failures"])
    key = group["series__api_key_id"]
    return Line(
        group["at"],
        group["series__model"],
        group["series__provider"],
        None if key == NOBODY else key,
        figures,
    )


def hour_starts(period: Period, *, now: datetime) -> list[datetime]:
    """The hours of the period that have begun."""
    start, end = period.start.astimezone(UTC), min(period.end, now).astimezone(UTC)
    count = -(-int((end - start).total_seconds()) // 3600)
    return [(start + timedelta(hours=index)).astimezone(reporting_zone()) for index in range(count)]
