"""The record of acts, for operators (contract §16)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import options
from accounts.api.authentication import actor_of
from accounts.audit import queries, redacting
from accounts.audit.queries import Filter
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import page_around
from litemaas.api.rendering import dumps
from litemaas.api.schema import page_parameters, page_schema
from litemaas.api.views import ContractView, body_of
from litemaas.cells import as_csv

Shape = serializers.Serializer[Any]
MOST_EXPORTED = 10_000


class AuditEventOut(Shape):
    id = serializers.IntegerField()
    userId = serializers.UUIDField(allow_null=True)
    username = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    action = serializers.CharField()
    resourceType = serializers.CharField()
    resourceId = serializers.CharField(allow_null=True)
    success = serializers.BooleanField()
    errorMessage = serializers.CharField(allow_null=True)
    metadata = serializers.DictField()
    oldValues = serializers.DictField(allow_null=True)
    newValues = serializers.DictField(allow_null=True)
    ipAddress = serializers.CharField(allow_null=True)
    userAgent = serializers.CharField(allow_null=True)
    requestId = serializers.CharField(allow_null=True)
    authMethod = serializers.CharField(
        allow_null=True, help_text="session, jwt, api-key, …; null for the program"
    )
    createdAt = serializers.DateTimeField()


class ActionsOut(Shape):
    actions = serializers.ListField(child=serializers.CharField())


class CategoriesOut(Shape):
    categories = serializers.ListField(child=serializers.CharField())


class RedactIn(Shape):
    fields_ = serializers.ListField(
        child=serializers.ChoiceField(sorted(redacting.FIELD_OF)), min_length=1, max_length=8
    )
    reason = serializers.CharField(max_length=500)

    def get_fields(self) -> dict[str, Any]:
        """`fields` is a name that serializers keep for themselves."""
        declared = super().get_fields()
        return {name.rstrip("_"): field for name, field in declared.items()}


class RedactedOut(Shape):
    id = serializers.IntegerField()
    redactedFields = serializers.ListField(child=serializers.CharField())
    redactedAt = serializers.DateTimeField()


class InvalidDate(errors.InvalidInput):
    code = "INVALID_DATE_FORMAT"


class WrongOrder(errors.InvalidInput):
    code = "INVALID_DATE_ORDER"


def _text(name: str, about: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, description=about)


_KINDS = [
    _text("resourceType", "One category."),
    _text("excludeResourceTypes", "Categories to leave out, comma-separated."),
]
FILTERS = [
    _text("action", "A whole action code; may be given more than once."),
    *_KINDS,
    OpenApiParameter("userId", OpenApiTypes.UUID),
    _text("startDate", "A day in the reporting time zone, or a time."),
    _text("endDate", "A day, which is included, or a time."),
    _text("search", "A part of action, object id or metadata."),
    OpenApiParameter("success", OpenApiTypes.BOOL),
]


class AuditView(ContractView):
    permissions_needed = {"GET": "admin:audit"}

    @extend_schema(
        parameters=page_parameters() + FILTERS,
        responses=page_schema(AuditEventOut),
        operation_id="list_audit_events",
    )
    def get(self, request: Request) -> Response:
        asked = _filter(request)
        return Response(
            page_around(
                request,
                lambda limit, offset: queries.page(asked, limit=limit, offset=offset),
                lambda: queries.total(asked),
            )
        )


class AuditActionsView(ContractView):
    permissions_needed = {"GET": "admin:audit"}

    @extend_schema(parameters=_KINDS, responses=ActionsOut, operation_id="list_audit_actions")
    def get(self, request: Request) -> Response:
        found = queries.actions(
            resource_type=params.text(request, "resourceType"), without_types=_without(request)
        )
        return Response({"actions": found})


class AuditCategoriesView(ContractView):
    permissions_needed = {"GET": "admin:audit"}

    @extend_schema(responses=CategoriesOut, operation_id="list_audit_categories")
    def get(self, request: Request) -> Response:
        return Response({"categories": queries.categories()})


class AuditExportView(ContractView):
    """The newest rows as a file."""

    permissions_needed = {"GET": "admin:audit"}
    rate_bucket = "export"

    @extend_schema(
        parameters=[*FILTERS, OpenApiParameter("format", OpenApiTypes.STR, enum=["csv", "json"])],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/json"): AuditEventOut(many=True)},
        operation_id="export_audit_events",
    )
    def get(self, request: Request) -> HttpResponse:
        kind = params.choice(request, "format", ("csv", "json"), "csv")
        rows = queries.page(_filter(request), limit=MOST_EXPORTED, offset=0)
        if kind == "json":
            content: Any = dumps(rows)
        else:
            for row in rows:
                row["createdAt"] = row["createdAt"].astimezone(UTC).isoformat().replace("+00:00", "Z")
            content = as_csv(AuditEventOut._declared_fields, rows)
        answer = HttpResponse(
            content, content_type="application/json" if kind == "json" else "text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="audit.{kind}"'
        answer["Cache-Control"] = "no-store"
        return answer


class RedactView(ContractView):
    """Takes fields out of a row for good; the chain of the record holds, and the act is recorded itself."""

    permissions_needed = {"POST": "admin:settings"}

    @extend_schema(request=RedactIn, responses=RedactedOut, operation_id="redact_audit_event")
    def post(self, request: Request, event_id: str) -> Response:
        body = body_of(request, RedactIn)
        left = redacting.redact_event(
            actor=actor_of(request),
            event_id=int(event_id),
            fields=[redacting.FIELD_OF[name] for name in body["fields"]],
            reason=body["reason"],
            now=timezone.now(),
        )
        names = [redacting.NAME_OF[field] for field in left.fields]
        return Response({"id": left.event_id, "redactedFields": names, "redactedAt": left.redacted_at})


def _filter(request: Request) -> Filter:
    since, until = _moment(request, "startDate"), _moment(request, "endDate", is_end=True)
    if since and until and since >= until:
        raise WrongOrder(fields={"startDate": "startDate must not be after endDate."})
    return Filter(
        actions=tuple(params.listing(request, "action")),
        resource_type=params.text(request, "resourceType"),
        without_types=_without(request),
        user_id=params.uuid_or_none(request, "userId"),
        since=since,
        until=until,
        search=params.text(request, "search"),
        success=params.boolean(request, "success", None),
    )


def _without(request: Request) -> tuple[str, ...]:
    return tuple(params.listing(request, "excludeResourceTypes", commas=True))


def _moment(request: Request, name: str, *, is_end: bool = False) -> datetime | None:
    """A time as it is; a day as its beginning, or as an end the beginning of the next one."""
    raw = params.text(request, name, longest=40)
    if not raw:
        return None
    try:
        if len(raw) <= 10:
            day = date.fromisoformat(raw) + timedelta(days=is_end)
            return datetime.combine(day, time(), ZoneInfo(options.value("reportingTimeZone")))
        # In an address a plus sign is a blank.
        moment = datetime.fromisoformat(raw.replace(" ", "+") if "T" in raw else raw)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) + timedelta(microseconds=is_end)
    except (ValueError, OverflowError):
        text = f"{name} must be a date like 2026-01-31 or a time like 2026-01-31T12:00:00Z."
        raise InvalidDate(fields={name: text}) from None
