"""Own usage: summary, time series, analytics, export (REST contract §8)."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api import params
from litemaas.api.rendering import dumps
from litemaas.api.views import ContractView, body_of
from usage import analytics, exports
from usage.analytics import Question
from usage.api import asking, presenting
from usage.api.serializers import AnalyticsIn, AnalyticsOut, SummaryOut, TimeSeriesOut
from usage.periods import read_period
from usage.series import INTERVALS, series

_DATES = [
    OpenApiParameter("startDate", OpenApiTypes.DATE, required=True),
    OpenApiParameter("endDate", OpenApiTypes.DATE, required=True),
]
_USER = OpenApiParameter("userId", OpenApiTypes.UUID, description="For operators: somebody else's usage.")
_MODEL = OpenApiParameter("modelId", description="A public model name.")


class SummaryView(ContractView):
    permissions_needed = {"GET": "usage:read"}

    @extend_schema(parameters=[*_DATES, _MODEL, _USER], responses=SummaryOut)
    def get(self, request: Request) -> Response:
        """Totals of a period, and the same by model."""
        now, person = timezone.now(), asking.whose(request)
        question = asking.question_of(request, person, asking.period_of(request, now))
        quality = analytics.coverage(question.period, now=now, since=person.created_at)
        return Response(presenting.summary(question, analytics.days(question), quality))


class TimeSeriesView(ContractView):
    permissions_needed = {"GET": "usage:read"}

    @extend_schema(
        parameters=[*_DATES, _MODEL, _USER, OpenApiParameter("interval", enum=INTERVALS, default="day")],
        responses=TimeSeriesOut,
    )
    def get(self, request: Request) -> Response:
        """Usage by hour, day, week or month of the reporting time zone."""
        now, interval = timezone.now(), params.choice(request, "interval", INTERVALS, "day")
        question = asking.question_of(request, asking.whose(request), asking.period_of(request, now))
        points = series(question, interval, now=now)
        data = [presenting.point(p.name, p.start, p.end, p.figures) for p in points]
        return Response({"interval": interval, "data": data})


class AnalyticsView(ContractView):
    permissions_needed = {"POST": "usage:read"}

    @extend_schema(request=AnalyticsIn, responses=AnalyticsOut)
    def post(self, request: Request) -> Response:
        """Everything about the caller's usage in a period, compared with the period before it."""
        now, body, user = timezone.now(), body_of(request, AnalyticsIn), actor_of(request)
        question = Question(
            user_id=user.pk,
            period=read_period(body.get("startDate"), body.get("endDate"), now=now),
            model_ids=body.get("modelIds", []),
            provider_ids=body.get("providerIds", []),
            api_key_ids=analytics.own_keys(user, body.get("apiKeyIds", [])),
        )
        quality = analytics.coverage(question.period, now=now, since=user.created_at)
        lines, earlier = analytics.days(question), analytics.days(question.before)
        return Response(presenting.analytics(user, question, lines, earlier, quality))


class ExportView(ContractView):
    permissions_needed = {"GET": "usage:export"}

    @extend_schema(
        parameters=[
            OpenApiParameter("format", enum=["csv", "json"], default="csv"),
            OpenApiParameter("startDate", OpenApiTypes.DATE),
            OpenApiParameter("endDate", OpenApiTypes.DATE),
            OpenApiParameter("modelIds", many=True),
            OpenApiParameter("providerIds", many=True),
            OpenApiParameter("apiKeyIds", many=True),
        ],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> HttpResponse:
        """The caller's usage as a file: one row per day, model and key."""
        kind = params.choice(request, "format", ("csv", "json"), "csv")
        period = asking.period_of(request, timezone.now(), has_default=True)
        lines = analytics.days(asking.question_of(request, actor_of(request), period))
        if kind == "csv":
            answer = HttpResponse(exports.as_csv(lines), content_type="text/csv; charset=utf-8")
        else:
            answer = HttpResponse(dumps(list(exports.export_rows(lines))), content_type="application/json")
        name = f"usage-export-{period.first}-to-{period.last}.{kind}"
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer
