"""Gives usage of an unknown key to a key that the portal knows, with all its sums."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor
from apikeys.models import ApiKey
from litemaas import errors
from litemaas.locks import hold_until_commit
from usage.ledger import LOCK
from usage.models import NOBODY, KeptAttribution, Series, UsageDay, UsageLog
from usage.rollups import DAYS, MONTHS, QUARTERS, Cube
from usage.upkeep import refill_coarse


@dataclass(frozen=True, slots=True)
class Unattributed:
    """What was used with one key that we don't know. `alias` is the gateway's name of it, "" when it told none."""

    token_hash: str
    alias: str
    requests: int
    cost: Any
    first_day: date
    last_day: date


_WAITING = """
SELECT s.token_hash, coalesce((
        SELECT l.key_alias FROM usage_logs l
        WHERE l.token_hash = s.token_hash AND l.api_key_id IS NULL AND l.key_alias <> ''
        ORDER BY l.started_at DESC LIMIT 1
    ), ''), sum(d.requests)::bigint, sum(d.cost), min(d.day), max(d.day)
FROM usage_series s JOIN usage_days d ON d.series_id = s.id
WHERE s.token_hash <> '' AND (%(key)s = '' OR s.token_hash = %(key)s)
GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT %(count)s OFFSET %(first)s
"""


def unattributed(*, first: int = 0, count: int = 100) -> list[Unattributed]:
    """The dearest first."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"key": "", "count": count, "first": first})
        return [Unattributed(*row) for row in cursor.fetchall()]


def unattributed_of(token_hash: str) -> Unattributed | None:
    """Of this key alone; None when nothing of it is waiting."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"key": token_hash, "count": 1, "first": 0})
        row = cursor.fetchone()
    return Unattributed(*row) if row else None


def count_unattributed() -> int:
    """How many unknown keys were used."""
    used = Series.objects.filter(Exists(UsageDay.objects.filter(series=OuterRef("pk"))))
    return used.exclude(token_hash="").values("token_hash").distinct().count()


@transaction.atomic
def reattribute_usage(*, actor: Actor, token_hash: str, key_id: UUID | str, now: datetime) -> int:
    """Book all usage of the unknown key `token_hash` on this key, its owner and its team. Returns the calls moved.

    Days of the past change with it, and what is used with it later is booked on the key as it comes. Doing it again
    changes nothing. Raises NotFound for a key that there is not, and for a hash that nobody used.
    """
    if not actor.may("admin:usage:write"):
        raise errors.Forbidden(requiredPermission="admin:usage:write")
    key = ApiKey.objects.filter(pk=key_id).first()
    if key is None:
        raise errors.NotFound(_("There is no such API key."))
    hold_until_commit(LOCK)
    series = list(Series.objects.filter(token_hash=token_hash, api_key_id=NOBODY).select_for_update())
    if not token_hash or not series:
        if KeptAttribution.objects.filter(token_hash=token_hash, api_key_id=key.pk).exists():
            return 0
        raise errors.NotFound(_("No usage of this key is waiting to be attributed."))
    days = set(UsageDay.objects.filter(series__in=series).values_list("day", flat=True))
    for line in series:
        _move(line, key)
    calls = UsageLog.objects.filter(token_hash=token_hash, api_key_id=None)
    last_used = calls.order_by("-started_at").values_list("started_at", flat=True).first()
    moved = calls.update(api_key_id=key.pk, user_id=key.owner_id, team_id=key.team_id)
    refill_coarse(days)
    kept = {"api_key_id": key.pk, "since": now}
    KeptAttribution.objects.update_or_create(token_hash=token_hash, defaults=kept)
    if last_used and (key.last_used_at is None or key.last_used_at < last_used):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=last_used)
    audit.record(
        "USAGE_REATTRIBUTE",
        actor=actor,
        obj=key,
        at=now,
        metadata={"tokenHash": token_hash, "calls": moved, "days": len(days)},
    )
    return moved


def _move(line: Series, key: ApiKey) -> None:
    """The line's sums go to the key's line: by renaming when there is none yet, else by adding."""
    names = {
        "api_key_id": key.pk,
        "user_id": key.owner_id,
        "team_id": key.team_id or NOBODY,
        "token_hash": "",
    }
    same = {
        name: getattr(line, name) for name in ("cost_center", "model", "provider", "status", "error_class")
    }
    present = Series.objects.filter(**names, **same).first()
    if present is None:
        Series.objects.filter(pk=line.pk).update(**names)
        return
    with connection.cursor() as cursor:
        for cube in (QUARTERS, DAYS, MONTHS):
            _merge(cursor, cube, line.pk, present.pk)
        cursor.execute(
            "UPDATE usage_logs SET series_id = %s WHERE token_hash = %s AND api_key_id IS NULL AND series_id = %s",
            [present.pk, line.token_hash, line.pk],
        )
    line.delete()


def _merge(cursor: Any, cube: Cube, source: int, target: int) -> None:
    others = [name for name in (*cube.key, *cube.measures) if name != "series_id"]
    rows = f"SELECT %s AS series_id, {', '.join(others)} FROM {cube.table} WHERE series_id = %s"  # noqa: S608
    cursor.execute(cube.add(rows), [target, source])
    cursor.execute(f"DELETE FROM {cube.table} WHERE series_id = %s", [source])  # noqa: S608
