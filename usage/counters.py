"""Compares the gateway's spend counters of keys with the ledger, each in the window that its budget is in.

A counter was read at some moment and lags behind the calls a little: it is right when it lies between what the ledger
held a quarter of an hour before that and what it holds now.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Min

from apikeys.models import ApiKey
from litellm_sync.models import GatewaySpend
from usage.budgets.spending import quarter_after
from usage.budgets.windows import QUARTER, Window, quarter_of, window_of
from usage.cubes.answers import groups_between
from usage.daily import NOISE
from usage.figures import Figures
from usage.models import BackfilledWindow, UsageCursor, UsageDifference
from usage.questions import Filters
from usage.rows import SOURCE

Kind, Against = UsageDifference.Kind, UsageDifference.Against
# Before any call that the ledger takes.
_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
# Up to so many keys are looked up one by one; more are cheaper in one sweep over all.
_FEW = 200
_NOTHING = Figures()


@dataclass(frozen=True, slots=True)
class _Counter:
    """What all secrets of one portal key have spent in the window, and when the newest of them was read."""

    key_id: UUID
    gateway_id: str
    spend: Decimal
    as_of: datetime
    window: Window
    is_renewed: bool


def compare_counters(now: datetime) -> int:
    """Store what differs; how many differences nothing explains."""
    counters = _counters(now)
    least = _spent(counters, lambda one: (_up(one.window.start), quarter_of(one.as_of - QUARTER)), now)
    most = _spent(counters, lambda one: (quarter_of(one.window.start), quarter_after(now)), now)
    begun, found = _reading_began(), 0
    for one in counters:
        low, high = least.get(one.key_id, _NOTHING).cost, most.get(one.key_id, _NOTHING)
        is_less, is_more = _is_below(one.spend, low), _is_below(high.cost, one.spend)
        if is_more and (begun is None or one.window.start < begun):
            # What was used before the ledger began is not in it.
            is_more = False
        if is_less or is_more:
            # A counter that began anew is explained: nothing is wrong.
            is_reset = is_less and one.is_renewed
            _store(one, high, now, is_reset=is_reset)
            found += not is_reset
    still = UsageDifference.objects.filter(against=Against.COUNTER, healed_at=None, seen_at__lt=now)
    still.update(healed_at=now)
    return found


def _counters(now: datetime) -> list[_Counter]:
    rows: dict[UUID, list[GatewaySpend]] = {}
    for row in GatewaySpend.objects.filter(kind="key").order_by("as_of", "gateway_id"):
        rows.setdefault(row.object_id, []).append(row)
    keys = ApiKey.objects.in_bulk(list(rows))
    found = [_counter(keys[pk], of_key, now) for pk, of_key in rows.items() if pk in keys]
    return [one for one in found if one is not None]


def _counter(key: ApiKey, rows: list[GatewaySpend], now: datetime) -> _Counter | None:
    """None while the newest figure is of a window that has ended: the next reading tells."""
    newest = rows[-1]
    if newest.budget_reset_at and newest.budget_reset_at <= now:
        return None
    window = window_of(
        key.budget_window, now=newest.as_of, resets_at=newest.budget_reset_at, since=key.created_at
    )
    # A secret that is gone keeps its last figure here; it counts while its window lasts.
    spend = sum(
        (row.spend for row in rows if not row.budget_reset_at or row.budget_reset_at > now), Decimal(0)
    )
    is_renewed = newest.budget_reset_at is not None
    return _Counter(key.pk, newest.gateway_id, spend, newest.as_of, window, is_renewed)


def _spent(
    counters: Iterable[_Counter], span_of: Callable[[_Counter], tuple[datetime, datetime]], now: datetime
) -> dict[UUID, Figures]:
    """The ledger's figures of each key: a statement per span, of which there are few."""
    spans: dict[tuple[datetime, datetime], list[UUID]] = {}
    for one in counters:
        start, end = span_of(one)
        # Without a window all of the key's usage counts: the same span for all such keys.
        spans.setdefault((_BEGINNING if one.window.end is None else start, end), []).append(one.key_id)
    found: dict[UUID, Figures] = {}
    for (start, end), ids in spans.items():
        if start >= end:
            continue
        wanted = set(ids)
        filters = Filters(apiKey=ids) if len(ids) <= _FEW else Filters()
        groups = groups_between(start, end, ("apiKey",), now=now, filters=filters)
        found |= {pk: g.figures for g in groups for pk in g.labels if isinstance(pk, UUID) and pk in wanted}
    return found


def _up(moment: datetime) -> datetime:
    begun = quarter_of(moment)
    return begun if begun == moment else begun + QUARTER


def _is_below(one: Decimal, other: Decimal) -> bool:
    return other - one > NOISE * max(Decimal(1), abs(one), abs(other))


def _reading_began() -> datetime | None:
    cursor = UsageCursor.objects.filter(source=SOURCE).values_list("begun_at", flat=True).first()
    past = BackfilledWindow.objects.filter(source=SOURCE).aggregate(start=Min("start"))["start"]
    return min((moment for moment in (cursor, past) if moment), default=None)


def _store(one: _Counter, mine: Figures, now: datetime, *, is_reset: bool) -> None:
    day = one.as_of.astimezone(UTC).date()
    facts = {
        "kind": Kind.BUDGET_RESET if is_reset else Kind.LOST,
        "requests": mine.requests,
        "other_requests": None,
        "tokens": mine.total_tokens,
        "other_tokens": None,
        "cost": mine.cost,
        "other_cost": one.spend,
        "seen_at": now,
        "healed_at": now if is_reset else None,
    }
    UsageDifference.objects.update_or_create(
        day=day,
        token_hash=one.gateway_id,
        against=Against.COUNTER,
        defaults=facts,
        create_defaults={**facts, "found_at": now},
    )
