"""API keys, without their secrets, for operators."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apikeys import services
from apikeys.models import ApiKey, ApiKeyModel
from litellm_sync.models import sync_status_of
from litemaas.administration import ReadOnlyAdmin, ReadOnlyInline, ask_reason, run_each


class ModelInline(ReadOnlyInline):
    model = ApiKeyModel
    fields = ["model"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKeyModel]:
        rows: QuerySet[ApiKeyModel] = super().get_queryset(request)
        return rows.select_related("model")


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = [
        "name",
        "preview",
        "owner",
        "gateway",
        "is_blocked",
        "expires_at",
        "revoked_at",
        "created_at",
    ]
    list_filter = ["is_blocked", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "owner__username", "owner__email", "=alias"]
    list_select_related = ["owner"]
    ordering = ["-created_at"]
    inlines = [ModelInline]
    fields = [
        "id",
        "name",
        "description",
        "owner",
        "team",
        "preview",
        "alias",
        "max_budget",
        "budget_window",
        "tpm_limit",
        "rpm_limit",
        "max_parallel_requests",
        "expires_at",
        "is_blocked",
        "blocked_reason",
        "revoked_at",
        "deleted_at",
        "last_used_at",
        "created_at",
        "updated_at",
    ]
    readonly_fields = ["id", "alias", "preview"]
    actions = ["block", "unblock", "revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        rows: QuerySet[ApiKey] = super().get_queryset(request)
        return rows.annotate(gateway_status=sync_status_of("key"))

    @admin.display(description="Gateway")
    def gateway(self, key: Any) -> str | None:
        status: str | None = key.gateway_status
        return status

    @admin.action(description="Block, with a reason")
    def block(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        def use_case(key: ApiKey, reason: str) -> Any:
            return services.block_api_key(
                actor=_actor(request), key_id=key.pk, reason=reason, now=timezone.now()
            )

        return ask_reason(
            self, request, queryset, action="block", title="Block these keys", use_case=use_case
        )

    @admin.action(description="Unblock")
    def unblock(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        run_each(
            request,
            queryset,
            lambda key: services.unblock_api_key(actor=_actor(request), key_id=key.pk, now=timezone.now()),
        )

    @admin.action(description="Revoke for good")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        run_each(
            request,
            queryset,
            lambda key: services.revoke_api_key(actor=_actor(request), key_id=key.pk, now=timezone.now()),
        )


def _actor(request: HttpRequest) -> Any:
    """The signed-in operator: the admin site lets nobody else in."""
    return request.user
