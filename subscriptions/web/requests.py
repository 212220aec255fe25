"""Requests for models and everybody's subscriptions, for those who decide. Read-only administrators look."""

from typing import Literal
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from litemaas.web.forms import show_refusal
from litemaas.web.paging import page_of
from subscriptions import policies, quota_rules, services
from subscriptions.counts import request_stats
from subscriptions.models import Subscription
from subscriptions.states import Act, targets_of
from subscriptions.web.forms import ReadReasonForm, ReasonForm, RequestFilter

_MOST_AT_ONCE = 500


@require_GET
@signed_in
def requests(request: PageRequest) -> HttpResponse:
    if not request.user.may("admin:subscriptions:read"):
        raise errors.Forbidden
    chosen = RequestFilter(request.GET)
    rows = Subscription.objects.visible_to(request.user).select_related("user", "model", "status_changed_by")
    page = page_of(chosen.apply(rows).order_by("-status_changed_at", "id"), request.GET)
    values = {
        "filter": chosen,
        "page": page,
        "stats": request_stats(quota_rules.day_start(timezone.now())),
        "may_decide": policies.may_decide(request.user),
        "is_plain": not any(chosen.cleaned_data.values()),
    }
    return render(request, "subscriptions/requests.html", values)


@require_http_methods(["GET", "POST"])
@signed_in
def decide(request: PageRequest) -> HttpResponse:
    """Name what is about to be decided, ask for the reason, decide, and say how each went."""
    if not policies.may_decide(request.user):
        raise errors.Forbidden
    query = request.POST if request.method == "POST" else request.GET
    verdict: Literal["approve", "deny"] = "deny" if query.get("verdict") == "deny" else "approve"
    ids = _uuids(query.getlist("chosen"))
    if not ids:
        messages.info(request, _("Choose at least one request first."))
        return redirect("subscription_requests")
    form_class = ReadReasonForm if verdict == "deny" else ReasonForm
    form = form_class(request.POST if request.method == "POST" else None)
    found = Subscription.objects.visible_to(request.user).filter(pk__in=ids)
    chosen = list(found.select_related("user").order_by("user__username", "model_id"))
    if request.method == "POST" and form.is_valid():
        return _decided(request, verdict, chosen, form.cleaned_data["reason"])
    values = {"form": form, "verdict": verdict, "chosen": chosen}
    return render(request, "subscriptions/decide.html", values)


def _decided(
    request: PageRequest, verdict: Literal["approve", "deny"], chosen: list[Subscription], reason: str
) -> HttpResponse:
    result = services.decide_many(
        verdict,
        actor=request.user,
        subscription_ids=[row.pk for row in chosen],
        reason=reason,
        now=timezone.now(),
    )
    done = len(result.done)
    if done:
        messages.success(
            request, ngettext("%(n)s request decided.", "%(n)s requests decided.", done) % {"n": done}
        )
    if not result.refused:
        return redirect("subscription_requests")
    refused = [(row, result.refused[row.pk]) for row in chosen if row.pk in result.refused]
    return render(request, "subscriptions/decided.html", {"refused": refused, "done": done})


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts[:_MOST_AT_ONCE]:
        try:
            found.append(UUID(text))
        except ValueError:
            raise errors.NotFound from None
    return found


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
