"""Facts of the whole installation for Prometheus, read from the database when it asks: the same from every replica."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from catalog.models import SyncRun as ModelSyncRun
from jobs.models import Job
from litellm_sync.client import gateway
from litellm_sync.models import SyncRun
from litellm_sync.progress import progress
from portal import health, people
from portal.backups import store
from subscriptions.models import Subscription


class InstallationCollector:
    """Without the database only that is told: a scrape that fails would hide it."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield _labelled("litemaas_build", "The version that answers.", "version", {settings.VERSION: 1})
        parts = {
            "database": health.is_database_up(),
            "redis": health.is_cache_up(),
            "litellm": health.is_gateway_up(),
        }
        yield _labelled("litemaas_part_up", "Whether a part answers.", "part", parts)
        if parts["database"]:
            yield from _of_the_queue(now)
            yield from _of_the_work()
            yield from _of_the_stock(now)


def _of_the_queue(now: datetime) -> Iterator[Metric]:
    queue = progress(now=now)
    yield _labelled(
        "litemaas_outbox_waiting", "Changes that the gateway has not confirmed.", "kind", queue.by_kind
    )
    yield _plain("litemaas_outbox_retrying", "Waiting changes that have failed before.", queue.retrying)
    yield _plain("litemaas_outbox_refused", "Changes that the gateway refused for good.", queue.parked)
    age = (now - queue.oldest_since).total_seconds() if queue.oldest_since else 0
    yield _plain("litemaas_outbox_oldest_seconds", "How long the oldest change has waited.", age)
    yield _plain(
        "litemaas_gateway_breaker_open",
        "Whether calls to the gateway are held back.",
        gateway().breaker.is_open,
    )


def _of_the_work() -> Iterator[Metric]:
    open_jobs = dict.fromkeys(("queued", "running"), 0) | {
        row["state"]: row["count"]
        for row in Job.objects.open().values("state").annotate(count=Count("pk")).order_by()
    }
    yield _labelled("litemaas_jobs_open", "Long tasks that have not ended.", "state", open_jobs)
    ended = {
        "model-sync": ModelSyncRun.objects.aggregate(at=Max("finished_at"))["at"],
        "gateway-comparison": SyncRun.objects.filter(is_dry_run=False).aggregate(at=Max("finished_at"))["at"],
        **{f"backup-{backup.database}": backup.taken_at for backup in reversed(store.backups())},
    }
    times = {name: at.timestamp() for name, at in ended.items() if at is not None}
    yield _labelled("litemaas_last_end_timestamp_seconds", "When this last came to its end.", "work", times)


def _of_the_stock(now: datetime) -> Iterator[Metric]:
    found = people.totals(now)
    names = {
        "users": found["users"],
        "active_users": found["active_users"],
        "keys": found["keys"],
        "active_keys": found["active_keys"],
        "models": found["models"],
        "available_models": found["available_models"],
    }
    yield _labelled("litemaas_rows", "How much there is.", "of", names)
    states = Subscription.objects.values("status").annotate(count=Count("pk")).order_by()
    by_state = {row["status"]: row["count"] for row in states}
    yield _labelled("litemaas_subscriptions", "Subscriptions by status.", "status", by_state)


def _plain(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _labelled(
    name: str, text: str, label: str, values: dict[str, int] | dict[str, bool] | dict[str, float]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family
