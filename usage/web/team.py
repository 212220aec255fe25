"""The usage of a team's keys, as a tab of its page: all of it for administrators and operators, else one's own part."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, QueryDict
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
from usage.figures import total as total_of
from usage.filter_options import models_used
from usage.lines import lines_of, lines_with_keys
from usage.periods import last_days
from usage.quality import coverage
from usage.questions import Filters, Question
from usage.scopes import Scope, scope_of_team
from usage.web import charts
from usage.web.filters import PeriodFilter, several
from usage.web.views import charts_of, keys_of, tables_of

_TREND_DAYS = 30
_MOST_PEOPLE = 50


class TeamUsageFilter(PeriodFilter):
    model = several(gettext_lazy("Models"))
    field_order = ["period", "first", "last", "model", "metric"]

    def __init__(self, query: QueryDict, *, scope: Scope, now: datetime) -> None:
        super().__init__(query, now=now)
        used = models_used(Question(scope, self.chosen), now=now)
        self.offer("model", ((name, name) for name in dict.fromkeys(model.name for model in used)))
        self.full_clean()

    @property
    def filters(self) -> Filters:
        return Filters(model=self.picked("model"))


@require_GET
@signed_in
def team_usage(request: PageRequest, team_id: UUID) -> HttpResponse:
    now, team = timezone.now(), team_for(request, team_id)
    scope = scope_of_team(request.user, team_id)
    chosen = TeamUsageFilter(request.GET, scope=scope, now=now)
    question = Question(scope, chosen.chosen, chosen.filters)
    lines, earlier = lines_with_keys(question, now=now), lines_of(question.before, now=now)
    quality = coverage(question.period, now=now, since=team.created_at)
    values: dict[str, Any] = {
        "filter": chosen,
        "period": question.period,
        "before": question.period.before,
        "quality": quality,
        "is_whole": scope.user_id is None,
        "keys": keys_of(lines),
        "total": total_of(lines),
        "earlier": total_of(earlier),
        "models_before": len({line.model for line in earlier}),
        "people": _people(question, now) if scope.user_id is None else [],
    }
    pictures = charts_of(chosen, lines, earlier, set(quality.missing_days))
    return shown(request, "usage", team, **values, **tables_of(lines), **pictures)


def _people(question: Question, now: datetime) -> list[Any]:
    """Who used most."""
    order = Order("total_tokens", descending=True)
    return list(breakdowns.by_user(question, Slice(order, _MOST_PEOPLE, 0), now=now).rows)


def spend_trend(user: User, team: Any) -> Chart | None:
    """What the team's keys cost by day, for the team's page; None without any use."""
    now = timezone.now()
    question = Question(scope_of_team(user, team.pk), last_days(_TREND_DAYS, now))
    lines = lines_of(question, now=now)
    if not lines:
        return None
    quality = coverage(question.period, now=now, since=team.created_at)
    earlier = lines_of(question.before, now=now)
    found = charts.trend(question.period, lines, earlier, set(quality.missing_days), "cost")
    return charts.renamed(found, "team-spend", _("Spend, last 30 days"))
