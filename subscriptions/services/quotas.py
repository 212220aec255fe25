"""What the ledger counted of the quotas, and what follows from it. Everything here works on many rows at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import SYSTEM, Actor
from litemaas import errors
from subscriptions import policies, reasons
from subscriptions.models import Subscription, SubscriptionQuerySet
from subscriptions.states import Act
from subscriptions.steps import access_changed, take_steps
from subscriptions.telling import tell_of_quotas

_S = Subscription.Status
_By = Subscription.SuspendedBy
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """Requests and tokens of one user and model since the window began, as the ledger has them."""

    user_id: UUID
    model_id: str
    requests: int
    tokens: int


# Another reporting time zone moves the beginning of the month by less than this, in either direction.
_SAME_MONTH = "interval '2 days'"
# Rows are locked in one order, as everywhere, and nothing older overwrites something newer.
_RECORD = f"""
UPDATE subscriptions s
   SET used_requests = GREATEST(0, u.requests - u.forgiven_requests),
       used_tokens = GREATEST(0, u.tokens - u.forgiven_tokens),
       forgiven_requests = u.forgiven_requests,
       forgiven_tokens = u.forgiven_tokens,
       quota_window_start = %(window)s,
       used_as_of = %(as_of)s
  FROM (SELECT s.id, c.requests, c.tokens,
               CASE WHEN s.quota_window_start > %(window)s - {_SAME_MONTH} THEN s.forgiven_requests ELSE 0 END
                   AS forgiven_requests,
               CASE WHEN s.quota_window_start > %(window)s - {_SAME_MONTH} THEN s.forgiven_tokens ELSE 0 END
                   AS forgiven_tokens
          FROM subscriptions s
          JOIN unnest(%(users)s::uuid[], %(models)s::text[], %(requests)s::bigint[], %(tokens)s::bigint[])
               AS c(user_id, model_id, requests, tokens)
            ON s.user_id = c.user_id AND s.model_id = c.model_id
         WHERE s.quota_window_start IS NULL OR s.quota_window_start < %(window)s
            OR (s.quota_window_start < %(window)s + {_SAME_MONTH}
                AND (s.used_as_of IS NULL OR s.used_as_of <= %(as_of)s))
         ORDER BY s.id
           FOR NO KEY UPDATE OF s) u
 WHERE s.id = u.id
"""  # noqa: S608 - the interval is ours
_RECORD_NOTHING_USED = f"""
UPDATE subscriptions s
   SET used_requests = 0, used_tokens = 0, forgiven_requests = 0, forgiven_tokens = 0,
       quota_window_start = %(window)s, used_as_of = %(as_of)s
  FROM (SELECT id FROM subscriptions
         WHERE quota_window_start IS NULL OR quota_window_start < %(window)s
            OR (quota_window_start > %(window)s AND quota_window_start < %(window)s + {_SAME_MONTH}
                AND used_as_of < %(as_of)s)
         ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE) u
 WHERE s.id = u.id
"""  # noqa: S608 - the interval is ours


def record_quota_use(
    uses: Collection[QuotaUse], *, window_start: datetime, as_of: datetime, complete: bool = False
) -> int:
    """Store what was used since `window_start`, as the ledger stood at `as_of`; how many subscriptions it concerned.

    Sums, not differences, so telling them again changes nothing, and an older reading never overwrites a newer one.
    `complete` says that whoever is not in `uses` used nothing in this window; it writes each such row once a month.
    """
    values: dict[str, Any] = {
        "window": window_start,
        "as_of": as_of,
        "users": [use.user_id for use in uses],
        "models": [use.model_id for use in uses],
        "requests": [use.requests for use in uses],
        "tokens": [use.tokens for use in uses],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RECORD, values)
        found = int(cursor.rowcount)
    while complete and _record_nothing_used(window_start, as_of) == _AT_ONCE:
        pass
    return found


def _record_nothing_used(window_start: datetime, as_of: datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_RECORD_NOTHING_USED, {"window": window_start, "as_of": as_of, "limit": _AT_ONCE})
        return int(cursor.rowcount)


def suspend_for_quota(*, window_start: datetime, now: datetime) -> int:
    """Suspend what has used up its quota of this window; how many. The keys lose the model with the commit."""
    suspended = 0
    while batch := _suspend_some(window_start, now):
        suspended += batch
    return suspended


@transaction.atomic(durable=True)
def _suspend_some(window_start: datetime, now: datetime) -> int:
    ids = take_steps(
        Subscription.objects.used_up(window_start),
        _S.SUSPENDED,
        act=Act.USE_UP,
        actor=SYSTEM,
        action="SUBSCRIPTION_QUOTA_EXCEEDED",
        reason=reasons.QUOTA_USED_UP,
        now=now,
        limit=_AT_ONCE,
        suspended_by=_By.QUOTA,
    )
    if ids:
        access_changed(ids, now)
        tell_of_quotas(ids, now)
    return len(ids)


def resume_after_quota_reset(*, window_start: datetime, now: datetime) -> int:
    """Lift the quota's suspensions from which the month, a reset or a higher quota took the cause; how many."""
    resumed = 0
    while batch := _resume_some(window_start, now):
        resumed += batch
    return resumed


@transaction.atomic(durable=True)
def _resume_some(window_start: datetime, now: datetime) -> int:
    return renew(Subscription.objects.all(), window_start=window_start, now=now, limit=_AT_ONCE)


def renew(
    rows: SubscriptionQuerySet, *, window_start: datetime, now: datetime, limit: int | None = None
) -> int:
    """Of `rows`, lift the quota's suspensions that have no cause any more. In the caller's transaction."""
    due = rows.suspended_for_quota().with_quota_left(window_start)
    # What a vanished model took while it was suspended comes back without the suspension.
    due.filter(status=_S.INACTIVE).update(resumes_as=_S.ACTIVE, suspended_by="")
    due = due.filter(status=_S.SUSPENDED)
    told: list[UUID] = []
    for needs_approval, new in ((False, _S.ACTIVE), (True, _S.PENDING)):
        told += take_steps(
            due.filter(needs_approval=needs_approval),
            new,
            act=Act.RENEW,
            actor=SYSTEM,
            action="SUBSCRIPTION_RESUMED",
            reason=reasons.QUOTA_LEFT,
            now=now,
            limit=limit,
            needs_approval=False,
        )
    access_changed(told, now) if told else None
    return len(told)


@transaction.atomic(durable=True)
def reset_quotas(
    *,
    actor: Actor,
    user_id: UUID | None = None,
    everybody: bool = False,
    window_start: datetime,
    now: datetime,
) -> int:
    """Count the present window's use from here on, for one user or for everybody; how many subscriptions."""
    if not policies.may_decide(actor):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:write")
    if user_id is None and not everybody:
        raise errors.InvalidInput(fields={"userId": _("Name a user, or say that all are meant.")})
    rows = Subscription.objects.all() if user_id is None else Subscription.objects.filter(user_id=user_id)
    counted = rows.filter(quota_window_start=window_start, used_as_of__isnull=False)
    held = list(counted.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    count = Subscription.objects.filter(pk__in=held).update(
        forgiven_requests=F("forgiven_requests") + F("used_requests"),
        forgiven_tokens=F("forgiven_tokens") + F("used_tokens"),
        used_requests=0,
        used_tokens=0,
        updated_at=now,
    )
    audit.record(
        "QUOTAS_RESET",
        actor=actor,
        resource=("SUBSCRIPTION", str(user_id or "")),
        at=now,
        new={"userId": str(user_id) if user_id else "all", "subscriptions": count},
    )
    renew(rows, window_start=window_start, now=now)
    return count
