"""Everybody's usage, for operators. Each tab asks the ledger for what it shows and no more."""

from functools import cached_property
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from litemaas.errors import NotFound
from litemaas.web.addresses import address_with
from usage import operators
from usage.budgets.standing import own_budget
from usage.cubes.answers import Order, page_of_groups
from usage.cubes.answers import total as total_of
from usage.cubes.visitors import users_of
from usage.models import NOBODY
from usage.naming import team_names
from usage.quality import coverage, last_comparison
from usage.questions import Question
from usage.scopes import Scope
from usage.web import charts, splits
from usage.web.board import Board, Drawn
from usage.web.facts import SharedFacts, earlier, total
from usage.web.operator_filter import OperatorFilter
from usage.web.tables import EVERYBODY
from usage.web.views import TAB_NAMES, common, tab_address

TOP_USERS = 10


class SharedBoard(Board):
    """With providers and teams, which only operators see compared."""

    names = (*Board.names, "providers", "teams")
    facts: SharedFacts

    @cached_property
    def providers(self) -> Drawn:
        named = [(name or _("Unknown"), figures) for name, figures in self.facts.by_provider.items()]
        metric = self._metric("providers", "cost")
        title = _("Cost by provider") if metric == "cost" else str(TAB_NAMES["provider"])
        return self._bars("providers", title, _("Provider"), named, metric)

    @cached_property
    def teams(self) -> Drawn:
        metric = self._metric("teams", "cost")
        title = _("Cost by team") if metric == "cost" else str(TAB_NAMES["team"])
        page = page_of_groups(
            self.facts.question, "team", now=self.facts.now, order=Order(metric), limit=charts.TOP
        )
        names: dict[Any, str] = {**team_names(group.labels[0] for group in page.groups), NOBODY: _("No team")}
        named = [(names.get(group.labels[0], _("Unknown")), group.figures) for group in page.groups]
        return self._bars("teams", title, _("Team"), named, metric)

    def _bars(self, name: str, title: str, label: str, named: list[Any], metric: str) -> Drawn:
        found = charts.bars(f"usage-{name}", title, label, named, total(self.facts), metric)
        return self._drawn(name, found, metric)


@require_GET
@signed_in
def operations(request: PageRequest) -> HttpResponseBase:
    """For people who are no operators the page does not exist."""
    if not request.user.may("admin:usage"):
        raise NotFound
    now = timezone.now()
    chosen = OperatorFilter(request.GET, actor=request.user, now=now)
    question = Question(Scope.visible_to(request.user), chosen.chosen, chosen.filters)
    quality = coverage(question.period, now=now)
    facts = SharedFacts(question, chosen.compares, now, None if question.filters.used else chosen.used)
    board = SharedBoard(request, facts, quality.missing_days)
    if answer := board.answer():
        return answer
    tab = request.GET.get("tab", "")
    tab = tab if tab in EVERYBODY else ""
    values: dict[str, Any] = {
        **common(request, chosen, question, quality),
        "tab": tab,
        "tabs": [
            ("", _("Overview"), tab_address(request, "")),
            *((name, TAB_NAMES[name], tab_address(request, name)) for name in EVERYBODY),
        ],
        "notice": _dropped(chosen.dropped_keys),
        "export_address": f"{reverse('export_everybodys_usage')}?{request.GET.urlencode()}",
        "may_write": request.user.may("admin:usage:write"),
        "refresh_again_in": operators.refresh_again_in(),
    }
    if chosen.is_refused:
        return render(request, "usage/operations.html", values)
    if tab:
        found = splits.listed(request, tab, question, now)
        if isinstance(found, StreamingHttpResponse):
            return found
        values["listed"] = found
    else:
        values |= _overview(request, chosen, board)
    return render(request, "usage/operations.html", values)


def _dropped(count: int) -> str:
    return (
        ngettext(
            "%(n)s API key is none of the chosen users’ and was left out.",
            "%(n)s API keys are none of the chosen users’ and were left out.",
            count,
        )
        % {"n": count}
        if count
        else ""
    )


def _overview(request: PageRequest, chosen: OperatorFilter, board: SharedBoard) -> dict[str, Any]:
    facts, question, now = board.facts, board.facts.question, board.facts.now
    # Asked before the days, so that no part is larger than the whole.
    top, _count = splits.top_users(question, TOP_USERS, now)
    models = facts.models
    for name in ("models", "providers", "teams"):
        getattr(board, name)
    person = chosen.people[0] if len(chosen.people) == 1 else None
    # Whom or what a key that the portal does not know belongs to is not known.
    is_attributed = bool(question.filters.user or question.filters.apiKey)
    return {
        "board": board,
        "models_count": len(models),
        "top": top,
        "top_table": EVERYBODY["user"].shown_to(request),
        "top_address": tab_address(request, "user"),
        "top_file": address_with(request, tab="user", format="csv", page=None),
        "budget_state": own_budget(person, now=now) if person else None,
        "budget_of": person,
        "active_users": users_of(question, now=now),
        "active_before": users_of(question.before, now=now) if chosen.compares else None,
        "total_users": User.objects.count(),
        "unattributed": 0 if is_attributed else total_of(question.narrowed(apiKey=[None]), now=now).requests,
        "compared_at": last_comparison(),
        "total": total(facts),
        "earlier": earlier(facts),
    }
