"""Compares, per UTC day and key, four accounts of the same usage: calls, rollups, the gateway's daily activity, and its
spend counters. What differs is classified, stored, read again where that may help, and otherwise shown.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.db import connection, transaction

from litellm_sync.client import gateway
from litemaas.locks import advisory_lock
from usage import daily, services
from usage.counters import compare_counters
from usage.daily import NOISE, DailySums
from usage.errors import UsageReadingRunning
from usage.models import UsageDifference, UsageTrust
from usage.rollup_check import contradiction
from usage.upkeep import rebuild_rollups
from usage.windows import Window

Kind, Against = UsageDifference.Kind, UsageDifference.Against

# The nightly run looks so far back: later rows than that are for `reconcile_usage --from`.
_RECENT_DAYS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """Days compared; differences found, healed by reading again or summing anew, and left."""

    days: int = 0
    found: int = 0
    healed: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class _Pair:
    day: date
    token_hash: str
    against: str
    mine: DailySums
    other: DailySums

    @property
    def differs(self) -> bool:
        return (self.mine.requests, self.mine.total_tokens) != (
            self.other.requests,
            self.other.total_tokens,
        ) or not _is_same_cost(self.mine.cost, self.other.cost)

    @property
    def key(self) -> tuple[date, str, str]:
        return (self.day, self.token_hash, self.against)


def reconcile_recent(now: datetime) -> Outcome:
    """The last finished days. Today still moves."""
    today = now.astimezone(UTC).date()
    return reconcile_usage(today - timedelta(days=_RECENT_DAYS), today - timedelta(days=1), now=now)


def reconcile_usage(first: date, last: date, *, now: datetime) -> Outcome:
    """Compare these UTC days, heal what can be healed, and store the rest.

    Raises UsageReadingRunning while another one does, and the gateway's errors.
    """
    with advisory_lock("usage reconciliation") as is_mine:
        if not is_mine:
            raise UsageReadingRunning
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        theirs = daily.by_key(gateway(), first, last)
        before = _compare(days, theirs)
        _heal(before, now)
        after = _compare(days, theirs) if before else []
        late = {pair.key for pair in before} - {pair.key for pair in after}
        with transaction.atomic():
            for pair in before:
                if pair.key in late:
                    kind = Kind.ROLLUP if pair.against == Against.ROLLUPS else Kind.LATE
                    _store(pair, kind, now, healed=True)
            for pair in after:
                _store(pair, _kind_of(pair, after), now, healed=False)
            stale = UsageDifference.objects.filter(day__range=(first, last), healed_at=None, seen_at__lt=now)
            stale.update(healed_at=now)
            counters = compare_counters(now)
            _store_trust(days, theirs, after, now)
        return Outcome(len(days), len(before) + counters, len(late), len(after) + counters)


def _compare(days: list[date], theirs: dict[date, daily.OfKey]) -> list[_Pair]:
    pairs = []
    for day in days:
        calls, told = _calls_of(day), theirs.get(day, {})
        for token_hash in sorted({*calls, *told}):
            mine, other = calls.get(token_hash, DailySums()), told.get(token_hash, DailySums())
            pairs.append(_Pair(day, token_hash, Against.DAILY, mine, other))
        rollups = _rollups_of(day)
        total = sum(calls.values(), DailySums())
        of_rollups = _Pair(day, "", Against.ROLLUPS, total, rollups)
        pairs.append(of_rollups if of_rollups.differs else _among_rollups(day) or of_rollups)
    return [pair for pair in pairs if pair.differs]


_CALLS = """
SELECT token_hash, coalesce(sum(requests) FILTER (WHERE status = 'success'), 0)::bigint,
    coalesce(sum(requests) FILTER (WHERE status <> 'success'), 0)::bigint,
    coalesce(sum(prompt_tokens), 0)::bigint, coalesce(sum(completion_tokens), 0)::bigint,
    coalesce(sum(total_tokens), 0)::bigint, coalesce(sum(cached_tokens), 0)::bigint, coalesce(sum(cost), 0)
FROM usage_logs WHERE started_at >= %s AND started_at < %s GROUP BY 1
"""
_ROLLUPS = """
SELECT coalesce(sum(requests) FILTER (WHERE status = 'success'), 0)::bigint,
    coalesce(sum(requests) FILTER (WHERE status <> 'success'), 0)::bigint,
    coalesce(sum(prompt_tokens), 0)::bigint, coalesce(sum(completion_tokens), 0)::bigint,
    coalesce(sum(total_tokens), 0)::bigint, coalesce(sum(cached_tokens), 0)::bigint, coalesce(sum(cost), 0)
FROM usage_quarters q JOIN usage_series s ON s.id = q.series_id WHERE bucket >= %s AND bucket < %s
"""


def _among_rollups(day: date) -> _Pair | None:
    """The coarser rollups of the day, and of its month, against those that they are made of."""
    if (found := contradiction(day)) is None:
        return None
    right, wrong = (DailySums(requests=one.requests, total_tokens=one.tokens, cost=one.cost) for one in found)
    return _Pair(day, "", Against.ROLLUPS, right, wrong)


def _span(day: date) -> list[datetime]:
    start = datetime.combine(day, time(), UTC)
    return [start, start + timedelta(days=1)]


def _calls_of(day: date) -> dict[str, DailySums]:
    with connection.cursor() as cursor:
        cursor.execute(_CALLS, _span(day))
        return {token_hash: DailySums(*sums) for token_hash, *sums in cursor.fetchall()}


def _rollups_of(day: date) -> DailySums:
    with connection.cursor() as cursor:
        cursor.execute(_ROLLUPS, _span(day))
        return DailySums(*cursor.fetchone())


def _heal(pairs: list[_Pair], now: datetime) -> None:
    """Read days again on which the gateway tells more than we have, and sum days anew whose sums are wrong."""
    for day in sorted({p.day for p in pairs if p.against == Against.DAILY and _is_short(p)}):
        start, end = _span(day)
        services.read_again(Window(start, min(end, now)), now=now)
    wrong = sorted({p.day for p in pairs if p.against == Against.ROLLUPS})
    for day in wrong:
        # A UTC day touches two days of another zone.
        rebuild_rollups(day - timedelta(days=1), day + timedelta(days=1))


def _is_short(pair: _Pair) -> bool:
    return (
        pair.mine.requests < pair.other.requests
        or pair.mine.total_tokens < pair.other.total_tokens
        or pair.mine.cost < pair.other.cost
    )


def _is_same_cost(mine: Decimal, other: Decimal) -> bool:
    return abs(mine - other) <= NOISE * max(Decimal(1), abs(mine), abs(other))


def _kind_of(pair: _Pair, all_pairs: list[_Pair]) -> str:
    """Why, as far as the figures tell."""
    if pair.against == Against.ROLLUPS:
        return Kind.ROLLUP
    more = pair.mine.requests - pair.other.requests
    if more == 0 and pair.mine.total_tokens == pair.other.total_tokens:
        return Kind.PRICE
    for near in all_pairs:
        is_neighbour = near.token_hash == pair.token_hash and abs((near.day - pair.day).days) == 1
        if is_neighbour and more and near.mine.requests - near.other.requests == -more:
            return Kind.TIME_ZONE
    if more > 0 and _repeated(pair) >= more:
        return Kind.DOUBLE
    if not pair.mine.requests and not pair.token_hash:
        return Kind.UNKNOWN_KEY
    return Kind.LOST


def _repeated(pair: _Pair) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM usage_logs WHERE started_at >= %s AND started_at < %s"
            " AND same_id_as IS NOT NULL AND token_hash = %s",
            [*_span(pair.day), pair.token_hash],
        )
        return int(cursor.fetchone()[0])


def _store(pair: _Pair, kind: str, now: datetime, *, healed: bool) -> None:
    facts = {
        "kind": kind,
        "requests": pair.mine.requests,
        "other_requests": pair.other.requests,
        "tokens": pair.mine.total_tokens,
        "other_tokens": pair.other.total_tokens,
        "cost": pair.mine.cost,
        "other_cost": pair.other.cost,
        "seen_at": now,
        "healed_at": now if healed else None,
    }
    UsageDifference.objects.update_or_create(
        day=pair.day,
        token_hash=pair.token_hash,
        against=pair.against,
        defaults=facts,
        create_defaults={**facts, "found_at": now},
    )


_EXPLAINED = {Kind.TIME_ZONE, Kind.UNKNOWN_KEY, Kind.DOUBLE}


def _store_trust(days: list[date], theirs: dict[date, daily.OfKey], left: list[_Pair], now: datetime) -> None:
    for day in days:
        mine = sum(_calls_of(day).values(), DailySums())
        other = sum(theirs.get(day, {}).values(), DailySums())
        kinds = {_kind_of(pair, left) for pair in left if pair.day == day}
        state = UsageTrust.State.EXPLAINED if kinds <= _EXPLAINED else UsageTrust.State.DIFFERS
        facts = {
            "state": state if kinds else UsageTrust.State.VERIFIED,
            "checked_at": now,
            "requests": mine.requests,
            "gateway_requests": other.requests,
            "cost": mine.cost,
            "gateway_cost": other.cost,
        }
        UsageTrust.objects.update_or_create(day=day, defaults=facts)
