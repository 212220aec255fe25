"""Celery entry points of the catalogue."""

import structlog
from celery import shared_task

from accounts.models import SYSTEM
from catalog import sync
from catalog.errors import EmptyCatalogue, SyncRunning, SyncSafetyStop
from litellm_sync.errors import GatewayRefused, GatewayUnavailable

log = structlog.get_logger(__name__)


@shared_task
def sync_models(trigger: str = "schedule") -> int | None:
    """Read the gateway's models. What stops a run is in its SyncRun row; another run at the same time is enough."""
    try:
        return sync.sync_models(actor=SYSTEM, trigger=trigger).total
    except SyncRunning:
        return None
    except (EmptyCatalogue, SyncSafetyStop, GatewayRefused, GatewayUnavailable) as error:
        log.warning("the models were not synchronised", reason=str(error))
        return None
