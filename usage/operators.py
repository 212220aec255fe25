"""What operators ask of the ledger from the portal and the API, audited."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from redis.exceptions import RedisError

from accounts import audit, options
from accounts.models import SYSTEM, Actor
from jobs.models import Job
from jobs.running import Run
from jobs.services import JobRunning, start_job
from litemaas import errors
from usage import reconciling, services
from usage.errors import RefreshedJustNow
from usage.ledger import Counts
from usage.models import UsageDay
from usage.periods import Period, today
from usage.quality import coverage
from usage.upkeep import change_rollup_zone, rebuild_rollups
from usage.windows import Window
from usage.zones import rollup_zone

JOB_KIND, JOB_LABEL = "usage-rebuild", gettext_noop("Summing usage anew")
ZONE_JOB_KIND, ZONE_JOB_LABEL = "usage-zone", gettext_noop("Days of another time zone")
REREAD_JOB_KIND, REREAD_JOB_LABEL = "usage-reread", gettext_noop("Reading usage again")
# Seconds.
REFRESH_PAUSE = 60
_REFRESHED = "usage:refreshed-by-hand"
# More days than that are a job: a request must be answered in time.
_AT_ONCE = 7


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`job_id` None: it is done."""

    days: int
    job_id: str | None


def refresh_usage(*, actor: Actor, now: datetime) -> Counts:
    """Pull now, once a minute at most.

    Raises Forbidden, RefreshedJustNow, UsageReadingRunning and the gateway's errors.
    """
    _require(actor)
    # One place for all processes. Losing it costs nothing but a reading too many.
    with suppress(RedisError):
        if not cache.add(_REFRESHED, time.time(), REFRESH_PAUSE):
            raise RefreshedJustNow(retryAfter=refresh_again_in())
    try:
        counts = services.pull_usage(now)
    except Exception:
        with suppress(RedisError):
            cache.delete(_REFRESHED)
        raise
    with transaction.atomic():
        _record("USAGE_DATA_REFRESH", actor, now, {"added": counts.added})
    return counts


def refresh_again_in() -> int:
    """Seconds until usage may be read by hand again; 0 = now."""
    try:
        refreshed = cache.get(_REFRESHED)
    except RedisError:
        return 0
    return max(0, REFRESH_PAUSE - int(time.time() - refreshed)) if refreshed else 0


@transaction.atomic
def reread(*, actor: Actor, first: date, last: date, now: datetime) -> Job | None:
    """Have a job read the days again that were not read, or differ from the gateway; None when there are none.

    Raises Forbidden and JobRunning.
    """
    _require(actor)
    found = coverage(Period(first, last), now=now)
    days = sorted({*found.missing_days, *found.differing_days})
    if not days:
        return None
    _record("USAGE_DATA_REFRESH", actor, now, {"from": days[0].isoformat(), "to": days[-1].isoformat()})
    return start_job(
        kind=REREAD_JOB_KIND,
        actor=actor,
        arguments={"days": [day.isoformat() for day in days]},
        exclusive=REREAD_JOB_KIND,
        now=now,
    )


def run_reread(run: Run) -> dict[str, Any]:
    """A job: a day after the other, then they are compared with the gateway again."""
    days = [date.fromisoformat(day) for day in run.arguments["days"]]
    counts = Counts()
    for at, day in enumerate(days):
        run.report(at, len(days), unit="days", message=day.isoformat(), force=True)
        period, now = Period(day, day), timezone.now()
        counts += services.backfill_usage(Window(period.start, period.end), now=now, again=True)
    _compare(days)
    return {"days": len(days), "added": counts.added}


def _compare(days: list[date]) -> None:
    """Days that have ended: today still moves."""
    now = timezone.now()
    for day in days:
        if day < now.astimezone(UTC).date():
            reconciling.reconcile_usage(day, day, now=now)


@transaction.atomic
def rebuild(*, actor: Actor, first: date | None, last: date | None, now: datetime) -> Rebuilt:
    """Sum these days anew, or all that there are; at once when they are few, else by a job."""
    _require(actor)
    if first and last and first > last:
        raise errors.InvalidInput(fields={"startDate": _("The first day is after the last one.")})
    known = UsageDay.objects.aggregate(first=Min("day"), last=Max("day"))
    if known["first"] is None:
        return Rebuilt(0, None)
    begin, end = max(first or known["first"], known["first"]), min(last or known["last"], today(now))
    count = max((end - begin).days + 1, 0)
    if not count:
        return Rebuilt(0, None)
    _record("USAGE_CACHE_REBUILD", actor, now, {"from": begin.isoformat(), "to": end.isoformat()})
    if count <= _AT_ONCE:
        rebuild_rollups(begin, end)
        return Rebuilt(count, None)
    job = start_job(
        kind=JOB_KIND,
        actor=actor,
        arguments={"first": begin.isoformat(), "last": end.isoformat()},
        exclusive=JOB_KIND,
        now=now,
    )
    return Rebuilt(count, str(job.pk))


def run_rebuild(run: Run) -> dict[str, Any]:
    """A job: month by month, so that it may be stopped and begun again."""
    first, last = (date.fromisoformat(run.arguments[name]) for name in ("first", "last"))
    total = (last - first).days + 1
    for begin, end in _months(first, last):
        run.report((begin - first).days, total, unit="days")
        rebuild_rollups(begin, end)
    return {"days": total}


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(following - timedelta(days=1), last)
        first = following


def run_zone_change(run: Run) -> dict[str, Any]:
    """A job: all days of the rollups follow the reporting time zone, the one of now if it was changed once more."""
    return {"changed": change_rollup_zone(str(options.value("reportingTimeZone")))}


def follow_options(names: frozenset[str], now: datetime) -> None:
    """The reporting time zone was changed: a job makes the days of the new one. Until then the old ones are shown."""
    if "reportingTimeZone" in names:
        start_job(kind=ZONE_JOB_KIND, actor=SYSTEM, arguments=_wanted_zone(), now=now)


@transaction.atomic
def follow_zone(now: datetime) -> Job | None:
    """The same for what nobody was told of: another zone in the deployment's settings, or a job that failed."""
    wanted = _wanted_zone()
    if rollup_zone() == wanted["zone"]:
        return None
    with suppress(JobRunning):
        return start_job(kind=ZONE_JOB_KIND, actor=SYSTEM, arguments=wanted, exclusive=ZONE_JOB_KIND, now=now)
    return None


def _wanted_zone() -> dict[str, Any]:
    return {"zone": str(options.value("reportingTimeZone"))}


def cache_metrics() -> dict[str, Any]:
    """Reads and writes of the rollups since PostgreSQL began to count; what v0.4's cache had and we have not is 0."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(heap_blks_hit), 0)::bigint, coalesce(sum(heap_blks_read), 0)::bigint"
            " FROM pg_statio_user_tables WHERE relname LIKE 'usage\\_%%' AND relname NOT LIKE 'usage\\_logs%%'"
        )
        hits, misses = cursor.fetchone()
    asked = hits + misses
    return {
        "cacheHits": hits,
        "cacheMisses": misses,
        "cacheRebuilds": 0,
        "lockAcquisitionSuccesses": 0,
        "lockAcquisitionFailures": 0,
        "gracePeriodApplications": 0,
        "cacheHitRate": 100 * hits / asked if asked else None,
        "lockContentionRate": None,
    }


def _require(actor: Actor) -> None:
    if not actor.may("admin:usage:write"):
        raise errors.Forbidden(requiredPermission="admin:usage:write")


def _record(action: str, actor: Actor, now: datetime, metadata: dict[str, Any]) -> None:
    audit.record(action, actor=actor, resource=("USAGE_LOG", ""), at=now, metadata=metadata)
