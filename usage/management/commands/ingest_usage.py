"""`manage.py ingest_usage`: what beat does every few seconds, now and with a summary."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from litellm_sync.errors import GatewayRefused, GatewayUnavailable
from usage import services
from usage.errors import UsageReadingRunning


class Command(BaseCommand):
    help = "Read new usage from the gateway into the ledger."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = services.pull_usage(timezone.now())
        except (UsageReadingRunning, GatewayRefused, GatewayUnavailable) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{counts.read} rows read: {counts.added} added, {counts.known} known already,"
            f" {counts.rejected} set aside, {counts.health_checks} health checks."
        )
