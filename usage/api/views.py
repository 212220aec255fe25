"""Own usage: analytics, summary, time series, files (REST contract §8)."""

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api import params
from litemaas.api.schema import whole
from litemaas.api.views import ContractView, body_of
from usage import filter_options, naming
from usage.api import asking, presenting
from usage.api.serializers import (
    AnalyticsIn,
    AnalyticsOut,
    DashboardOut,
    LegacyMetricsOut,
    OwnFilterOptionsOut,
    SummaryOut,
    TimeSeriesOut,
    TopOut,
)
from usage.cubes.answers import groups_of, total
from usage.cubes.spans import UNITS, Unit, spans_of
from usage.figures import Figures, Line, grouped, most_used_first
from usage.figures import total as total_of
from usage.granularity import require_granularity
from usage.lines import lines_of
from usage.overviews import own_overview
from usage.periods import read_period
from usage.quality import coverage
from usage.questions import Question
from usage.quotas import utilization
from usage.scopes import Scope

DATES = [
    OpenApiParameter("startDate", OpenApiTypes.DATE, required=True),
    OpenApiParameter("endDate", OpenApiTypes.DATE, required=True),
]
_USER = OpenApiParameter("userId", OpenApiTypes.UUID, description="For operators: somebody else's usage.")
_MODEL = OpenApiParameter("modelId", description="A public model name.")
_SUBSCRIPTION = OpenApiParameter(
    "subscriptionId", OpenApiTypes.UUID, description="The model of a subscription."
)
_RANGE = OpenApiParameter("timeRange", enum=["day", "week", "month"], default="month")
# The front end's "last 90 days" of the legacy page.
_LEGACY_DAYS = 90


class SummaryView(ContractView):
    permissions_needed = {"GET": "usage:read"}
    rate_bucket = "analytics"

    @extend_schema(parameters=[*DATES, _MODEL, _SUBSCRIPTION, _USER], responses=SummaryOut)
    def get(self, request: Request) -> Response:
        """Totals of a period, and the same by model."""
        now, person = timezone.now(), asking.whose(request)
        question = asking.question_of(request, person, asking.period_of(request, now))
        quality = coverage(question.period, now=now, since=person.created_at)
        return Response(presenting.summary(question, lines_of(question, now=now), quality))


class TimeSeriesView(ContractView):
    permissions_needed = {"GET": "usage:read"}
    rate_bucket = "analytics"

    @extend_schema(
        parameters=[
            *DATES,
            OpenApiParameter("interval", enum=UNITS, default="day"),
            OpenApiParameter(
                "timeZone", description="An IANA name; the reporting time zone if it is left out."
            ),
            _MODEL,
            _SUBSCRIPTION,
            _USER,
        ],
        responses=TimeSeriesOut,
    )
    def get(self, request: Request) -> Response:
        """Usage by hour, day, week or month. Every span of the period that has begun is there.

        Hours are refused (GRANULARITY_NOT_AVAILABLE) where the gateway told sums of whole days only.
        """
        now = timezone.now()
        interval: Unit = params.choice(request, "interval", UNITS, "day")  # type: ignore[assignment]
        question = asking.question_of(request, asking.whose(request), asking.period_of(request, now))
        require_granularity(question.period, [interval])
        found = {g.span: g.figures for g in groups_of(question, (), now=now, every=interval)}
        spans = [span for span in spans_of(question.period, interval) if span.start <= now]
        data = [presenting.point(s.name, s.start, s.end, found.get(s, Figures())) for s in spans]
        return Response({"interval": interval, "data": data})


class AnalyticsView(ContractView):
    permissions_needed = {"POST": "usage:read"}
    rate_bucket = "analytics"
    only_asks = True

    @extend_schema(request=AnalyticsIn, responses=AnalyticsOut)
    def post(self, request: Request) -> Response:
        """Everything about the caller's usage in a period, compared with the period before it."""
        now, body, user = timezone.now(), body_of(request, AnalyticsIn), actor_of(request)
        period = read_period(body.get("startDate"), body.get("endDate"), now=now)
        filters = asking.body_filters(body, lambda named: naming.own_keys(user, named))
        question = Question(Scope.of(user), period, filters)
        return Response(presenting.analytics(own_overview(user, question, now=now)))


class FilterOptionsView(ContractView):
    permissions_needed = {"GET": "usage:read"}
    rate_bucket = "filter-options"

    @extend_schema(parameters=DATES, responses=OwnFilterOptionsOut)
    def get(self, request: Request) -> Response:
        """The models and keys that the caller used in a period."""
        now = timezone.now()
        question = Question(Scope.of(actor_of(request)), asking.period_of(request, now))
        keys = filter_options.keys_used(question, now=now)
        return Response(
            {
                "models": presenting.model_options(filter_options.models_used(question, now=now)),
                "apiKeys": [{"id": str(key.id), "name": key.name, "keyAlias": key.name} for key in keys],
            }
        )


class LegacyMetricsView(ContractView):
    permissions_needed = {"GET": "usage:read"}
    rate_bucket = "analytics"

    @extend_schema(
        parameters=[
            OpenApiParameter("startDate", OpenApiTypes.DATE),
            OpenApiParameter("endDate", OpenApiTypes.DATE),
            _MODEL,
            OpenApiParameter("apiKeyId", OpenApiTypes.UUID),
        ],
        responses=LegacyMetricsOut,
    )
    def get(self, request: Request) -> Response:
        """What earlier clients ask for instead of the analytics."""
        now, person = timezone.now(), actor_of(request)
        period = asking.period_of(request, now, has_default=True, max_days=_LEGACY_DAYS)
        question = asking.question_of(request, person, period)
        quality = coverage(period, now=now, since=person.created_at)
        return Response(presenting.legacy_metrics(question, lines_of(question, now=now), quality))


class DashboardView(ContractView):
    permissions_needed = {"GET": "usage:read"}
    rate_bucket = "analytics"

    @extend_schema(parameters=[_RANGE], responses=DashboardOut)
    def get(self, request: Request) -> Response:
        """The last days against those before them, and how much of the subscriptions' quotas is used."""
        now, person = timezone.now(), actor_of(request)
        question = Question(Scope.of(person), asking.range_of(request, now))
        lines = lines_of(question, now=now)
        current, previous = total_of(lines), total(question.before, now=now)
        return Response(
            {
                "summary": {
                    "currentPeriod": presenting.period_sums(current),
                    "previousPeriod": presenting.period_sums(previous),
                    "percentChange": {
                        "requests": presenting.percent_change(current.requests, previous.requests),
                        "tokens": presenting.percent_change(current.total_tokens, previous.total_tokens),
                    },
                    "quotaUtilization": utilization(person.pk, now=now),
                },
                "topStats": {"topModels": presenting.top_models(_ranked(lines)[:10]), "recentActivity": []},
            }
        )


class TopView(ContractView):
    permissions_needed = {"GET": "usage:read"}
    rate_bucket = "analytics"

    @extend_schema(parameters=[_RANGE, OpenApiParameter("limit", whole(1, 50, 10))], responses=TopOut)
    def get(self, request: Request) -> Response:
        """The caller's most used models."""
        now, limit = timezone.now(), params.integer(request, "limit", 10, maximum=50)
        question = Question(Scope.of(actor_of(request)), asking.range_of(request, now))
        ranked = _ranked(lines_of(question, now=now))[:limit]
        return Response({"topModels": presenting.top_models(ranked), "recentActivity": []})


def _ranked(lines: list[Line]) -> list[tuple[str, Figures]]:
    return most_used_first(grouped(lines, lambda line: line.model))
