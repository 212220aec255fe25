"""The usage of a team's keys, as a tab of its page: all of it for administrators and operators, else one's own part."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from litemaas.web.charts import Chart
from teams.web.page import shown, team_for
from usage import breakdowns
from usage.breakdowns import Slice
from usage.cubes.answers import Order
from usage.figures import by_day
from usage.lines import lines_of
from usage.models import NOBODY
from usage.periods import last_days
from usage.quality import coverage
from usage.questions import Filters, Question
from usage.scopes import Scope, scope_of_team
from usage.web import charts, tables
from usage.web.board import Board
from usage.web.facts import OwnFacts
from usage.web.filters import PeriodFilter, several
from usage.web.tables import Row
from usage.web.views import common, overview, tab_of

_TREND_DAYS = 30
_MOST_PEOPLE = 500


class TeamUsageFilter(PeriodFilter):
    modelIds = several(gettext_lazy("Models"), gettext_lazy("Nothing was used in this period."))
    field_order = ["period", "first", "last", "modelIds", "compare"]

    def __init__(self, query: QueryDict, *, scope: Scope, now: datetime) -> None:
        super().__init__(query, now=now)
        self.offer_models_of(scope, now)
        self.full_clean()

    @property
    def filters(self) -> Filters:
        return Filters(model=self.picked("modelIds"))


@require_GET
@signed_in
def team_usage(request: PageRequest, team_id: UUID) -> HttpResponseBase:
    now, team = timezone.now(), team_for(request, team_id)
    scope = scope_of_team(request.user, team_id)
    chosen = TeamUsageFilter(request.GET, scope=scope, now=now)
    question = Question(scope, chosen.chosen, chosen.filters)
    facts = OwnFacts(question, compares=chosen.compares, now=now)
    quality = coverage(question.period, now=now, since=team.created_at)
    board = Board(request, facts, quality.missing_days)
    if answer := board.answer():
        return answer
    is_whole = scope.user_id is None
    rows: dict[str, Any] = {"member": lambda: _people(question, now)} if is_whole else {}
    rows |= {
        "model": lambda: tables.by_model(facts),
        "key": lambda: tables.by_key(facts, linked=lambda key: key.user_id == request.user.pk),
        "day": lambda: tables.by_day(facts, quality),
    }
    found = tab_of(request, rows)
    if isinstance(found, StreamingHttpResponse):
        return found
    values = {
        **common(request, chosen, question, quality),
        **overview(facts, board),
        **found,
        "is_whole": is_whole,
    }
    return shown(request, "usage", team, **values)


def _people(question: Question, now: datetime) -> list[Row]:
    """Who used most. What is nobody's was used with the team's service keys."""
    found = breakdowns.by_user(question, Slice(Order("cost"), _MOST_PEOPLE, 0), now=now)
    service = _("The team (service key)")
    return [
        Row(service if line.user.id == NOBODY else line.user.username, line.figures, email=line.user.email)
        for line in found.rows
    ]


def spend_trend(user: User, team: Any) -> Chart | None:
    """What the team's keys cost by day, for the team's page; None without any use."""
    now = timezone.now()
    question = Question(scope_of_team(user, team.pk), last_days(_TREND_DAYS, now))
    lines = lines_of(question, now=now)
    if not lines:
        return None
    quality = coverage(question.period, now=now, since=team.created_at)
    days, before = by_day(lines), by_day(lines_of(question.before, now=now))
    found = charts.trend(question.period, days, before, set(quality.missing_days), "cost")
    return charts.renamed(found, "team-spend", _("Spend, last 30 days"))
