"""What the first page tells: how one stands with subscriptions, keys, money and messages, and what operators watch."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import User
from apikeys.models import ApiKey
from apikeys.web.states import EXPIRES_SOON
from catalog.models import Model, SyncRun
from litellm_sync.client import gateway
from litellm_sync.models import GatewayObject
from litemaas.web.charts import Chart, Series
from notifications.models import Notification, NotificationQuerySet
from subscriptions.models import Subscription
from usage.budgets.holders import Holder, holder
from usage.budgets.spending import spend_of
from usage.figures import Figures, grouped
from usage.lines import lines_of
from usage.models import BudgetKind, UserMonth
from usage.periods import last_days
from usage.quality import coverage
from usage.questions import Question
from usage.scopes import Scope

_DAYS = 7
_LATEST = 5
# A failure that is older than this has been seen, or has been followed by many others.
_RECENT = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """Counts and rows of what is one's own; `models` is how many the catalogue has. `expiring` are keys by date,
    `newest` is the one that was made last."""

    models: int
    active: int
    pending: list[Subscription]
    keys: int
    expiring: list[ApiKey]
    has_called: bool
    newest: ApiKey | None = None

    @property
    def is_new(self) -> bool:
        """Whether a first step is left."""
        return not (self.active and self.keys and self.has_called)


@dataclass(frozen=True)
class Money:
    """`budget` None: no limit. `spent` is of its window. `days` are the costs of the last week, None = not read.
    `differing_days` are those of them that the gateway sums up differently."""

    budget: Holder | None
    spent: Decimal | None
    days: Chart
    total: Decimal
    unpriced: int
    has_calls: bool
    as_of: datetime | None
    differing_days: list[date]


@dataclass(frozen=True)
class Operations:
    """What operators look at first. `waiting` and `refused` count changes that the gateway has not got."""

    requests: int
    waiting: int
    refused: int
    is_gateway_up: bool
    last_run: SyncRun | None
    failed_runs: int


def standing_of(user: User, *, has_calls: bool, now: datetime) -> Standing:
    """`has_calls`: whether a call is known already, which spares the question."""
    mine = Subscription.objects.kept().filter(user=user).order_by("-status_changed_at")
    rows = list(mine.only("status", "model_id", "status_changed_at"))
    keys = list(ApiKey.objects.filter(owner=user).live(now).only("name", "expires_at", "created_at"))
    soon = [key for key in keys if key.expires_at is not None and key.expires_at - now < EXPIRES_SOON]
    return Standing(
        models=Model.objects.available().count(),
        active=sum(1 for row in rows if row.is_active),
        pending=[row for row in rows if row.is_pending],
        keys=len(keys),
        expiring=sorted(soon, key=lambda key: key.expires_at or now),
        has_called=has_calls or UserMonth.objects.filter(user_id=user.pk).exists(),
        newest=max(keys, key=lambda key: key.created_at, default=None),
    )


def money_of(user: User, *, now: datetime) -> Money:
    """The own budget, and what the last seven days cost."""
    budget = holder(BudgetKind.USER, user.pk, now=now) if user.max_budget is not None else None
    spent = spend_of([budget], now=now)[budget.kind, budget.id] if budget else None
    period = last_days(_DAYS, now)
    lines = lines_of(Question(Scope.of(user), period), now=now)
    by_day = grouped(lines, lambda line: line.at)
    quality = coverage(period, now=now, since=user.created_at)
    costs = [
        None if day not in by_day and day in quality.missing_days else by_day.get(day, Figures()).cost
        for day in period
    ]
    days = [day.isoformat() for day in period]
    chart = Chart("home-spend", "line", _("Cost"), _("Day"), days, [Series(_("Cost"), costs)], "money")
    return Money(
        budget,
        spent,
        chart,
        sum((figures.cost for figures in by_day.values()), Decimal(0)),
        sum(figures.unpriced for figures in by_day.values()),
        bool(lines),
        quality.as_of,
        quality.differing_days if lines else [],
    )


def latest_messages(user: User) -> NotificationQuerySet:
    return Notification.objects.visible_to(user).events().order_by("-created_at", "id")[:_LATEST]


def operations(*, now: datetime) -> Operations:
    """The gateway is not asked: whether it answers is what the last calls found."""
    dirty = GatewayObject.objects.dirty()
    runs = SyncRun.objects.order_by("-started_at", "-pk")
    ended_badly = runs.filter(
        state__in=[SyncRun.State.FAILED, SyncRun.State.STOPPED], started_at__gte=now - _RECENT
    )
    return Operations(
        requests=Subscription.objects.kept().filter(status=Subscription.Status.PENDING).count(),
        waiting=dirty.filter(parked_at=None).count(),
        refused=dirty.exclude(parked_at=None).count(),
        is_gateway_up=not gateway().breaker.is_open,
        last_run=runs.first(),
        failed_runs=ended_badly.count(),
    )
