"""`manage.py reconcile_usage`: compare the last days with what the gateway says of them, and heal what can be healed."""

from argparse import ArgumentParser
from datetime import UTC, date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from litellm_sync.errors import GatewayRefused, GatewayUnavailable
from usage.errors import UsageReadingRunning
from usage.models import UsageDifference, UsageTrust
from usage.reconciling import reconcile_usage


class Command(BaseCommand):
    help = "Compare calls, rollups, the gateway's daily activity and its spend counters, per UTC day and key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="default: three days ago")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="included; default: yesterday")

    def handle(self, *args: Any, first: date | None, last: date | None, **options: Any) -> None:
        now = timezone.now()
        yesterday = now.astimezone(UTC).date() - timedelta(days=1)
        last = last or yesterday
        first = first or min(last, yesterday - timedelta(days=2))
        if first > last:
            raise CommandError("--from is after --to.")
        try:
            outcome = reconcile_usage(first, last, now=now)
        except UsageReadingRunning as error:
            raise CommandError("Another reconciliation runs.") from error
        except (GatewayRefused, GatewayUnavailable) as error:
            raise CommandError(f"The gateway did not tell its sums: {error}") from error
        for trust in UsageTrust.objects.filter(day__range=(first, last)).order_by("day"):
            self.stdout.write(
                f"{trust.day}  {trust.state:10}  {trust.requests} calls here, {trust.gateway_requests} there"
            )
        for row in UsageDifference.objects.filter(healed_at=None).order_by("day", "token_hash"):
            theirs = f"{row.other_requests} calls, {row.other_cost:f}"
            self.stdout.write(
                f"{row.day}  {row.kind}  key {row.token_hash[:12] or '-'} against {row.against}:"
                f" {row.requests} calls, {row.cost:f} here; {theirs} there"
            )
        self.stdout.write(f"{outcome.found} differences: {outcome.healed} healed, {outcome.open} stay.")
