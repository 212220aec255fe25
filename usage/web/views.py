"""One's own usage, as a page."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from usage.figures import Figures, Line, grouped, most_used_first, providers_of, total
from usage.lines import lines_of
from usage.quality import Coverage, coverage
from usage.questions import Filters, Question
from usage.scopes import Scope
from usage.web import charts
from usage.web.filters import UsageFilter


@require_GET
@signed_in
def usage(request: PageRequest) -> HttpResponse:
    """Figures, charts and tables of a period, all from the same rows."""
    now, user = timezone.now(), request.user
    chosen = UsageFilter(request.GET, user=user, now=now)
    question = Question(Scope.of(user), chosen.chosen, Filters(model=chosen.models))
    lines, earlier = lines_of(question, now=now), lines_of(question.before, now=now)
    quality = coverage(question.period, now=now, since=user.created_at)
    shown: dict[str, Any] = {
        "filter": chosen,
        "period": question.period,
        "before": question.period.before,
        "quality": quality,
        "export_url": _export_url(question),
    }
    return render(
        request,
        "usage/usage.html",
        shown | _figures(lines, earlier) | _charts(chosen, lines, earlier, quality),
    )


def _figures(lines: list[Line], earlier: list[Line]) -> dict[str, Any]:
    providers = providers_of(lines)
    models = most_used_first(grouped(lines, lambda line: line.model))
    days = sorted(grouped(lines, lambda line: line.at).items(), reverse=True)
    return {
        "total": total(lines),
        "earlier": total(earlier),
        "models": [
            {"name": name, "provider": providers[name], "figures": figures} for name, figures in models
        ],
        "models_before": len({line.model for line in earlier}),
        "days": [{"day": day, "figures": figures} for day, figures in days],
    }


def _charts(chosen: UsageFilter, lines: list[Line], earlier: list[Line], quality: Coverage) -> dict[str, Any]:
    if total(lines) == Figures():
        return {}
    missing = set(quality.missing_days)
    return {
        "trend": charts.trend(chosen.chosen, lines, earlier, missing, chosen.metric_name),
        "by_model": charts.by_model(chosen.chosen, lines, missing, chosen.metric_name),
    }


def _export_url(question: Question) -> str:
    dates = {"startDate": question.period.first, "endDate": question.period.last}
    query = urlencode({"format": "csv", **dates, "modelIds": question.filters.model}, doseq=True)
    return f"{reverse('api-usage-export')}?{query}"
