"""`manage.py replay_usage_rejects`: read rows again that were set aside."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models import SYSTEM
from usage.quarantine import replay_rejects


class Command(BaseCommand):
    help = "Read set-aside usage rows again; what can be counted now is booked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reason", help="Only those with this reason.")

    def handle(self, *args: Any, reason: str | None, **options: Any) -> None:
        counts = replay_rejects(actor=SYSTEM, reason=reason, now=timezone.now())
        self.stdout.write(
            f"{counts.read} rows read again: {counts.added} added, {counts.rejected} stay set aside."
        )
