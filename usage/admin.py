"""The ledger in Django admin: to look at, never to edit."""

from django.contrib import admin

from litemaas.administration import ReadOnlyAdmin
from usage.models import BackfilledWindow, UsageCursor, UsageLog, UsageReject


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
