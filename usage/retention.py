"""Puts months of calls away, whole. Their sums stay."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import SYSTEM, Actor
from litemaas import errors
from litemaas.locks import hold_until_commit
from litemaas.months import next_month
from usage.ledger import LOCK
from usage.models import ClosedMonth
from usage.partitions import partition_months

SHORTEST, LONGEST, DEFAULT = 1, 365, 90


def keep_retention(now: datetime) -> int:
    """The nightly run: put away what is older than `USAGE_RETENTION_DAYS`, if anything is. How many calls went."""
    days: int = settings.USAGE_RETENTION_DAYS
    if not days or not _ended_before(now - timedelta(days=days)):
        return 0
    with transaction.atomic():
        return _put_away(SYSTEM, days, now)


@transaction.atomic
def clean_up_usage(*, actor: Actor, retention_days: int = DEFAULT, now: datetime) -> int:
    """Detach and drop the months that ended more than `retention_days` ago. Returns how many calls they held.

    Rollups stay as they are. Late rows of such a month are set aside, as nobody can tell whether they were counted.
    """
    if not actor.may("admin:usage:write"):
        raise errors.Forbidden(requiredPermission="admin:usage:write")
    if not SHORTEST <= retention_days <= LONGEST:
        raise errors.InvalidInput(
            fields={
                "retentionDays": _("From %(shortest)s to %(longest)s days.")
                % {"shortest": SHORTEST, "longest": LONGEST}
            }
        )
    return _put_away(actor, retention_days, now)


def _ended_before(horizon: datetime) -> list[tuple[str, datetime]]:
    return [(name, month) for name, month in partition_months("usage_logs") if next_month(month) <= horizon]


def _put_away(actor: Actor, retention_days: int, now: datetime) -> int:
    # Nobody books while a month goes.
    hold_until_commit(LOCK)
    gone, count = [], 0
    for name, month in _ended_before(now - timedelta(days=retention_days)):
        count += _drop(name)
        ClosedMonth.objects.get_or_create(month=month, defaults={"closed_at": now})
        gone.append(f"{month:%Y-%m}")
    audit.record(
        "USAGE_DATA_CLEANUP",
        actor=actor,
        resource=("USAGE_LOG", ""),
        at=now,
        metadata={"retentionDays": retention_days, "months": gone, "calls": count},
    )
    return count


def _drop(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608 - a name of pg_class
        (count,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE usage_logs DETACH PARTITION {name}")
        cursor.execute(f"DROP TABLE {name}")
    return int(count)
