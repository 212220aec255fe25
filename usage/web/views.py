"""One's own usage. All figures of the page come from the same rows."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from litemaas.web.addresses import address_with
from usage.budgets.standing import own_budget
from usage.quality import Coverage, coverage
from usage.questions import Question
from usage.scopes import Scope
from usage.web import tables
from usage.web.board import Board
from usage.web.facts import OwnFacts, earlier, total
from usage.web.filters import PeriodFilter, UsageFilter
from usage.web.tables import Row

TAB_NAMES: Mapping[str, Any] = {
    "member": gettext_lazy("By member"),
    "user": gettext_lazy("By user"),
    "model": gettext_lazy("By model"),
    "provider": gettext_lazy("By provider"),
    "team": gettext_lazy("By team"),
    "key": gettext_lazy("By API key"),
    "day": gettext_lazy("By day"),
}


@require_GET
@signed_in
def usage(request: PageRequest) -> HttpResponseBase:
    now, user = timezone.now(), request.user
    chosen = UsageFilter(request.GET, user=user, now=now)
    question = Question(Scope.of(user), chosen.chosen, chosen.filters)
    facts = OwnFacts(question, compares=chosen.compares, now=now)
    quality = coverage(question.period, now=now, since=user.created_at)
    board = Board(request, facts, quality.missing_days)
    if answer := board.answer():
        return answer
    rows = {
        "model": lambda: tables.by_model(facts),
        "key": lambda: tables.by_key(facts),
        "day": lambda: tables.by_day(facts, quality),
    }
    found = tab_of(request, rows)
    if isinstance(found, StreamingHttpResponse):
        return found
    values = {
        **common(request, chosen, question, quality),
        **overview(facts, board),
        **found,
        "budget_state": own_budget(user, now=now),
        "export_address": f"{reverse('export_usage')}?{request.GET.urlencode()}",
        "what_if_address": f"{reverse('what_if')}?{request.GET.urlencode()}",
    }
    return render(request, "usage/usage.html", values)


def common(
    request: HttpRequest, chosen: PeriodFilter, question: Question, quality: Coverage
) -> dict[str, Any]:
    """What every page of usage shows around its figures."""
    period = question.period
    return {
        "filter": chosen,
        "period": period,
        "before": period.before if chosen.compares else None,
        "quality": quality,
        "shorter": [
            (f"{span['startDate']} – {span['endDate']}", _custom(request, span)) for span in chosen.suggested
        ],
        "again": request.get_full_path(),
        "longer": address_with(request, period="90", first=None, last=None),
    }


def _custom(request: HttpRequest, span: dict[str, str]) -> str:
    return address_with(request, period="custom", first=span["startDate"], last=span["endDate"])


def overview(facts: OwnFacts, board: Board) -> dict[str, Any]:
    """Cards, charts and the first rows of the tables."""
    return {
        "board": board,
        "total": total(facts),
        "earlier": earlier(facts),
        "models_count": len(facts.models),
        "models_before": facts.models_before,
    }


def tab_of(request: HttpRequest, rows: dict[str, Any]) -> dict[str, Any] | StreamingHttpResponse:
    """The tab that the address asks for: one of `rows` (by the table's name) listed whole, else the overview, with the
    dearest models and keys."""
    tab = request.GET.get("tab", "")
    links = [("", _("Overview")), *((name, TAB_NAMES[name]) for name in rows)]
    values: dict[str, Any] = {
        "tab": tab if tab in rows else "",
        "tabs": [(name, label, tab_address(request, name)) for name, label in links],
    }
    if not values["tab"]:
        few = [name for name in ("member", "model", "key") if name in rows]
        return {**values, "few": [_few(request, name, rows[name]()) for name in few]}
    found = tables.listed(request, tables.OWN[tab], rows[tab]())
    return found if isinstance(found, StreamingHttpResponse) else {**values, "listed": found}


def tab_address(request: HttpRequest, name: str) -> str:
    return address_with(request, tab=name or None, page=None, sort=None)


def _few(request: HttpRequest, name: str, rows: list[Row]) -> dict[str, Any]:
    shown = tables.OWN[name].shown_to(request)
    return {
        "name": name,
        "title": TAB_NAMES[name],
        "table": shown,
        "rows": tables.first_of(rows),
        "count": len(rows),
        "address": tab_address(request, name),
        "file": address_with(request, tab=name, format="csv", page=None),
    }
