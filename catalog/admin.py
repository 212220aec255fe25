"""The catalogue and its synchronisation, for operators."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from catalog import services, sync
from catalog.models import Deployment, ManagedDeployment, Model, Price, SyncRun
from litemaas.administration import ReadOnlyAdmin, ReadOnlyInline, may_act, run_each
from litemaas.errors import DomainError


class PriceInline(ReadOnlyInline):
    model = Price
    ordering = ["-valid_from"]


class DeploymentInline(ReadOnlyInline):
    model = Deployment
    fields = ["id", "provider", "backend_model_name", "max_input_tokens", "last_seen_at", "vanished_at"]


@admin.register(Model)
class ModelAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "provider",
        "model_type",
        "context_length",
        "input_cost_per_token",
        "output_cost_per_token",
        "restricted_access",
        "availability",
        "last_seen_at",
    ]
    list_filter = ["availability", "restricted_access", "model_type"]
    search_fields = ["id", "provider", "description"]
    in_portal = ("model", "model_id")
    inlines = [DeploymentInline, PriceInline]
    actions = ["restrict", "open_to_all"]

    @admin.action(description=_("Restrict: subscriptions need an approval"))
    def restrict(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        self._set_restricted(request, queryset, True)

    @admin.action(description=_("Open to all: pending subscriptions become active"))
    def open_to_all(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        self._set_restricted(request, queryset, False)

    def _set_restricted(self, request: HttpRequest, models: QuerySet[Model], restricted: bool) -> None:
        def change(model: Model) -> Any:
            return services.restrict_model(
                actor=request.user,  # type: ignore[arg-type]
                model_id=model.pk,
                restricted=restricted,
                now=timezone.now(),
            )

        run_each(request, models, change)


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    list_display = ["id", "model_id", "provider", "backend_model_name", "last_seen_at", "vanished_at"]
    list_filter = [("vanished_at", admin.EmptyFieldListFilter), "is_managed_by_config"]
    search_fields = ["id", "model__id", "backend_model_name"]
    list_select_related = False


@admin.register(ManagedDeployment)
class ManagedDeploymentAdmin(ReadOnlyAdmin):
    list_display = ["model_id", "backend_model_name", "api_base", "rpm", "tpm", "updated_at", "deleted_at"]
    list_filter = [("deleted_at", admin.EmptyFieldListFilter), "model_type"]
    search_fields = ["model__id", "backend_model_name"]
    list_select_related = False


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    list_display = ["model_id", "input_cost_per_token", "output_cost_per_token", "valid_from", "valid_to"]
    list_filter = [("valid_to", admin.EmptyFieldListFilter)]
    search_fields = ["model__id"]
    list_select_related = False


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = [
        "started_at",
        "state",
        "trigger",
        "total_models",
        "new_models",
        "updated_models",
        "unavailable_models",
        "restored_models",
        "finding",
    ]
    list_filter = ["state", "started_at"]
    ordering = ["-started_at"]

    def get_urls(self) -> list[URLPattern]:
        now = path(
            "now/", self.admin_site.admin_view(require_POST(self.sync_now)), name="catalog_syncrun_now"
        )
        return [now, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(request, {**(extra_context or {}), "may_act": may_act(request)})

    def sync_now(self, request: HttpRequest) -> HttpResponse:
        """Read the gateway's models while the operator waits."""
        if not may_act(request):
            raise PermissionDenied
        try:
            summary = sync.sync_models(actor=request.user, trigger="admin")  # type: ignore[arg-type]
            told = ngettext("%d model at the gateway.", "%d models at the gateway.", summary.total)
            messages.success(request, told % summary.total)
        except DomainError as error:
            messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:catalog_syncrun_changelist"))
