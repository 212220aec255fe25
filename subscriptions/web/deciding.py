"""Many decisions at once: what they would touch, the decision, and what became of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from litemaas import dry_run, errors
from subscriptions import policies, services
from subscriptions.models import Subscription
from subscriptions.web.forms import ReadReasonForm, ReasonForm

Verdict = Literal["approve", "deny"]
MOST_AT_ONCE = 500
_OUTCOME = "decided_subscriptions"


@dataclass(frozen=True)
class Outlook:
    """What a decision would do: how many requests, people and keys it touches, and why some are left out, by id."""

    requests: int
    users: int
    keys: int
    refused: dict[UUID, str]


@require_http_methods(["GET", "POST"])
@signed_in
def decide(request: PageRequest) -> HttpResponse:
    """Name what is about to be decided, ask for the reason, and decide."""
    if not policies.may_decide(request.user):
        raise errors.Forbidden
    query = request.POST if request.method == "POST" else request.GET
    verdict: Verdict = "deny" if query.get("verdict") == "deny" else "approve"
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
    outlook = _outlook(request.user, verdict, chosen, timezone.now())
    values = {
        "form": form,
        "verdict": verdict,
        "chosen": chosen,
        "outlook": outlook,
        "rows": [(row, _why(row, outlook.refused.get(row.pk, ""))) for row in chosen[:20]],
    }
    return render(request, "subscriptions/decide.html", values)


def _why(row: Subscription, refusal: str) -> str:
    """A refusal in words; that of a use case names states by their codes."""
    if refusal and not row.is_pending:
        return _("Somebody was faster: this request does not wait any more.")
    return refusal


def _outlook(actor: User, verdict: Verdict, chosen: list[Subscription], now: datetime) -> Outlook:
    """The decision itself, rehearsed and undone: it can't promise anything else than what is done afterwards."""
    with dry_run.rehearsal() as rehearsal:
        result = services.decide_many(
            verdict, actor=actor, subscription_ids=[row.pk for row in chosen], reason="-", now=now
        )
    touched = rehearsal.touched
    return Outlook(
        len(result.done), len(touched.get("USER", {})), len(touched.get("API_KEY", {})), result.refused
    )


def _decided(request: PageRequest, verdict: Verdict, chosen: list[Subscription], reason: str) -> HttpResponse:
    """Where all went well a word is enough; else a page, with an address of its own, says what became of each."""
    result = services.decide_many(
        verdict,
        actor=request.user,
        subscription_ids=[row.pk for row in chosen],
        reason=reason,
        now=timezone.now(),
    )
    if done := len(result.done):
        said = ngettext("%(n)s request decided.", "%(n)s requests decided.", done)
        messages.success(request, said % {"n": done})
    if not result.refused:
        return redirect("subscription_requests")
    request.session[_OUTCOME] = {
        "verdict": verdict,
        "done": [str(pk) for pk in result.done],
        "refused": {str(pk): str(why) for pk, why in result.refused.items()},
    }
    return redirect("decided_subscriptions")


@require_GET
@signed_in
def decided(request: PageRequest) -> HttpResponse:
    """What became of the last decisions of this session."""
    if not policies.may_decide(request.user):
        raise errors.Forbidden
    outcome = request.session.get(_OUTCOME)
    if outcome is None:
        return redirect("subscription_requests")
    refused: dict[str, str] = outcome["refused"]
    found = Subscription.objects.visible_to(request.user).filter(pk__in=[*outcome["done"], *refused])
    rows = list(found.select_related("user").order_by("user__username", "model_id"))
    values = {
        "verdict": outcome["verdict"],
        "done": [row for row in rows if str(row.pk) not in refused],
        "refused": [(row, _why(row, refused[str(row.pk)])) for row in rows if str(row.pk) in refused],
        "again": [row for row in rows if str(row.pk) in refused and row.is_pending],
    }
    return render(request, "subscriptions/decided.html", values)


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts[:MOST_AT_ONCE]:
        try:
            found.append(UUID(text))
        except ValueError:
            raise errors.NotFound from None
    return found
