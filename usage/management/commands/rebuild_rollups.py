"""`manage.py rebuild_rollups --from 2026-01-01 --to 2026-03-31`: sum days anew; nothing changes when they were right."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from usage.upkeep import rebuild_rollups


class Command(BaseCommand):
    help = "Make the rollups of these days (of the reporting time zone) anew from their calls, while ingestion goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True, help="2026-01-31")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True, help="included")

    def handle(self, *args: Any, first: date, last: date, **options: Any) -> None:
        if first > last:
            raise CommandError("--from is after --to.")
        days = rebuild_rollups(first, last, progress=lambda day: self.stdout.write(f"{day}"))
        self.stdout.write(f"{days} days are summed anew.")
