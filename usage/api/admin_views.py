"""Everybody's usage, for operators (REST contract §14)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from accounts.models import User
from litemaas.api import params
from litemaas.api.rendering import written
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView, body_of
from usage import breakdowns, filter_options, naming
from usage.api import asking, presenting, rows
from usage.api.row_serializers import (
    ByDayOut,
    ByKeyOut,
    ByModelOut,
    ByProviderOut,
    ByTeamOut,
    ByUserOut,
    FilterOptionsOut,
    FiltersIn,
    GlobalOut,
)
from usage.api.serializers import AnalyticsOut
from usage.api.views import DATES
from usage.breakdowns import Rows
from usage.cubes.answers import Order, groups_of, page_of_groups
from usage.figures import grouped, most_used_first, total
from usage.lines import lines_of
from usage.overviews import overview
from usage.periods import MAX_ADMIN_DAYS, MAX_DAYS, read_period
from usage.query_rows import data_quality
from usage.questions import Question
from usage.scopes import Scope

_PAGE = [
    *page_parameters(most=asking.PAGE_LIMIT, usual=asking.DEFAULT_PAGE_LIMIT),
    OpenApiParameter("sortBy", enum=asking.SORTS, default="totalTokens"),
    OpenApiParameter("sortOrder", enum=["asc", "desc"], default="desc"),
]
Breakdown = Callable[..., Rows]


def question_of(request: Request, body: dict[str, Any], now: datetime, *, max_days: int) -> Question:
    """The filters of the body, about everybody. Raises what is wrong with its dates and keys."""
    period = read_period(body.get("startDate"), body.get("endDate"), now=now, max_days=max_days)
    return Question(Scope.visible_to(actor_of(request)), period, asking.body_filters(body, naming.any_keys))


class AdminAnalyticsView(ContractView):
    permissions_needed = {"POST": "admin:usage"}
    rate_bucket = "analytics"
    only_asks = True

    @extend_schema(request=FiltersIn, responses=AnalyticsOut)
    def post(self, request: Request) -> Response:
        """Everything about a period of at most 90 days, compared with the period before it."""
        now = timezone.now()
        question = question_of(request, body_of(request, FiltersIn), now, max_days=MAX_ADMIN_DAYS)
        found = overview(question, total_users=User.objects.count(), now=now)
        return Response(presenting.analytics(found))


class _BreakdownView(ContractView):
    permissions_needed = {"POST": "admin:usage"}
    rate_bucket = "analytics"
    only_asks = True
    default_sort = "totalTokens"

    def answer(
        self, request: Request, split: Breakdown, present: Callable[[Any], dict[str, Any]]
    ) -> Response:
        now, part = timezone.now(), asking.slice_of(request, self.default_sort)
        question = question_of(request, body_of(request, FiltersIn), now, max_days=MAX_DAYS)
        return Response(rows.page(split(question, part, now=now), part, present))


class ByUserView(_BreakdownView):
    @extend_schema(request=FiltersIn, parameters=_PAGE, responses=ByUserOut)
    def post(self, request: Request) -> Response:
        """Usage by person, with the models and keys that each used."""
        return self.answer(request, breakdowns.by_user, rows.user_row)


class ByModelView(_BreakdownView):
    @extend_schema(request=FiltersIn, parameters=_PAGE, responses=ByModelOut)
    def post(self, request: Request) -> Response:
        """Usage by model."""
        return self.answer(request, breakdowns.by_model, rows.model_row)


class ByProviderView(_BreakdownView):
    @extend_schema(request=FiltersIn, parameters=_PAGE, responses=ByProviderOut)
    def post(self, request: Request) -> Response:
        """Usage by provider."""
        return self.answer(request, breakdowns.by_provider, rows.provider_row)


class ByKeyView(_BreakdownView):
    @extend_schema(request=FiltersIn, parameters=_PAGE, responses=ByKeyOut)
    def post(self, request: Request) -> Response:
        """Usage by API key. All keys that the portal does not know are one row."""
        return self.answer(request, breakdowns.by_key, rows.key_row)


class ByTeamView(_BreakdownView):
    @extend_schema(request=FiltersIn, parameters=_PAGE, responses=ByTeamOut)
    def post(self, request: Request) -> Response:
        """Usage by team. Keys without a team are one row."""
        return self.answer(request, breakdowns.by_team, rows.team_row)


class ByDayView(_BreakdownView):
    default_sort = "date"

    @extend_schema(request=FiltersIn, parameters=_PAGE, responses=ByDayOut)
    def post(self, request: Request) -> Response:
        """Usage by day. A day that could not be read is left out and listed in `missingDays`."""
        now, part = timezone.now(), asking.slice_of(request, self.default_sort)
        question = question_of(request, body_of(request, FiltersIn), now, max_days=MAX_DAYS)
        found, quality = breakdowns.by_day(question, part, now=now)
        return Response(rows.page(found, part, rows.day_row) | {"dataQuality": data_quality(quality)})


class AdminFilterOptionsView(ContractView):
    """The front end's own-usage page asks this too: people who are no operators see their own."""

    permissions_needed = {"GET": "usage:read"}
    rate_bucket = "filter-options"

    @extend_schema(parameters=DATES, responses=FilterOptionsOut)
    def get(self, request: Request) -> Response:
        """Models and people with traffic in a period, retired and inactive ones among them."""
        now, caller = timezone.now(), actor_of(request)
        question = Question(Scope.visible_to(caller), asking.period_of(request, now))
        users: Any = [{"userId": str(caller.pk), "username": caller.username, "email": caller.email}]
        if caller.sees_everything:
            users = written(filter_options.users_seen(question, now=now))
        models = filter_options.models_used(question, now=now)
        return Response({"models": presenting.model_options(models), "users": users})


class GlobalView(ContractView):
    permissions_needed = {"GET": "admin:usage"}
    rate_bucket = "analytics"

    @extend_schema(
        parameters=[
            OpenApiParameter("startDate", OpenApiTypes.DATE),
            OpenApiParameter("endDate", OpenApiTypes.DATE),
            OpenApiParameter("granularity", enum=["day", "week", "month"], default="day"),
            OpenApiParameter("aggregateBy", enum=["model", "user", "time"], default="model"),
        ],
        responses=GlobalOut,
    )
    def get(self, request: Request) -> Response:
        """Everybody's totals, series, models and top lists. `aggregateBy` changes nothing: all of it is given."""
        now = timezone.now()
        unit: Any = params.choice(request, "granularity", ("day", "week", "month"), "day")
        params.choice(request, "aggregateBy", ("model", "user", "time"), "model")
        question = Question(
            Scope.visible_to(actor_of(request)), asking.period_of(request, now, has_default=True)
        )
        lines = lines_of(question, now=now)
        points = groups_of(question, (), now=now, every=unit)
        users = page_of_groups(question, "user", now=now, order=Order(), limit=10).groups
        names = naming.user_names(group.labels[0] for group in users)
        ranked = most_used_first(grouped(lines, lambda line: line.model))
        return Response(
            {
                "totalMetrics": presenting.totals(total(lines)),
                "timeSeriesData": [
                    presenting.point(g.span.name, g.span.start, g.span.end, g.figures)
                    for g in points
                    if g.span
                ],
                "modelBreakdown": presenting.models_of(lines),
                "topStats": {
                    "topModels": presenting.top_models(ranked[:10]),
                    "topUsers": [presenting.user_sum(names[g.labels[0]], g.figures) for g in users],  # type: ignore[index]
                    "recentActivity": [],
                },
            }
        )
