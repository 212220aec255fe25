from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from litellm_sync.models import GatewayObject
from litellm_sync.progress import progress


class Command(BaseCommand):
    help = "How far the gateway is behind the portal, and what it refused."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        state = progress(now=now)
        kinds = ", ".join(f"{count} {kind}" for kind, count in state.by_kind.items())
        self.stdout.write(f"waiting: {state.waiting}" + (f" ({kinds})" if kinds else ""))
        if state.oldest_since is not None:
            self.stdout.write(f"oldest: {round((now - state.oldest_since).total_seconds())} s")
        self.stdout.write(f"failed before: {state.retrying}")
        left = "unknown" if state.seconds_left is None else f"{state.seconds_left} s"
        self.stdout.write(f"confirmed in the last minute: {state.per_minute}; time left: {left}")
        self.stdout.write(f"refused for good: {state.parked}")
        for row in GatewayObject.objects.parked().order_by("parked_at")[:20]:
            self.stdout.write(f"  {row.kind} {row.object_id}: {row.last_error}")
