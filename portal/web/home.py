"""The first page: where one stands, and what to do next."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from apikeys.models import ApiKey
from apikeys.web.states import EXPIRES_SOON
from catalog.models import Model, SyncRun
from litellm_sync.models import GatewayObject
from subscriptions.models import Subscription
from usage.models import UserMonth


@dataclass(frozen=True)
class Standing:
    """Counts of what is one's own; `models` is what can be seen in the catalogue."""

    models: int
    active: int
    pending: int
    keys: int
    expiring: int
    has_called: bool

    @property
    def is_new(self) -> bool:
        """Whether a first step is left."""
        return not (self.active and self.keys and self.has_called)


@dataclass(frozen=True)
class Operations:
    """What operators look at first. `waiting` and `refused` count changes that the gateway has not got."""

    requests: int
    waiting: int
    refused: int
    last_run: SyncRun | None


@require_GET
@signed_in
def home(request: PageRequest) -> HttpResponse:
    operations = _operations() if request.user.sees_everything else None
    standing = _standing(request.user, timezone.now())
    return render(request, "portal/home.html", {"standing": standing, "operations": operations})


def _standing(user: User, now: datetime) -> Standing:
    statuses = list(Subscription.objects.filter(user=user).values_list("status", flat=True))
    expiries = list(ApiKey.objects.filter(owner=user).live(now).values_list("expires_at", flat=True))
    return Standing(
        models=Model.objects.available().count(),
        active=statuses.count(Subscription.Status.ACTIVE),
        pending=statuses.count(Subscription.Status.PENDING),
        keys=len(expiries),
        expiring=sum(1 for at in expiries if at is not None and at - now < EXPIRES_SOON),
        has_called=UserMonth.objects.filter(user_id=user.pk).exists(),
    )


def _operations() -> Operations:
    dirty = GatewayObject.objects.dirty()
    return Operations(
        requests=Subscription.objects.filter(status=Subscription.Status.PENDING).count(),
        waiting=dirty.filter(parked_at=None).count(),
        refused=dirty.exclude(parked_at=None).count(),
        last_run=SyncRun.objects.order_by("-started_at").first(),
    )
