"""Usage as files (REST contract §8 and §14). What is large comes from a job (§20.1)."""

from datetime import datetime

from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from jobs.api.presenters import accepted
from litemaas.api import params
from litemaas.api.views import ContractView, body_of
from usage import naming
from usage.api import asking
from usage.api.row_serializers import ExportJobOut, FiltersIn
from usage.exports.files import GROUPS, ROWS_AT_ONCE, Export, TooManyRows, start_export
from usage.exports.formats import FORMATS
from usage.exports.sizes import size_of
from usage.periods import MAX_DAYS, read_period, read_zone
from usage.questions import Question
from usage.scopes import Scope

# What `/config/admin-analytics` announces for the files of §14.
MAX_GROUP_ROWS = 10_000
_FILES = {
    (200, "text/csv"): OpenApiTypes.STR,
    (200, "application/json"): {"type": "array", "items": {"type": "object", "additionalProperties": {}}},
    (200, "application/vnd.apache.parquet"): OpenApiTypes.BINARY,
    202: ExportJobOut,
}


class ExportView(ContractView):
    permissions_needed = {"GET": "usage:export"}
    rate_bucket = "export"

    @extend_schema(
        parameters=[
            OpenApiParameter("format", enum=FORMATS, default="csv"),
            OpenApiParameter("startDate", OpenApiTypes.DATE),
            OpenApiParameter("endDate", OpenApiTypes.DATE),
            OpenApiParameter("modelIds", many=True),
            OpenApiParameter("providerIds", many=True),
            OpenApiParameter("apiKeyIds", many=True),
        ],
        responses=_FILES,
    )
    def get(self, request: Request) -> HttpResponseBase:
        """The caller's usage as a file: one row per day, model and key; with `focus` cost rows of FOCUS 1.2."""
        now, caller = timezone.now(), actor_of(request)
        form = params.choice(request, "format", FORMATS, "csv")
        period = asking.period_of(request, now, has_default=True)
        question = asking.question_of(request, caller, period)
        return _file(Export(question, "own", form, "usage-export"), caller, now)


class AdminExportIn(FiltersIn):
    format = serializers.ChoiceField(choices=FORMATS, default="csv")
    groupBy = serializers.ChoiceField(choices=[*GROUPS, "detail"], default="user")
    timeZone = serializers.CharField(required=False, allow_blank=True, max_length=64)


class AdminExportView(ContractView):
    permissions_needed = {"POST": "admin:usage"}
    rate_bucket = "export"

    @extend_schema(request=AdminExportIn, responses=_FILES)
    def post(self, request: Request) -> HttpResponseBase:
        """Everybody's usage as a file: at most 10,000 rows by `groupBy`; any number with `detail` or `focus`."""
        now, caller, body = timezone.now(), actor_of(request), body_of(request, AdminExportIn)
        zone = read_zone(body.get("timeZone"))
        period = read_period(
            body.get("startDate"), body.get("endDate"), now=now, zone=zone, max_days=MAX_DAYS
        )
        filters = asking.body_filters(body, naming.any_keys)
        question = Question(Scope.visible_to(caller), period, filters)
        export = Export(question, body["groupBy"], body["format"], "admin-usage-export")
        most = None if export.form == "focus" or export.split == "detail" else MAX_GROUP_ROWS
        return _file(export, caller, now, most=most)


def _file(export: Export, caller: User, now: datetime, *, most: int | None = None) -> HttpResponseBase:
    rows = size_of(export.reader(now)).rows
    if most is not None and rows > most:
        raise TooManyRows(rows=rows, maxRows=most)
    if rows > ROWS_AT_ONCE:
        with transaction.atomic():
            job = start_export(export, actor=caller, now=now)
        return accepted(job, {"rows": rows, "fileName": export.file_name})
    answer = StreamingHttpResponse(export.content(now), content_type=export.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    return answer
