"""Use cases of the ledger: read what the gateway logged, now, again, or from the past."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from litellm_sync.client import gateway
from litemaas.locks import advisory_lock
from usage.errors import UsageReadingRunning
from usage.ledger import Counts, write_rows
from usage.models import BackfilledWindow, UsageCursor
from usage.partitions import ensure_months_ahead
from usage.rows import SOURCE
from usage.windows import Window, read_window

# A row carries its call's start and is written after its end, plus the gateway's own delay.
OVERLAP = timedelta(minutes=15)
# So much may the gateway's clock be ahead of ours without its rows coming late.
_CLOCK_LEAD = timedelta(minutes=5)
# A long absence is made up in steps; each one is committed before the next is read.
_STEP = timedelta(hours=6)
_REREAD = timedelta(hours=48)

Progress = Callable[[Window, Counts], None]


def _silent(window: Window, counts: Counts) -> None:
    """Nobody watches."""


def pull_usage(now: datetime, *, progress: Progress = _silent) -> Counts:
    """Read from where the last pull ended, less the overlap, until now.

    Raises UsageReadingRunning while another one pulls, and the gateway's errors; what was read before stays.
    """
    with advisory_lock("usage pull") as is_mine:
        if not is_mine:
            raise UsageReadingRunning
        ensure_months_ahead(now)
        cursor = _cursor(now)
        counts = Counts()
        for step in Window(cursor.position - OVERLAP, now).steps(_STEP):
            counts += _pull_step(step, now, progress)
        return counts


def _pull_step(step: Window, now: datetime, progress: Progress) -> Counts:
    is_last = step.end >= now
    asked = Window(step.start, step.end + _CLOCK_LEAD) if is_last else step
    counts = Counts()
    for window, rows in read_window(gateway(), asked):
        with transaction.atomic():
            part = write_rows(rows, now=now)
            _move_cursor(min(window.end, now), now)
        counts += part
        progress(window, part)
    return counts


def _cursor(now: datetime) -> UsageCursor:
    """A first pull begins with yesterday; older days are for `backfill_usage`."""
    zone = ZoneInfo(settings.REPORTING_TIME_ZONE)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight - timedelta(days=1)
    first = {"begun_at": begin, "position": begin, "moved_at": now}
    return UsageCursor.objects.get_or_create(source=SOURCE, defaults=first)[0]


def _move_cursor(position: datetime, now: datetime) -> None:
    """Forward only: the overlap lies behind it."""
    ahead = UsageCursor.objects.filter(source=SOURCE, position__lte=position)
    ahead.update(position=position, moved_at=now)


def reread_usage(now: datetime) -> Counts:
    """Read the last two days again, for rows that came later than the overlap reaches back.

    Raises UsageReadingRunning, and the gateway's errors.
    """
    with advisory_lock("usage re-read") as is_mine:
        if not is_mine:
            raise UsageReadingRunning
        return read_again(Window(now - _REREAD, now), now=now)


def read_again(window: Window, *, now: datetime) -> Counts:
    """Read a window whatever was read before. What is booked already changes nothing. Raises the gateway's errors."""
    counts = Counts()
    for step in window.steps(_STEP):
        for _window, rows in read_window(gateway(), step):
            counts += write_rows(rows, now=now)
    return counts


def backfill_usage(
    past: Window, *, now: datetime, again: bool = False, progress: Progress = _silent
) -> Counts:
    """Read the past, a UTC day at a time. Days that were finished before are passed over unless `again`.

    `progress` hears of each day; of a day that is passed over with zero counts. Raises UsageReadingRunning, and the
    gateway's errors: the days before stay finished.
    """
    with advisory_lock("usage backfill") as is_mine:
        if not is_mine:
            raise UsageReadingRunning
        counts = Counts()
        for day in Window(past.start, min(past.end, now)).days():
            part = Counts() if not again and _is_finished(day) else _backfill_day(day, now)
            counts += part
            progress(day, part)
        return counts


def _is_finished(day: Window) -> bool:
    return BackfilledWindow.objects.filter(source=SOURCE, start__lte=day.start, end__gte=day.end).exists()


def _backfill_day(day: Window, now: datetime) -> Counts:
    counts = Counts()
    for _window, rows in read_window(gateway(), day):
        counts += write_rows(rows, now=now)
    # A day that may still get late rows is not finished.
    if day.end <= now - OVERLAP:
        finished = {"rows": counts.read, "finished_at": now}
        BackfilledWindow.objects.update_or_create(
            source=SOURCE, start=day.start, end=day.end, defaults=finished
        )
    return counts
