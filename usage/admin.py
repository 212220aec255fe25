"""The ledger in Django admin: to look at, never to edit.

Its rollups have keys of several columns, which Django admin can't show; they are what the pages of usage sum up.
"""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from litemaas.administration import ReadOnlyAdmin, referring
from litemaas.administration.hiding import shortened
from litemaas.administration.rows import NamingList
from usage.models import (
    AlertDelivery,
    AlertThresholds,
    BackfilledWindow,
    BudgetAlert,
    BudgetForecast,
    BudgetKind,
    ClosedMonth,
    ForecastTally,
    KeptAttribution,
    RollupZone,
    Series,
    SummedDay,
    UsageBatch,
    UsageCursor,
    UsageDifference,
    UsageLog,
    UsageReject,
    UsageTrust,
    Visitor,
    Webhook,
)

_WHOSE = {
    "user_id": referring.to("accounts.User"),
    "team_id": referring.to("teams.Team"),
    "api_key_id": referring.to("apikeys.ApiKey"),
}


class _OfKeys(ReadOnlyAdmin):
    """Rows that name a key by the gateway's hash of it."""

    @admin.display(description=_("Key at the gateway"))
    def key_at_gateway(self, row: Any) -> str:
        return shortened(row.token_hash)


class _CallList(NamingList):
    def url_for_result(self, result: Any) -> str:
        """With the call's time: by its identity alone all months would have to be read."""
        return f"{super().url_for_result(result)}?{urlencode({'at': result.started_at.isoformat()})}"


@admin.register(UsageLog)
class UsageLogAdmin(_OfKeys):
    """Newest first and by time, as the table is kept; whose calls they are is what the pages of usage tell."""

    named = (_("Call"), _("Calls"))
    list_display = ("started_at", "model", "user_id", "status", "total_tokens", "cost", "request_id")
    list_filter = ("started_at", "status")
    # Another order would have to read all months.
    sortable_by = ("started_at",)
    refers = _WHOSE
    readonly_fields = ("key_at_gateway",)
    exclude = ("figures_digest", "key_alias")
    ordering = ("-started_at",)

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return _CallList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> UsageLog | None:
        try:
            at = parse_datetime(request.GET.get("at", ""))
            if at is None or at.tzinfo is None:
                return None
            return UsageLog.objects.filter(started_at=at, identity=object_id).first()
        except (ValueError, ValidationError):
            return None


@admin.register(UsageReject)
class UsageRejectAdmin(ReadOnlyAdmin):
    named = (_("Rejected row"), _("Rejected rows"))
    list_display = ("rejected_at", "reason", "request_id", "source")
    list_filter = ("rejected_at",)
    exclude = ("fingerprint", "row")
    ordering = ("-rejected_at",)


@admin.register(UsageCursor)
class UsageCursorAdmin(ReadOnlyAdmin):
    named = (_("Reading position"), _("Reading positions"))
    list_display = ("source", "begun_at", "position", "moved_at")


@admin.register(BackfilledWindow)
class BackfilledWindowAdmin(ReadOnlyAdmin):
    named = (_("Backfilled window"), _("Backfilled windows"))
    list_display = ("source", "start", "end", "rows", "finished_at")
    ordering = ("-start",)


@admin.register(ClosedMonth)
class ClosedMonthAdmin(ReadOnlyAdmin):
    named = (_("Closed month"), _("Closed months"))
    list_display = ("month", "closed_at")
    ordering = ("-month",)


@admin.register(SummedDay)
class SummedDayAdmin(ReadOnlyAdmin):
    named = (_("Summed day"), _("Summed days"))
    list_display = ("day", "since", "is_counted")
    ordering = ("-day",)


@admin.register(KeptAttribution)
class KeptAttributionAdmin(_OfKeys):
    named = (_("Attribution of an unknown key"), _("Attributions of unknown keys"))
    list_display = ("key_at_gateway", "api_key_id", "since")
    # The address of a row would be the key's whole hash; the list has all that there is to see.
    list_display_links = None
    refers = {"api_key_id": _WHOSE["api_key_id"]}
    ordering = ("-since",)


@admin.register(RollupZone)
class RollupZoneAdmin(ReadOnlyAdmin):
    named = (_("Reporting time zone"), _("Reporting time zones"))
    list_display = ("name",)


@admin.register(UsageBatch)
class UsageBatchAdmin(ReadOnlyAdmin):
    named = (_("Pushed batch"), _("Pushed batches"))
    list_display = ("received_at", "body_bytes", "attempts", "not_before", "last_error")
    ordering = ("id",)


@admin.register(Series)
class SeriesAdmin(_OfKeys):
    named = (_("Usage series"), _("Usage series"))
    titled_by = ("model", "user_id")
    list_display = ("model", "provider", "status", "user_id", "team_id", "api_key_id")
    list_filter = ("status",)
    refers = _WHOSE
    search_fields = ("model__exact", "user_id__exact", "team_id__exact")
    search_help_text = _("A model's whole name, or the id of a user or team.")
    readonly_fields = ("key_at_gateway",)
    ordering = ("-pk",)


@admin.register(Visitor)
class VisitorAdmin(ReadOnlyAdmin):
    named = (_("Number of a user"), _("Numbers of users"))
    titled_by = ("user_id",)
    list_display = ("id", "user_id")
    refers = {"user_id": referring.to("accounts.User")}
    search_fields = ("user_id__exact",)
    search_help_text = _("The id of a user.")
    ordering = ("-pk",)


@admin.register(UsageDifference)
class UsageDifferenceAdmin(_OfKeys):
    named = (_("Usage difference"), _("Usage differences"))
    titled_by = ("day", "kind")
    list_display = ("day", "kind", "against", "key_at_gateway", "requests", "other_requests", "healed_at")
    list_filter = ("kind", "against", ("healed_at", admin.EmptyFieldListFilter))
    readonly_fields = ("key_at_gateway",)
    ordering = ("-day", "id")


@admin.register(UsageTrust)
class UsageTrustAdmin(ReadOnlyAdmin):
    named = (_("Compared day"), _("Compared days"))
    titled_by = ("day", "state")
    list_display = ("day", "state", "requests", "gateway_requests", "cost", "gateway_cost", "checked_at")
    list_filter = ("state",)
    ordering = ("-day",)


# --- budgets

_ANY_KIND = {"kind__in": BudgetKind.values}


@admin.register(BudgetAlert)
class BudgetAlertAdmin(ReadOnlyAdmin):
    named = (_("Budget alert"), _("Budget alerts"))
    titled_by = ("kind", "name")
    list_display = ("raised_at", "kind", "name", "threshold", "spend", "max_budget", "window_end")
    refers = {"object_id": referring.by_kind}
    list_filter = ("kind",)
    search_fields = ("object_id__exact",)
    search_within = _ANY_KIND
    search_help_text = _("The id of a user, team or key.")
    ordering = ("-raised_at",)


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(ReadOnlyAdmin):
    named = (_("Alert delivery"), _("Alert deliveries"))
    titled_by = ("alert", "webhook")
    list_display = ("alert", "webhook", "attempts", "due_at", "delivered_at", "last_error")
    list_filter = (("delivered_at", admin.EmptyFieldListFilter),)
    list_select_related = ("alert", "webhook")
    ordering = ("-pk",)


@admin.register(AlertThresholds)
class AlertThresholdsAdmin(ReadOnlyAdmin):
    named = (_("Alert thresholds"), _("Alert thresholds"))
    titled_by = ("kind", "object_id")
    list_display = ("kind", "object_id", "percents", "changed_at")
    refers = {"object_id": referring.by_kind}
    list_filter = ("kind",)
    search_fields = ("object_id__exact",)
    search_within = _ANY_KIND
    search_help_text = _("The id of a user, team or key.")


@admin.register(ForecastTally)
class ForecastTallyAdmin(ReadOnlyAdmin):
    named = (_("Tally of forecasts"), _("Tallies of forecasts"))
    list_display = ("settled_on", "forecasts", "held")
    ordering = ("-settled_on",)


@admin.register(BudgetForecast)
class BudgetForecastAdmin(ReadOnlyAdmin):
    named = (_("Budget forecast"), _("Budget forecasts"))
    titled_by = ("object_id", "made_on")
    list_display = ("made_on", "kind", "object_id", "window_end", "low", "expected", "high", "actual")
    refers = {"object_id": referring.by_kind}
    list_filter = ("kind",)
    ordering = ("-pk",)


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    named = (_("Webhook"), _("Webhooks"))
    list_display = ("url", "description", "is_active", "created_by", "created_at")
    list_filter = ("is_active",)
    search_fields = ("url",)
    list_select_related = ("created_by",)
    ordering = ("-created_at",)
