"""The first page after sign-in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.models import User
from apikeys.models import ApiKey
from catalog.models import SyncRun
from litellm_sync.models import GatewayObject
from subscriptions.models import Subscription


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Where to go, what is left to do first, and for operators what waits for them."""
    user = request.user
    assert isinstance(user, User)
    now = timezone.now()
    subscribed = Subscription.objects.filter(user=user)
    active = subscribed.active().count()
    keys = ApiKey.objects.filter(owner=user)
    live_keys = keys.live(now).count()
    context = {
        "active": active,
        "pending": subscribed.filter(status=Subscription.Status.PENDING).count(),
        "live_keys": live_keys,
        "has_called": keys.filter(last_used_at__isnull=False).exists(),
        "is_new": not (active and live_keys),
    }
    if user.sees_everything:
        context["operator"] = {
            "pending": Subscription.objects.filter(status=Subscription.Status.PENDING).count(),
            "waiting": GatewayObject.objects.dirty().filter(parked_at=None).count(),
            "parked": GatewayObject.objects.dirty().filter(parked_at__isnull=False).count(),
            "sync": SyncRun.objects.order_by("-started_at").first(),
        }
    return render(request, "portal/home.html", context)
