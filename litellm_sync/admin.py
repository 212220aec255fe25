"""The outbox, for operators: what the gateway has not confirmed, and why."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from litellm_sync import outbox
from litellm_sync.models import GatewayObject, GatewayObjectQuerySet
from litemaas.administration import ReadOnlyAdmin


class SyncStatusFilter(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("pending", "Pending"), ("error", "Refused for good")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GatewayObject]) -> QuerySet[GatewayObject]:
        assert isinstance(queryset, GatewayObjectQuerySet)  # noqa: S101 - the model's own manager makes it
        if self.value() is None:
            return queryset
        return queryset.dirty().filter(parked_at__isnull=self.value() == "pending")


@admin.register(GatewayObject)
class GatewayObjectAdmin(ReadOnlyAdmin):
    list_display = ["kind", "object_id", "sync_status", "attempts", "dirty_since", "not_before", "last_error"]
    list_filter = ["kind", SyncStatusFilter]
    search_fields = ["=object_id"]
    search_help_text = "The whole id of a user, key or model."
    ordering = ["-dirty_since"]
    actions = ["retry"]

    @admin.action(description="Try again now")
    def retry(self, request: HttpRequest, queryset: GatewayObjectQuerySet) -> None:
        count = outbox.retry(queryset, now=timezone.now())
        messages.success(request, f"{count} put back in the queue.")
