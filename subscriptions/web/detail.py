"""What happened to a subscription, and what its owner or an administrator may change of it.

Its page needs the keys that use it and is in `portal.web.subscription`.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from litemaas.web import conflicts
from litemaas.web.forms import show_refusal
from subscriptions import policies, quota_rules, services
from subscriptions.actions import allowed_actions
from subscriptions.models import Subscription
from subscriptions.web.forms import QuotasForm, ReasonForm


@require_GET
@signed_in
def history(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """What happened to it, beside the list from which one asks."""
    row = visible(request, subscription_id)
    steps = row.history.select_related("changed_by")
    return render(request, "subscriptions/history.html", {"row": row, "history": steps})


def may(row: Subscription, request: PageRequest) -> set[str]:
    """The acts that are offered, as words that templates can test."""
    standing = {"status": row.status, "suspended_by": row.suspended_by, "user_id": row.user_id}
    return set(allowed_actions(standing, request.user))


def visible(request: PageRequest, pk: UUID) -> Subscription:
    """One's own; operators see everybody's."""
    rows = Subscription.objects.visible_to(request.user).select_related("model", "user", "status_changed_by")
    return rows.get_or_refuse(pk)


def _changeable(request: PageRequest, pk: UUID) -> Subscription:
    """Read-only administrators see it, and change nothing of it."""
    row = visible(request, pk)
    if row.user_id != request.user.pk and not policies.may_decide(request.user):
        raise errors.Forbidden
    return row


@require_http_methods(["GET", "POST"])
@signed_in
def suspend(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    said = _("The subscription to %(model)s is suspended.")
    return _with_reason(request, subscription_id, "suspend", services.suspend_subscription, said)


@require_http_methods(["GET", "POST"])
@signed_in
def resume(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    said = _("The subscription to %(model)s goes on.")
    return _with_reason(request, subscription_id, "resume", services.resume_subscription, said)


def _with_reason(
    request: PageRequest, pk: UUID, act: str, use_case: Callable[..., Subscription], said: str
) -> HttpResponse:
    row = _changeable(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        done = _try(form, use_case, actor=request.user, subscription_id=pk, reason=reason)
        if done is not None:
            waits = done.status == Subscription.Status.PENDING
            text = _("Access to %(model)s is requested. An administrator decides.") if waits else said
            messages.success(request, text % {"model": row.model_id})
            return redirect("subscription", pk)
    return render(request, f"subscriptions/{act}.html", {"row": row, "form": form})


@require_http_methods(["GET", "POST"])
@signed_in
def quotas(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """Change how much may be used in a month."""
    row = _changeable(request, subscription_id)

    def form_of(data: QueryDict | None) -> QuotasForm:
        present = visible(request, subscription_id)
        initial = {"quota_requests": present.quota_requests, "quota_tokens": present.quota_tokens}
        return QuotasForm(data, initial=initial)

    def save() -> None:
        services.change_subscription(
            actor=request.user, subscription_id=row.pk, now=timezone.now(), **form.cleaned_data
        )

    form = form_of(request.POST if request.method == "POST" else None)
    if conflicts.saved(request, form, lambda: form_of(None), save):
        messages.success(request, _("The quotas are changed."))
        return redirect("subscription", row.pk)
    ceiling = quota_rules.ceiling(row)
    return render(request, "subscriptions/quotas.html", {"row": row, "form": form, "ceiling": ceiling})


def _try(form: forms.Form, use_case: Callable[..., Subscription], **parts: Any) -> Subscription | None:
    """None when it was refused; the form then says why."""
    try:
        return use_case(**parts, now=timezone.now())
    except (errors.InvalidInput, errors.InvalidStateTransition, errors.Forbidden) as error:
        show_refusal(form, error)
        return None
