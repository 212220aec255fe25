"""My subscriptions: look, subscribe, cancel, ask again."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from apikeys.models import ApiKey
from litemaas import errors
from litemaas.web.listing import page_of
from subscriptions import services
from subscriptions.errors import AlreadySubscribed
from subscriptions.models import Subscription
from subscriptions.states import ENDED


class SubscriptionFilter(forms.Form):
    search = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": gettext_lazy("Model or provider")}),
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[("", gettext_lazy("Present")), *Subscription.Status.choices],
    )


@login_required
@require_safe
def subscription_list(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    rows = Subscription.objects.filter(user=user).select_related("model")
    has_any = rows.exists()
    form = SubscriptionFilter(request.GET or None)
    asked = form.cleaned_data if request.GET and form.is_valid() else {}
    rows = rows.filter(status=asked["status"]) if asked.get("status") else rows.current()
    if asked.get("search"):
        rows = rows.filter(model__id__icontains=asked["search"])
    page = page_of(request, rows.order_by("-created_at", "id"))
    count = page.paginator.count
    text = ngettext("%(n)s subscription", "%(n)s subscriptions", count) % {"n": count}
    return render(
        request,
        "portal/subscriptions.html",
        {"form": form, "page": page, "count_text": text, "has_any": has_any, "is_filtered": bool(request.GET)},
    )


@login_required
@require_POST
def subscribe(request: HttpRequest) -> HttpResponse:
    """A second click lands on the same page with a notice, not on an error."""
    user = request.user
    assert isinstance(user, User)
    model_id = request.POST.get("model", "")
    try:
        row = services.subscribe(actor=user, model_id=model_id, now=timezone.now())
    except AlreadySubscribed as there:
        messages.info(request, there.message)
    else:
        text = (
            _("You are subscribed to %(model)s. Make a key to use it.")
            if row.is_active
            else _("Your request for %(model)s was sent. You will see the decision here.")
        )
        messages.success(request, text % {"model": model_id})
    return redirect("model", model_id=model_id)


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    row = Subscription.objects.visible_to(user).filter(user=user).select_related("model").filter(pk=pk).first()
    if row is None:
        raise errors.NotFound
    if request.method == "POST":
        if row.status not in ENDED:
            services.cancel_subscription(actor=user, subscription_id=pk, now=timezone.now())
        messages.success(request, _("The subscription to %(model)s has ended.") % {"model": row.model_id})
        return redirect("subscriptions")
    keys = ApiKey.objects.filter(owner=user, model_links__model_id=row.model_id).live(timezone.now())
    return render(request, "portal/cancel_subscription.html", {"row": row, "keys": keys.order_by("name")[:20]})


@login_required
@require_POST
def ask_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    comment = request.POST.get("comment", "")[:500]
    row = services.request_review(actor=user, subscription_id=pk, comment=comment, now=timezone.now())
    messages.success(request, _("Your request was sent again."))
    return redirect("model", model_id=row.model_id)
