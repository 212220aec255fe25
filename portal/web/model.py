"""A model with one's own standing, in tabs: facts, examples of calls, the own usage, and what calls would cost."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from apikeys import policies as key_policies
from catalog.errors import ModelNotFound
from catalog.models import Model
from catalog.web.filters import snippet_kind
from portal.web.calculator import CalculatorForm, Estimate, has_output
from portal.web.catalogue import last_sync
from subscriptions import policies
from subscriptions.models import Subscription
from subscriptions.states import ENDED
from subscriptions.web.forms import SubscribeForm
from usage.figures import by_day, total
from usage.lines import lines_of
from usage.periods import last_days
from usage.quality import coverage
from usage.questions import Filters, Question
from usage.scopes import Scope
from usage.web import charts
from usage.web.charts import METRICS

DAYS = 30


@require_GET
@signed_in
def model(request: PageRequest, model_id: str) -> HttpResponse:
    subscription = Subscription.objects.kept().filter(user=request.user, model=model_id).first()
    found = _visible_or_subscribed(request.user, model_id, subscription)
    tabs = _tabs(found)
    tab = request.GET.get("tab", "")
    tab = tab if tab in tabs else "overview"
    values: dict[str, Any] = {
        "model": found,
        "subscription": subscription,
        "standing": subscription.status if subscription and subscription.status not in ENDED else "",
        "may_subscribe": policies.may_subscribe(request.user),
        "may_issue": key_policies.may_issue(request.user),
        "may_edit": request.user.may("admin:models") and found.retired_at is None,
        "snippet_kind": snippet_kind(found),
        "counts_tokens": found.model_type != Model.Type.CONVERT,
        "has_output": has_output(found),
        "tab": tab,
        "tabs": [(_address(found, name), word, name == tab) for name, word in tabs.items()],
    }
    return render(request, "catalog/detail.html", values | _SHOWN[tab](request, found))


def _visible_or_subscribed(user: User, model_id: str, subscription: Subscription | None) -> Model:
    """Who has subscribed to a model sees why it does not work any more."""
    rows = Model.objects.all() if subscription else Model.objects.visible_to(user)
    found = rows.filter(pk=model_id).first()
    if found is None:
        raise ModelNotFound
    return found


def _tabs(found: Model) -> dict[str, Any]:
    tabs = {"overview": _("Overview")}
    if snippet_kind(found):
        tabs["snippets"] = _("Snippets")
    tabs["usage"] = _("My usage")
    if found.model_type != Model.Type.CONVERT:
        tabs["calculator"] = _("Calculator")
    return tabs


def _address(found: Model, tab: str) -> str:
    page = reverse("model", args=[found.pk])
    return page if tab == "overview" else f"{page}?tab={tab}"


def _overview(_request: PageRequest, found: Model) -> dict[str, Any]:
    return {
        "form": SubscribeForm(initial={"model_id": found.pk}, asks=found.restricted_access),
        "synced_at": last_sync(),
    }


def _snippets(request: PageRequest, found: Model) -> dict[str, Any]:
    return {
        "is_streaming": request.GET.get("streaming") == "yes",
        "counts": "tokenize" in found.capabilities,
    }


def _usage(request: PageRequest, found: Model) -> dict[str, Any]:
    now = timezone.now()
    question = _question(request.user, found)
    lines, earlier = lines_of(question, now=now), lines_of(question.before, now=now)
    quality = coverage(question.period, now=now, since=request.user.created_at)
    wanted = request.GET.get("metric", "")
    metric = wanted if wanted in METRICS else "requests"
    trend = charts.trend(question.period, by_day(lines), by_day(earlier), set(quality.missing_days), metric)
    return {
        "total": total(lines),
        "earlier": total(earlier),
        "quality": quality,
        "before": question.period.before,
        "metric": metric,
        "metrics": METRICS.items(),
        "trend": charts.renamed(trend, "model-trend", str(METRICS[metric])),
    }


def _calculator(request: PageRequest, found: Model) -> dict[str, Any]:
    """What so many tokens cost now, as typed or as used in the last 30 days."""
    mine = total(lines_of(_question(request.user, found), now=timezone.now()))
    if "mine" in request.GET:
        typed: Any = {"input_tokens": mine.prompt_tokens, "output_tokens": mine.completion_tokens}
    else:
        typed = request.GET if "input_tokens" in request.GET or "output_tokens" in request.GET else None
    form = CalculatorForm(
        typed, initial={"input_tokens": 1_000_000, "output_tokens": 200_000}, has_output=has_output(found)
    )
    estimate = Estimate.of(found, form.tokens) if form.tokens else None
    return {"form": form, "estimate": estimate, "mine": mine, "is_mine": "mine" in request.GET}


_SHOWN: dict[str, Callable[[PageRequest, Model], dict[str, Any]]] = {
    "overview": _overview,
    "snippets": _snippets,
    "usage": _usage,
    "calculator": _calculator,
}


def _question(user: User, found: Model) -> Question:
    return Question(Scope.of(user), last_days(DAYS, timezone.now()), Filters(model=[found.pk]))
