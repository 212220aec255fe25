"""Celery entry points of the ledger."""

from collections.abc import Callable
from datetime import datetime

import structlog
from celery import shared_task
from django.utils import timezone

from litellm_sync.errors import GatewayRefused, GatewayUnavailable
from usage import daily_pull, operators, quotas, reconciling, retention, services, spool
from usage.budgets import alerting, delivering, forecasting
from usage.errors import UsageReadingRunning
from usage.ledger import Counts

log = structlog.get_logger(__name__)


@shared_task
def pull_usage() -> int | None:
    """Read what is new. Returns the rows added, None when it could not be read now: the next run makes up for it."""
    return _read(services.pull_usage)


@shared_task
def reread_usage() -> int | None:
    """Read the last two days again."""
    return _read(services.reread_usage)


@shared_task
def watch_budgets() -> int:
    """Raise the alerts that are due, and send them; how many were raised."""
    raised = alerting.watch_budgets(now=timezone.now())
    delivering.deliver_due(now=timezone.now())
    return raised


@shared_task
def forecast_budgets() -> int:
    """Forecast the windows of all budgets, and count whether the forecasts of ended ones held."""
    return forecasting.forecast_budgets(now=timezone.now())


@shared_task
def count_quotas() -> None:
    """Tell the subscriptions what was used, suspend what is used up, resume what has quota again."""
    quotas.count_quotas(now=timezone.now())


@shared_task
def pull_daily_sums() -> int | None:
    """Book what a gateway without logs tells of its days. Returns the rows added."""
    return _read(daily_pull.pull_daily_sums)


@shared_task
def book_events() -> int | None:
    """Book what the gateway pushed. Returns the rows added."""
    return _read(spool.book_events)


@shared_task
def keep_usage_retention() -> int:
    """Put months of calls away that are older than the retention. Returns how many calls went."""
    forecasting.forget_forecasts(now=timezone.now())
    return retention.keep_retention(timezone.now())


@shared_task
def follow_zone() -> None:
    """Have the days of the rollups made anew if the reporting time zone is another one."""
    operators.follow_zone(timezone.now())


@shared_task
def reconcile_usage() -> int | None:
    """Compare the last days with what the gateway says of them. Returns the differences that stay."""
    try:
        return reconciling.reconcile_recent(timezone.now()).open
    except UsageReadingRunning:
        return None
    except (GatewayRefused, GatewayUnavailable) as error:
        log.warning("the usage was not reconciled", reason=str(error))
        return None


def _read(use_case: Callable[[datetime], Counts]) -> int | None:
    try:
        counts = use_case(timezone.now())
    except UsageReadingRunning:
        return None
    except (GatewayRefused, GatewayUnavailable) as error:
        log.warning("the usage was not read", reason=str(error))
        return None
    if counts.rejected:
        log.warning("usage rows were set aside", rejected=counts.rejected)
    return counts.added
