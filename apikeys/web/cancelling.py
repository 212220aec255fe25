"""Cancelling a subscription. It is here because it has to say which keys lose the model."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.web.pages import PageRequest, signed_in
from apikeys.models import ApiKey, ApiKeyModel
from subscriptions import services
from subscriptions.models import Subscription
from subscriptions.states import ENDED
from subscriptions.web.views import own


@dataclass(frozen=True)
class Loss:
    """A key that loses the model; `is_blocked`: nothing is left that it could open."""

    key: ApiKey
    is_blocked: bool


@require_http_methods(["GET", "POST"])
@signed_in
def cancel(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """Ask, naming the keys, then end the subscription or withdraw the request."""
    row = own(request).select_related("model").get_or_refuse(subscription_id)
    if request.method != "POST":
        return render(request, "apikeys/cancel.html", {"row": row, "losses": _losses(row)})
    if row.status not in ENDED:
        services.cancel_subscription(actor=request.user, subscription_id=row.pk, now=timezone.now())
    messages.success(request, _("Your subscription to %(model)s has ended.") % {"model": row.model_id})
    return redirect("subscriptions")


def _losses(row: Subscription) -> list[Loss]:
    """What the owner's live keys lose, and which of them nothing is left for."""
    keys = ApiKey.objects.filter(owner_id=row.user_id, model_links__model_id=row.model_id)
    live = list(keys.live(timezone.now()).order_by("name", "id"))
    others = ApiKeyModel.objects.effective().filter(api_key__in=live).exclude(model_id=row.model_id)
    keep = set(others.values_list("api_key_id", flat=True))
    return [Loss(key, key.pk not in keep) for key in live]
