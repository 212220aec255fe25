"""The ledger in Django admin: to look at, never to edit."""

from django.contrib import admin

from litemaas.administration import ReadOnlyAdmin
from usage.models import (
    BackfilledWindow,
    UsageBatch,
    UsageCursor,
    UsageDifference,
    UsageLog,
    UsageReject,
    UsageTrust,
)


@admin.register(UsageLog)
class UsageLogAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "model", "user_id", "status", "total_tokens", "cost", "request_id")
    list_filter = ("started_at",)
    search_fields = ("user_id__exact",)
    search_help_text = "The id of a user."
    ordering = ("-started_at",)


@admin.register(UsageReject)
class UsageRejectAdmin(ReadOnlyAdmin):
    list_display = ("rejected_at", "reason", "request_id", "source")
    list_filter = ("reason",)
    search_fields = ("request_id__exact",)
    ordering = ("-rejected_at",)


@admin.register(UsageCursor)
class UsageCursorAdmin(ReadOnlyAdmin):
    list_display = ("source", "begun_at", "position", "moved_at")


@admin.register(BackfilledWindow)
class BackfilledWindowAdmin(ReadOnlyAdmin):
    list_display = ("source", "start", "end", "rows", "finished_at")
    ordering = ("-start",)


@admin.register(UsageBatch)
class UsageBatchAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "body_bytes", "attempts", "not_before", "last_error")
    fields = ("received_at", "digest", "body_bytes", "attempts", "not_before", "last_error")
    ordering = ("id",)


@admin.register(UsageDifference)
class UsageDifferenceAdmin(ReadOnlyAdmin):
    list_display = ("day", "kind", "against", "token_hash", "requests", "other_requests", "healed_at")
    list_filter = ("kind", "against")
    search_fields = ("token_hash__exact",)
    ordering = ("-day", "id")


@admin.register(UsageTrust)
class UsageTrustAdmin(ReadOnlyAdmin):
    list_display = ("day", "state", "requests", "gateway_requests", "cost", "gateway_cost", "checked_at")
    list_filter = ("state",)
    ordering = ("-day",)
