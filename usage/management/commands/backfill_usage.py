"""`manage.py backfill_usage --from 2026-01-01 --to 2026-03-31`: read the past, in days that can be taken up again."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from litellm_sync.errors import GatewayRefused, GatewayUnavailable
from usage import services
from usage.errors import UsageReadingRunning
from usage.ledger import Counts
from usage.windows import Window

_WIDTH = 30


class Command(BaseCommand):
    help = "Read the usage of past days (UTC) from the gateway. Days that are done are passed over the next time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--from", dest="first", type=_day, required=True, help="The first day, 2026-01-31."
        )
        parser.add_argument("--to", dest="last", type=_day, required=True, help="The last day, included.")
        parser.add_argument("--again", action="store_true", help="Read days again that are done already.")

    def handle(self, *args: Any, first: date, last: date, again: bool, **options: Any) -> None:
        now = timezone.now()
        past = Window(_midnight(first), _midnight(last + timedelta(days=1)))
        if first > last or past.start > now:
            raise CommandError("The first day must not be after the last one, nor in the future.")
        self.done, self.total = 0, len(list(Window(past.start, min(past.end, now)).days()))
        try:
            counts = services.backfill_usage(past, now=now, again=again, progress=self.show)
        except (UsageReadingRunning, GatewayRefused, GatewayUnavailable) as error:
            raise CommandError(
                f"{error} Run it again to go on after {self.done} of {self.total} days."
            ) from error
        self.stdout.write(f"{counts.read} rows read: {counts.added} added, {counts.rejected} set aside.")

    def show(self, day: Window, counts: Counts) -> None:
        self.done += 1
        bar = "#" * (_WIDTH * self.done // self.total)
        line = f"[{bar:<{_WIDTH}}] {self.done}/{self.total} {day.start:%Y-%m-%d} {counts.read} rows"
        # On a terminal one line moves; in a log each day has its own.
        moves = self.stdout.isatty() and self.done < self.total
        self.stdout.write(f"{line:<79}", ending="\r" if moves else "\n")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is not a date like 2026-01-31") from None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
