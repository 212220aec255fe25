"""How somebody stands: budgets with forecast, and quotas, in one reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.models import User
from litellm_sync.models import budget_reset_of, spend_as_of
from litellm_sync.models import spend_of as gateway_spend_of
from subscriptions.models import Subscription
from subscriptions.quota_rules import window_end, window_start
from usage.budgets.alerting import thresholds_of
from usage.budgets.forecasting import Forecast, forecasts_of
from usage.budgets.holders import Holder, holder, holders_of
from usage.budgets.spending import spend_of
from usage.models import DEFAULT_THRESHOLDS, BudgetKind, UsageCursor
from usage.rows import SOURCE


@dataclass(frozen=True, slots=True)
class BudgetState:
    """`spend` is the ledger's."""

    holder: Holder
    spend: Decimal
    thresholds: list[int]
    forecast: Forecast | None


@dataclass(frozen=True, slots=True)
class QuotaState:
    """Used NULL: not counted yet this month."""

    subscription: Subscription
    used_requests: int | None
    used_tokens: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    budgets: list[BudgetState]
    quotas: list[QuotaState]
    quotas_reset_at: datetime
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class GatewayBudget:
    """The person's own budget as the gateway has it; NULL = it never told."""

    max_budget: Decimal | None
    budget_window: str
    spend: Decimal | None
    resets_at: datetime | None
    as_of: datetime | None


def standing_of(user: User, *, now: datetime) -> Standing:
    budgets = _states(holders_of(user, now=now), now)
    cursor = UsageCursor.objects.filter(source=SOURCE).first()
    return Standing(budgets, _quotas(user, now), window_end(now), cursor.moved_at if cursor else None)


def own_budget(user: User, *, now: datetime) -> BudgetState | None:
    """The person's own budget alone; None without one."""
    if user.max_budget is None:
        return None
    found = holder(BudgetKind.USER, user.pk, now=now)
    return _states([found], now)[0] if found else None


def _states(holders: Sequence[Holder], now: datetime) -> list[BudgetState]:
    spends = spend_of(holders, now=now)
    forecasts = forecasts_of(holders, spends, now=now)
    own = thresholds_of((one.kind, one.id) for one in holders)
    states = []
    for one in holders:
        key = (one.kind, one.id)
        states.append(BudgetState(one, spends[key], own.get(key, DEFAULT_THRESHOLDS), forecasts.get(key)))
    return states


def _quotas(user: User, now: datetime) -> list[QuotaState]:
    month = window_start(now)
    rows = Subscription.objects.current().filter(user=user).order_by("model_id")
    found = []
    for row in rows:
        is_counted = row.quota_window_start == month
        used = (row.used_requests, row.used_tokens) if is_counted else (None, None)
        found.append(QuotaState(row, *used))
    return found


def gateway_budget_of(user: User) -> GatewayBudget:
    row = (
        User.objects.filter(pk=user.pk)
        .annotate(spend=gateway_spend_of("user"), resets=budget_reset_of("user"), as_of=spend_as_of("user"))
        .values_list("max_budget", "budget_window", "spend", "resets", "as_of")
        .get()
    )
    return GatewayBudget(*row)
