"""What a window will have cost at its end, with an interval whose coverage is counted.

The days of the last four weeks are taken as draws of the days to come: the rest of the window costs their mean per
day, and the sum of independent days spreads by the root of their number. The interval means to hold four times in
five; `coverage` tells how often it really did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from usage.budgets.holders import DIMENSION_OF, Holder, all_holders
from usage.budgets.spending import spend_between, spend_of
from usage.cubes.answers import groups_of
from usage.models import BudgetForecast, BudgetKind, ForecastTally
from usage.periods import Period, reporting_zone, today
from usage.questions import Filters, Question
from usage.scopes import Scope

MEANT_COVERAGE = 0.8
_SPREADS = Decimal("1.2816")  # of the normal distribution, for four in five
_LOOK_BACK = 28
_LEAST_DAYS = 3
_DAY = timedelta(days=1)
_YEAR = timedelta(days=365)
_KEPT = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class Forecast:
    """US dollars at the end of the window."""

    low: Decimal
    expected: Decimal
    high: Decimal


def forecast(spend: Decimal, daily: Sequence[Decimal], *, left: timedelta) -> Forecast | None:
    """`daily` are the costs of past days, those without usage among them; None when they are too few."""
    if len(daily) < _LEAST_DAYS:
        return None
    days = Decimal(max(left.total_seconds(), 0)) / 86_400
    mean = sum(daily, Decimal(0)) / len(daily)
    variance = sum(((day - mean) ** 2 for day in daily), Decimal(0)) / (len(daily) - 1)
    # The mean is itself known from few days only, which spreads the longer the rest is.
    spread = _SPREADS * (variance * (days + days * days / len(daily))).sqrt()
    expected = spend + mean * days
    return Forecast(max(spend, expected - spread), expected, expected + spread)


def daily_costs(
    kind: BudgetKind, ids: Sequence[UUID], *, now: datetime, few: bool = True
) -> dict[UUID, list[Decimal]]:
    """Costs of each of the last 28 whole days, from the first day with usage on."""
    last = today(now) - _DAY
    period = Period(last - (_LOOK_BACK - 1) * _DAY, last, reporting_zone())
    dimension, wanted = DIMENSION_OF[kind], set(ids)
    filters = Filters(**{dimension: list(ids)}) if few else Filters()  # type: ignore[arg-type]
    costs: dict[UUID, dict[date, Decimal]] = {}
    for group in groups_of(Question(Scope(), period, filters), (dimension,), now=now, every="day"):
        label = group.labels[0]
        if group.span and isinstance(label, UUID) and label in wanted:
            costs.setdefault(label, {})[group.span.day] = group.figures.cost
    return {
        pk: [by_day.get(day, Decimal(0)) for day in period if day >= min(by_day)]
        for pk, by_day in costs.items()
    }


def forecasts_of(
    holders: Sequence[Holder], spends: dict[tuple[BudgetKind, UUID], Decimal], *, now: datetime
) -> dict[tuple[BudgetKind, UUID], Forecast]:
    """Of those whose window ends and who have used enough to tell."""
    found = {}
    for kind in BudgetKind:
        group = [one for one in holders if one.kind == kind and one.window.end]
        if not group:
            continue
        daily = daily_costs(kind, [one.id for one in group], now=now, few=len(group) <= 200)
        for one in group:
            key = (one.kind, one.id)
            assert one.window.end is not None  # noqa: S101  filtered above
            made = forecast(spends[key], daily.get(one.id, []), left=one.window.end - now)
            if made:
                found[key] = made
    return found


def forecast_budgets(*, now: datetime) -> int:
    """Keep today's forecast of everybody's window, and settle those of windows that ended; how many of these."""
    holders = all_holders(now=now)
    spends = spend_of(holders, now=now)
    keep_forecasts(holders, forecasts_of(holders, spends, now=now), now=now)
    return settle_forecasts(now=now)


def keep_forecasts(
    holders: Sequence[Holder], made: dict[tuple[BudgetKind, UUID], Forecast], *, now: datetime
) -> None:
    """One a day per window; keeping them again changes nothing."""
    rows = [
        BudgetForecast(
            kind=one.kind,
            object_id=one.id,
            window_start=one.window.start,
            window_end=one.window.end or one.window.start,
            made_on=now.astimezone(UTC).date(),
            low=made[one.kind, one.id].low,
            expected=made[one.kind, one.id].expected,
            high=made[one.kind, one.id].high,
        )
        for one in holders
        if (one.kind, one.id) in made
    ]
    BudgetForecast.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


_SETTLE = """
WITH settled AS (
    UPDATE budget_forecasts f SET actual = coalesce(c.cost, 0)
    FROM unnest(%(ids)s::uuid[], %(costs)s::numeric[]) AS c(id, cost)
    WHERE f.kind = %(kind)s AND f.window_start = %(start)s AND f.window_end = %(end)s AND f.object_id = c.id
        AND f.actual IS NULL
    RETURNING f.actual >= f.low AND f.actual <= f.high AS held
), counted AS (
    INSERT INTO budget_forecast_tallies AS t (settled_on, forecasts, held)
    SELECT %(today)s, count(*), count(*) FILTER (WHERE held) FROM settled HAVING count(*) > 0
    ON CONFLICT (settled_on)
        DO UPDATE SET forecasts = t.forecasts + excluded.forecasts, held = t.held + excluded.held
)
SELECT count(*) FROM settled
"""


def settle_forecasts(*, now: datetime) -> int:
    """Write down what ended windows really cost, a day after their end, when late calls are in; how many forecasts."""
    ended = BudgetForecast.objects.filter(actual__isnull=True, window_end__lte=now - _DAY)
    windows = set(ended.values_list("kind", "window_start", "window_end"))
    settled = 0
    for kind, start, end in sorted(windows):
        rows = ended.filter(kind=kind, window_start=start, window_end=end)
        ids = list(rows.values_list("object_id", flat=True).distinct())
        costs = spend_between(BudgetKind(kind), ids, start, end, now=now)
        values: dict[str, Any] = {"kind": kind, "start": start, "end": end, "ids": ids}
        values |= {"costs": [costs.get((BudgetKind(kind), pk)) for pk in ids]}
        with connection.cursor() as cursor:
            # Row and tally in one statement: two workers count each forecast once.
            cursor.execute(_SETTLE, values | {"today": now.astimezone(UTC).date()})
            settled += cursor.fetchone()[0]
    return settled


def coverage(*, now: datetime) -> float | None:
    """How often what really came lay within the interval in the last year, 0 to 1; None while no window has ended."""
    recent = ForecastTally.objects.filter(settled_on__gt=now.astimezone(UTC).date() - _YEAR)
    counts = recent.aggregate(all=Sum("forecasts"), held=Sum("held"))
    return counts["held"] / counts["all"] if counts["all"] else None


def forget_forecasts(*, now: datetime) -> int:
    """Forecasts of windows that ended long ago; their tally stays. How many went."""
    old = BudgetForecast.objects.filter(actual__isnull=False, window_end__lt=now - _KEPT)
    return old.delete()[0]
