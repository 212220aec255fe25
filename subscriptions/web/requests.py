"""Requests for models and everybody's subscriptions, for those who decide. Read-only administrators look."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from litemaas.web.forms import show_refusal
from litemaas.web.paging import page_of
from litemaas.web.tables import Column, Table
from litemaas.web.templatetags.pf_labels import SUBSCRIPTION_LOOKS
from subscriptions import policies, quota_rules, services
from subscriptions.counts import request_stats
from subscriptions.models import Subscription
from subscriptions.states import Act, targets_of
from subscriptions.web.forms import ReadReasonForm, ReasonForm, RequestFilter

REQUESTS: Table[Subscription] = Table(
    "requests",
    [
        Column(
            "user", gettext_lazy("User"), lambda row: row.user.username, order="user__username", is_fixed=True
        ),
        Column(
            "email", gettext_lazy("E-mail"), lambda row: row.user.email, order="user__email", is_extra=True
        ),
        Column("model", gettext_lazy("Model"), lambda row: row.model_id, order="model_id"),
        Column("provider", gettext_lazy("Provider"), lambda row: row.model.provider, is_extra=True),
        Column(
            "status", gettext_lazy("Status"), lambda row: SUBSCRIPTION_LOOKS[row.status].word, order="status"
        ),
        Column("reason", gettext_lazy("Reason"), lambda row: row.status_reason),
        Column("requested", gettext_lazy("Requested"), lambda row: row.created_at, order="created_at"),
        Column(
            "changed", gettext_lazy("Changed"), lambda row: row.status_changed_at, order="status_changed_at"
        ),
        Column(
            "by", gettext_lazy("By"), lambda row: row.status_changed_by and row.status_changed_by.username
        ),
        Column(
            "requests",
            gettext_lazy("Requests per month"),
            lambda row: row.quota_requests,
            order="quota_requests",
            numeric=True,
            is_extra=True,
        ),
        Column(
            "tokens",
            gettext_lazy("Tokens per month"),
            lambda row: row.quota_tokens,
            order="quota_tokens",
            numeric=True,
            is_extra=True,
        ),
    ],
    sort="-changed",
)


@require_GET
@signed_in
def requests(request: PageRequest) -> HttpResponseBase:
    if not request.user.may("admin:subscriptions:read"):
        raise errors.Forbidden
    now = timezone.now()
    stats = request_stats(quota_rules.day_start(now))
    chosen = RequestFilter(request.GET, has_pending=stats["pendingCount"] > 0)
    rows = Subscription.objects.visible_to(request.user).select_related("user", "model", "status_changed_by")
    table = REQUESTS.shown_to(request)
    found = table.sorted(chosen.apply(rows, now=now))
    if table.wants_file:
        return table.file(found)
    page = page_of(found, request.GET)
    may_decide, reason = policies.may_decide(request.user), _("Only administrators can change this.")
    values = {
        "filter": chosen,
        "table": table,
        "page": page,
        "stats": stats,
        "may_decide": may_decide,
        "decide_locked": "" if may_decide else reason,
        "delete_locked": "" if policies.may_delete(request.user) else reason,
        "can_decide_any": any(row.is_pending for row in page),
    }
    return render(request, "subscriptions/requests.html", values)


@require_http_methods(["GET", "POST"])
@signed_in
def revert(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """Take a decision back. `to` is the state that it then is in; who loses access is told why."""
    if not policies.may_decide(request.user):
        raise errors.Forbidden
    row = Subscription.objects.visible_to(request.user).select_related("user").get_or_refuse(subscription_id)
    new = request.POST.get("to") or request.GET.get("to", "")
    if new not in targets_of(row.status, Act.REVERT):
        messages.info(request, _("That is not possible any more. Somebody was faster."))
        return redirect("subscription", row.pk)
    form_class = ReasonForm if new == Subscription.Status.ACTIVE else ReadReasonForm
    form = form_class(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.revert_subscription(
                actor=request.user,
                subscription_id=row.pk,
                new_status=new,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except errors.InvalidStateTransition as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("The decision is taken back."))
            return redirect("subscription", row.pk)
    return render(request, "subscriptions/revert.html", {"row": row, "form": form, "to": new})


@require_http_methods(["GET", "POST"])
@signed_in
def delete(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """End somebody's subscription and take it off all lists."""
    if not policies.may_delete(request.user):
        raise errors.Forbidden
    row = Subscription.objects.visible_to(request.user).select_related("user").get_or_refuse(subscription_id)
    form = ReadReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.delete_subscription(
            actor=request.user,
            subscription_id=row.pk,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
        messages.success(request, _("The subscription is deleted. Its history is kept."))
        return redirect("subscription_requests")
    return render(request, "subscriptions/delete.html", {"row": row, "form": form})
