"""Pages of one's own subscriptions. Cancelling has to name the keys it touches and is in `apikeys.web`."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.web.pages import PageRequest, signed_in
from catalog.models import Model
from litemaas import errors
from litemaas.web.forms import show_refusal
from litemaas.web.paging import page_of
from subscriptions import policies, quota_rules, services
from subscriptions.errors import AlreadySubscribed
from subscriptions.models import Subscription, SubscriptionQuerySet
from subscriptions.web.forms import ReviewForm, SubscribeForm, SubscriptionFilter


def own(request: PageRequest) -> SubscriptionQuerySet:
    """These pages are about oneself, also for operators, who could see everybody's."""
    return Subscription.objects.visible_to(request.user).filter(user=request.user)


@require_GET
@signed_in
def subscriptions(request: PageRequest) -> HttpResponse:
    now = timezone.now()
    chosen = SubscriptionFilter(request.GET, models=own(request).order_by("model_id").values_list("model_id"))
    rows = chosen.apply(own(request)).select_related("model").order_by("-created_at", "id")
    page = page_of(rows, request.GET)
    values = {
        "filter": chosen,
        "page": page,
        "items": [(row, *quota_rules.used_now(row, now)) for row in page],
        "resets": quota_rules.window_end(now),
        "is_list": request.GET.get("view") == "list",
        "has_any": bool(chosen.fields["model"].choices[1:]),  # type: ignore[attr-defined]
        "may_subscribe": policies.may_subscribe(request.user),
    }
    return render(request, "subscriptions/list.html", values)


@require_POST
@signed_in
def subscribe(request: PageRequest) -> HttpResponse:
    """Subscribing a second time, or clicking twice, ends on the model's page with a notice."""
    restricted = Model.objects.filter(pk=request.POST.get("model_id", ""), restricted_access=True)
    form = SubscribeForm(request.POST, asks=restricted.exists())
    if not form.is_valid() and "model_id" in form.errors:
        raise errors.NotFound
    model_id = form.cleaned_data["model_id"]
    if form.is_valid():
        try:
            row = services.subscribe(actor=request.user, now=timezone.now(), **form.cleaned_data)
        except AlreadySubscribed as error:
            messages.info(request, error.message)
            return redirect("model", model_id)
        except errors.InvalidInput as error:
            show_refusal(form, error)
        else:
            messages.success(request, _said(row))
            return redirect("model", model_id)
    return render(request, "subscriptions/subscribe.html", {"form": form, "model_id": model_id})


def _said(row: Subscription) -> str:
    if row.is_active:
        return _("You are subscribed to %(model)s.") % {"model": row.model_id}
    return _("Access to %(model)s is requested. An administrator decides.") % {"model": row.model_id}


@require_http_methods(["GET", "POST"])
@signed_in
def review(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """Ask again after a denial."""
    row = own(request).get_or_refuse(subscription_id)
    form = ReviewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.request_review(
                actor=request.user, subscription_id=row.pk, now=timezone.now(), **form.cleaned_data
            )
        except errors.InvalidStateTransition as error:
            show_refusal(form, error)
        else:
            said = _("Your request for %(model)s is sent again.") % {"model": row.model_id}
            messages.success(request, said)
            return redirect("model", row.model_id)
    return render(request, "subscriptions/review.html", {"row": row, "form": form})
