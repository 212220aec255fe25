"""Watches budgets: an alert for each threshold that the ledger's spend has crossed, once per window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from litemaas import currency
from notifications.services import notify
from usage.budgets.holders import Holder, all_holders
from usage.budgets.spending import Spends, spend_of
from usage.models import DEFAULT_THRESHOLDS, AlertDelivery, AlertThresholds, BudgetAlert, BudgetKind, Webhook

# Stands for the soft budget among the thresholds.
SOFT = 0
_TITLES = {
    BudgetKind.USER: gettext_noop("%(percent)s %% of your budget is used"),
    BudgetKind.TEAM: gettext_noop("%(percent)s %% of the budget of team %(name)s is used"),
    BudgetKind.KEY: gettext_noop("%(percent)s %% of the budget of API key %(name)s is used"),
}
_SOFT_TITLES = {
    BudgetKind.USER: gettext_noop("Your soft budget is used up"),
    BudgetKind.TEAM: gettext_noop("The soft budget of team %(name)s is used up"),
    BudgetKind.KEY: gettext_noop("The soft budget of API key %(name)s is used up"),
}
_BODY = gettext_noop("%(spend)s of %(budget)s %(currency)s were spent in this budget window.")


@dataclass(frozen=True, slots=True)
class Crossing:
    holder: Holder
    threshold: int
    budget: Decimal
    spend: Decimal


def watch_budgets(*, now: datetime) -> int:
    """Raise what is due; how many alerts. Running twice, or twice at once, raises each once.

    Of several thresholds that were passed at once people hear of the highest; webhooks hear of all.
    """
    holders = all_holders(now=now)
    due = crossings(holders, spend_of(holders, now=now))
    highest: dict[UUID, int] = {}
    for one in due:
        highest[one.holder.id] = max(one.threshold, highest.get(one.holder.id, SOFT))
    return sum(_raise(one, now, tells=one.threshold in {SOFT, highest[one.holder.id]}) for one in due)


def crossings(holders: Sequence[Holder], spends: Spends) -> list[Crossing]:
    """Every threshold that is reached, whether or not its alert was raised before."""
    own = thresholds_of((one.kind, one.id) for one in holders)
    found = []
    for one in holders:
        spend = spends[one.kind, one.id]
        if one.max_budget is not None:
            marks = own.get((one.kind, one.id), DEFAULT_THRESHOLDS)
            found += [
                Crossing(one, mark, one.max_budget, spend)
                for mark in marks
                if one.max_budget > 0 and spend * 100 >= one.max_budget * mark
            ]
        if one.soft_budget is not None and 0 < one.soft_budget <= spend:
            found.append(Crossing(one, SOFT, one.soft_budget, spend))
    return _unraised(found)


def thresholds_of(objects: Iterable[tuple[BudgetKind, UUID]]) -> dict[tuple[BudgetKind, UUID], list[int]]:
    """The own thresholds of those that have some."""
    ids = {pk for _kind, pk in objects}
    rows = AlertThresholds.objects.filter(object_id__in=ids) if ids else ()
    return {(BudgetKind(row.kind), row.object_id): row.percents for row in rows}


def _unraised(found: list[Crossing]) -> list[Crossing]:
    """Without those of which an alert is there already: most of them, at every run but one."""
    ids = {one.holder.id for one in found}
    rows = BudgetAlert.objects.filter(object_id__in=ids) if ids else BudgetAlert.objects.none()
    known = set(rows.values_list("kind", "object_id", "window_start", "threshold"))
    return [
        one
        for one in found
        if (one.holder.kind, one.holder.id, one.holder.window.start, one.threshold) not in known
    ]


@transaction.atomic(durable=True)
def _raise(crossing: Crossing, now: datetime, *, tells: bool) -> bool:
    """The alert, the notifications and what is to be delivered, together or not at all."""
    one = crossing.holder
    alert = BudgetAlert(
        kind=one.kind,
        object_id=one.id,
        window_start=one.window.start,
        window_end=one.window.end,
        threshold=crossing.threshold,
        spend=crossing.spend,
        max_budget=crossing.budget,
        name=one.name,
        raised_at=now,
    )
    BudgetAlert.objects.bulk_create([alert], ignore_conflicts=True)
    if not BudgetAlert.objects.filter(pk=alert.pk).exists():
        # Another worker raised it a moment ago.
        return False
    if tells:
        _notify(alert, one, now)
    hooks = [AlertDelivery(alert=alert, webhook=hook, due_at=now) for hook in Webhook.objects.active()]
    AlertDelivery.objects.bulk_create(hooks)
    return True


def _notify(alert: BudgetAlert, one: Holder, now: datetime) -> None:
    is_soft = alert.threshold == SOFT
    notify(
        user_ids=one.told,
        kind="budget_threshold",
        title=(_SOFT_TITLES if is_soft else _TITLES)[one.kind],
        body=_BODY,
        parameters={
            "percent": alert.threshold,
            "name": alert.name,
            "spend": rounded(alert.spend),
            "budget": rounded(alert.max_budget),
            "currency": currency.current()["code"],
        },
        link={BudgetKind.KEY: f"/api-keys/{one.id}", BudgetKind.TEAM: f"/teams/{one.id}"}.get(
            one.kind, "/usage"
        ),
        variant="danger" if alert.threshold >= 100 else "warning",
        once=f"budget:{alert.pk}",
        now=now,
    )


def rounded(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01")))
