"""Brings alerts to webhooks: claimed with a lease, sent outside of any transaction, tried again.

What arrives can arrive twice, when a worker dies between the sending and its record. A webhook's `id` tells.
"""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from litemaas import crypto, outbound
from litemaas.cells import utc
from litemaas.errors import DomainError
from usage.budgets.alerting import SOFT
from usage.models import AlertDelivery, BudgetAlert, Webhook

log = structlog.get_logger(__name__)

# After the first failure one minute, then 4, 16, 64 … minutes; given up after about a day.
_FIRST_WAIT = timedelta(minutes=1)
_MOST_ATTEMPTS = 8
# Longer than a call may take, so that nobody else takes it up meanwhile.
_LEASE = timedelta(minutes=2)
_AT_ONCE = 50
SIGNATURE = "X-LiteMaaS-Signature"


def deliver_due(*, now: datetime) -> int:
    """Send what is due; how many arrived."""
    return sum(_deliver(delivery, now) for delivery in _claim(now))


@transaction.atomic(durable=True)
def _claim(now: datetime) -> list[AlertDelivery]:
    due = AlertDelivery.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    rows = list(due.select_for_update(skip_locked=True)[:_AT_ONCE])
    AlertDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(due_at=now + _LEASE)
    full = AlertDelivery.objects.select_related("alert", "webhook")
    return list(full.filter(pk__in=[row.pk for row in rows]).order_by("pk"))


def _deliver(delivery: AlertDelivery, now: datetime) -> bool:
    try:
        problem = _post(delivery, now)
    except DomainError as error:
        problem = error.message
    except OSError as error:
        problem = type(error).__name__
    mine = AlertDelivery.objects.filter(pk=delivery.pk, delivered_at__isnull=True)
    if not problem:
        mine.update(delivered_at=now, due_at=None, attempts=delivery.attempts + 1, last_error="")
        return True
    attempts = delivery.attempts + 1
    wait = _FIRST_WAIT * 4 ** (attempts - 1)
    due_at = now + min(wait, timedelta(hours=12)) if attempts < _MOST_ATTEMPTS else None
    mine.update(attempts=attempts, due_at=due_at, last_error=problem[:200])
    log.warning("an alert was not delivered", delivery=delivery.pk, attempt=attempts, problem=problem)
    return False


def _post(delivery: AlertDelivery, now: datetime) -> str:
    hook = delivery.webhook
    if not hook.is_active:
        return ""
    status = outbound.post(hook.url, *signed(hook, event_of(delivery.alert), now=now))
    return "" if 200 <= status < 300 else f"It answered {status}."


def signed(hook: Webhook, event: dict[str, Any], *, now: datetime) -> tuple[bytes, dict[str, str]]:
    """Body and headers. The signature is HMAC-SHA256, in hex, over "<seconds>.<body>" with the webhook's secret."""
    body = json.dumps(event, separators=(",", ":")).encode()
    seconds = int(now.timestamp())
    secret = crypto.open_sealed(bytes(hook.sealed_secret), bound_to=f"webhook:{hook.pk}")
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": "application/json", SIGNATURE: f"t={seconds},v1={digest}"}


def event_of(alert: BudgetAlert) -> dict[str, Any]:
    """What a webhook gets. `id` is the same at each try; amounts are exact, as text."""
    return {
        "id": str(alert.pk),
        "type": "budget.soft_reached" if alert.threshold == SOFT else "budget.threshold_reached",
        "createdAt": utc(alert.raised_at),
        "data": {
            "kind": alert.kind,
            "objectId": str(alert.object_id),
            "name": alert.name,
            "threshold": alert.threshold or None,
            "spend": format(alert.spend.normalize(), "f"),
            "maxBudget": format(alert.max_budget.normalize(), "f"),
            "windowStart": utc(alert.window_start),
            "windowEnd": utc(alert.window_end) if alert.window_end else None,
        },
    }
