"""Changing what a subscription grants."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor
from litemaas import errors
from subscriptions import policies, quota_rules
from subscriptions.models import Subscription
from subscriptions.services.quotas import renew
from subscriptions.states import ENDED
from subscriptions.steps import locked, wrong_state

LARGEST_QUOTA = 2**62
_KEEP: Any = object()


@transaction.atomic(durable=True)
def change_subscription(
    *,
    actor: Actor,
    subscription_id: UUID | str,
    quota_requests: int | None = None,
    quota_tokens: int | None = None,
    metadata: dict[str, Any] | None = None,
    expires_at: datetime | None = _KEEP,
    now: datetime,
) -> Subscription:
    """Change quotas (per month), labels or the end. What is not given stays.

    The owner goes no further than the granted ceiling, which an administrator sets by changing the quotas. The end
    (None = never) is an administrator's. Raises QuotaAboveMaximum, Forbidden, WrongState.
    """
    row = locked(actor, subscription_id)
    if not policies.may_change_quotas(actor, row):
        raise errors.Forbidden(requiredPermission="subscriptions:write")
    if row.status in ENDED:
        raise wrong_state(row.status, row.status)
    old = _facts(row)
    _set_quotas(row, actor, quota_requests, quota_tokens)
    if expires_at is not _KEEP:
        _set_end(row, actor, expires_at, now)
    if metadata is not None:
        row.metadata = {name: value for name, value in metadata.items() if value is not None}
    new = _facts(row)
    changed = [name for name in new if new[name] != old[name]]
    if not changed:
        return row
    row.updated_at = now
    row.save()
    was, became = {name: old[name] for name in changed}, {name: new[name] for name in changed}
    audit.record("SUBSCRIPTION_UPDATE", actor=actor, obj=row, at=now, old=was, new=became)
    this = Subscription.objects.filter(pk=row.pk)
    if renew(this, window_start=quota_rules.window_start(now), now=now):
        row.refresh_from_db()
    return row


def _facts(row: Subscription) -> dict[str, Any]:
    """What can be changed here, as the audit record shows it."""
    return {
        "quotaRequests": row.quota_requests,
        "quotaTokens": row.quota_tokens,
        "grantedRequests": row.granted_requests,
        "grantedTokens": row.granted_tokens,
        "expiresAt": row.expires_at.isoformat() if row.expires_at else None,
        "metadata": row.metadata,
    }


def _set_quotas(row: Subscription, actor: Actor, requests: int | None, tokens: int | None) -> None:
    wrong = {
        field: f"Enter a whole number from 1 to {LARGEST_QUOTA}."
        for field, value in (("quotaRequests", requests), ("quotaTokens", tokens))
        if value is not None and not 1 <= value <= LARGEST_QUOTA
    }
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    if policies.may_decide(actor):
        row.granted_requests = row.granted_requests if requests is None else requests
        row.granted_tokens = row.granted_tokens if tokens is None else tokens
    else:
        quota_rules.require_within_ceiling(row, requests or row.quota_requests, tokens or row.quota_tokens)
    row.quota_requests = requests or row.quota_requests
    row.quota_tokens = tokens or row.quota_tokens


def _set_end(row: Subscription, actor: Actor, expires_at: datetime | None, now: datetime) -> None:
    if not policies.may_decide(actor):
        raise errors.Forbidden(
            _("Only an administrator sets when a subscription ends."),
            requiredPermission="admin:subscriptions:write",
        )
    if expires_at is not None and expires_at <= now:
        raise errors.InvalidInput(fields={"expiresAt": _("Choose a future date.")})
    row.expires_at = expires_at
