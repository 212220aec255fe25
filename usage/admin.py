"""The ledger in Django admin: to look at, never to edit."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.utils.functional import cached_property

from litemaas.administration import ReadOnlyAdmin
from usage.models import BackfilledWindow, UsageCursor, UsageDay, UsageLog, UsageReject


class UncountedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to a limit only: the exact count of a ledger of 100 million rows would take minutes."""

    limit = 10_000

    @cached_property
    def count(self) -> int:
        return len(self.object_list.values_list("pk")[: self.limit])  # type: ignore[union-attr]


@admin.register(UsageLog)
class UsageLogAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "model", "user_id", "status", "total_tokens", "cost", "request_id")
    list_filter = ("started_at",)
    search_fields = ("=user_id",)
    search_help_text = "The id of a user."
    ordering = ("-started_at",)
    paginator = UncountedPaginator
    show_full_result_count = False


@admin.register(UsageDay)
class UsageDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "model", "provider", "user_id", "status", "requests", "total_tokens", "cost")
    list_filter = ("day",)
    search_fields = ("=user_id",)
    search_help_text = "The id of a user."
    ordering = ("-day", "-id")
    paginator = UncountedPaginator
    show_full_result_count = False


@admin.register(UsageReject)
class UsageRejectAdmin(ReadOnlyAdmin):
    list_display = ("rejected_at", "reason", "request_id", "source")
    list_filter = ("reason",)
    search_fields = ("=request_id",)
    ordering = ("-rejected_at",)


@admin.register(UsageCursor)
class UsageCursorAdmin(ReadOnlyAdmin):
    list_display = ("source", "begun_at", "position", "moved_at")


@admin.register(BackfilledWindow)
class BackfilledWindowAdmin(ReadOnlyAdmin):
    list_display = ("source", "start", "end", "rows", "finished_at")
    ordering = ("-start",)
