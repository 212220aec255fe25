"""Usage as pages: one's own, and everybody's for operators. All figures of a page come from the same rows."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from litemaas.errors import NotFound
from usage import breakdowns
from usage.breakdowns import Slice
from usage.budgets.standing import own_budget
from usage.cubes.answers import Order
from usage.figures import Figures, Line, grouped, most_used_first, providers_of
from usage.figures import total as total_of
from usage.lines import lines_of, lines_with_keys
from usage.naming import key_names
from usage.overviews import overview
from usage.quality import coverage
from usage.questions import Question
from usage.scopes import Scope
from usage.web import charts
from usage.web.filters import OperatorFilter, PeriodFilter, UsageFilter

_PAGE_SIZES = (20, 10, 50, 100)
_SPLITS: Mapping[str, Any] = {
    "user": breakdowns.by_user,
    "model": breakdowns.by_model,
    "provider": breakdowns.by_provider,
    "team": breakdowns.by_team,
    "key": breakdowns.by_key,
    "day": breakdowns.by_day,
}
_SORTS = {
    "name": "label",
    "requests": "requests",
    "prompt": "prompt_tokens",
    "completion": "completion_tokens",
    "tokens": "total_tokens",
    "cost": "cost",
}


@require_GET
@signed_in
def usage(request: PageRequest) -> HttpResponse:
    now, user = timezone.now(), request.user
    chosen = UsageFilter(request.GET, user=user, now=now)
    question = Question(Scope.of(user), chosen.chosen, chosen.filters)
    lines, earlier = lines_with_keys(question, now=now), lines_of(question.before, now=now)
    quality = coverage(question.period, now=now, since=user.created_at)
    shown: dict[str, Any] = {
        "filter": chosen,
        "period": question.period,
        "before": question.period.before,
        "quality": quality,
        "exports": _exports(question),
        "budget_state": own_budget(user, now=now),
        "keys": keys_of(lines),
        "total": total_of(lines),
        "earlier": total_of(earlier),
        "models_before": len({line.model for line in earlier}),
    }
    return render(
        request,
        "usage/usage.html",
        shown | tables_of(lines) | charts_of(chosen, lines, earlier, set(quality.missing_days)),
    )


@require_GET
@signed_in
def operations(request: PageRequest) -> HttpResponse:
    """Everybody's usage; for people who are no operators the page does not exist."""
    if not request.user.may("admin:usage"):
        raise NotFound
    now = timezone.now()
    chosen = OperatorFilter(request.GET, actor=request.user, now=now)
    question = Question(Scope.visible_to(request.user), chosen.chosen, chosen.filters)
    found = overview(question, total_users=User.objects.count(), now=now)
    earlier = lines_of(question.before, now=now)
    tab = request.GET.get("tab", "")
    tab = tab if tab in _SPLITS else "user"
    shown: dict[str, Any] = {
        "filter": chosen,
        "period": question.period,
        "before": question.period.before,
        "found": found,
        "quality": found.quality,
        "total": found.figures,
        "earlier": found.earlier,
        "tab": tab,
        "tabs": _tab_links(request),
        "provider_costs": charts.costs(
            "usage-providers",
            _("Cost by provider"),
            _("Provider"),
            list(grouped(found.lines, lambda line: line.provider or _("Unknown")).items()),
        ),
        "earlier_models": len({line.model for line in earlier}),
        "models": {line.model for line in found.lines},
    }
    return render(
        request,
        "usage/operations.html",
        shown
        | _split(request, tab, question, now)
        | charts_of(chosen, found.lines, earlier, set(found.quality.missing_days)),
    )


def _split(request: PageRequest, tab: str, question: Question, now: Any) -> dict[str, Any]:
    sort = request.GET.get("sort", "")
    measure = _SORTS.get(sort.removeprefix("-"), "label" if tab == "day" else "total_tokens")
    order = Order(measure, descending=sort.startswith("-") or sort.removeprefix("-") not in _SORTS)
    size, number = _page_asked(request)
    rows = _rows(tab, question, Slice(order, size, (number - 1) * size), now)
    page = Paginator(range(rows.total), size).get_page(number)
    if page.number != number:
        # Beyond the end is the last page.
        rows = _rows(tab, question, Slice(order, size, (page.number - 1) * size), now)
    return {"rows": rows.rows, "page": page}


def _rows(tab: str, question: Question, part: Slice, now: Any) -> breakdowns.Rows:
    found = _SPLITS[tab](question, part, now=now)
    rows: breakdowns.Rows = found[0] if isinstance(found, tuple) else found
    return rows


def _page_asked(request: PageRequest) -> tuple[int, int]:
    size, number = request.GET.get("page_size", ""), request.GET.get("page", "")
    return (
        int(size) if size in {str(one) for one in _PAGE_SIZES} else _PAGE_SIZES[0],
        int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 7 and int(number) else 1,
    )


def _tab_links(request: PageRequest) -> list[tuple[str, str, str]]:
    names = {
        "user": _("By user"),
        "model": _("By model"),
        "provider": _("By provider"),
        "team": _("By team"),
        "key": _("By API key"),
        "day": _("By day"),
    }
    query = request.GET.copy()
    for gone in ("page", "sort"):
        query.pop(gone, None)
    links = []
    for name, label in names.items():
        query["tab"] = name
        links.append((name, label, f"?{query.urlencode()}"))
    return links


def tables_of(lines: list[Line]) -> dict[str, Any]:
    providers = providers_of(lines)
    models = most_used_first(grouped(lines, lambda line: line.model))
    days = sorted(grouped(lines, lambda line: line.at).items(), reverse=True)
    return {
        "models": [
            {"name": name, "provider": providers[name], "figures": figures} for name, figures in models
        ],
        "days": [{"day": day, "figures": figures} for day, figures in days],
    }


def keys_of(lines: list[Line]) -> list[dict[str, Any]]:
    ranked = most_used_first(grouped(lines, lambda line: line.api_key_id))
    names = key_names(pk for pk, _figures in ranked)
    return [{"key": names.get(pk) if pk else None, "figures": figures} for pk, figures in ranked]


def charts_of(
    chosen: PeriodFilter, lines: list[Line], earlier: list[Line], missing: set[Any]
) -> dict[str, Any]:
    if total_of(lines) == Figures():
        return {}
    metric = chosen.metric_name
    return {
        "trend": charts.trend(chosen.chosen, lines, earlier, missing, metric),
        "by_model": charts.by_model(chosen.chosen, lines, missing, metric),
        "shares": charts.shares(lines),
        "pattern": charts.pattern(chosen.chosen, lines, missing, metric),
    }


def _exports(question: Question) -> list[tuple[str, str]]:
    dates = {"startDate": question.period.first, "endDate": question.period.last}
    chosen = {"modelIds": question.filters.model, "apiKeyIds": question.filters.apiKey}
    address = reverse("api-usage-export")
    return [
        (label, f"{address}?{urlencode({'format': form, **dates, **chosen}, doseq=True)}")
        for form, label in (("csv", "CSV"), ("json", "JSON"), ("parquet", "Parquet"), ("focus", "FOCUS"))
    ]
