"""The catalogue and its synchronisation, for operators."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from modeltranslation.admin import TranslationAdmin

from catalog import describing, services, sync
from catalog.models import Deployment, ManagedDeployment, Model, ModelText, Price, SyncRun
from litemaas.administration import Listed, ReadOnlyAdmin, ReadOnlyInline, act, may_act
from litemaas.errors import DomainError


class PriceInline(ReadOnlyInline):
    model = Price
    ordering = ["-valid_from"]


class DeploymentInline(ReadOnlyInline):
    model = Deployment
    fields = ["id", "provider", "backend_model_name", "max_input_tokens", "last_seen_at", "vanished_at"]


def _restrict(model: Model, *, restricted: bool, **by: Any) -> Model:
    return services.restrict_model(model_id=model.pk, restricted=restricted, **by)


@admin.register(Model)
class ModelAdmin(ReadOnlyAdmin):
    named = (_("Model"), _("Models"))
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

    restrict = act(
        _("Restrict: subscriptions need an approval"),
        partial(_restrict, restricted=True),
        confirm=_("Restrict: subscriptions need an approval"),
    )
    open_to_all = act(
        _("Open to all: pending subscriptions become active"),
        partial(_restrict, restricted=False),
        confirm=_("Open to all: pending subscriptions become active"),
    )


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    named = (_("Deployment"), _("Deployments"))
    list_display = ["id", "model_id", "provider", "backend_model_name", "last_seen_at", "vanished_at"]
    list_filter = [("vanished_at", admin.EmptyFieldListFilter), "is_managed_by_config"]
    search_fields = ["id", "model__id", "backend_model_name"]
    list_select_related = False


@admin.register(ManagedDeployment)
class ManagedDeploymentAdmin(ReadOnlyAdmin):
    named = (_("Managed deployment"), _("Managed deployments"))
    list_display = ["model_id", "backend_model_name", "api_base", "rpm", "tpm", "updated_at", "deleted_at"]
    list_filter = [("deleted_at", admin.EmptyFieldListFilter), "model_type"]
    search_fields = ["model__id", "backend_model_name"]
    list_select_related = False


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    named = (_("Price"), _("Prices"))
    list_display = ["model_id", "input_cost_per_token", "output_cost_per_token", "valid_from", "valid_to"]
    list_filter = [("valid_to", admin.EmptyFieldListFilter)]
    search_fields = ["model__id"]
    list_select_related = False


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    named = (_("Model sync"), _("Model syncs"))
    list_display = [
        "started_at",
        "state",
        "trigger",
        "total_models",
        "new_models",
        "updated_models",
        "unavailable_models",
        "restored_models",
        "left_out_count",
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


@admin.register(ModelText)
class ModelTextAdmin(TranslationAdmin[ModelText], Listed):
    """A model's description in other languages, set through its use case."""

    named = (_("Model text"), _("Model texts"))
    list_display = ["model_id", "languages"]
    search_fields = ["model__id"]
    autocomplete_fields = ["model"]
    # Deleting several at once would go past the use case.
    actions = None
    fields = ["model", *map(describing.column_of, describing.LANGUAGES)]

    @admin.display(description=_("Languages"))
    def languages(self, text: ModelText) -> str:
        return ", ".join(code for code in describing.LANGUAGES if getattr(text, describing.column_of(code)))

    def formfield_for_dbfield(self, db_field: Any, request: Any, **options: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **options)
        if field and db_field.name.startswith("description_"):
            field.validators.append(MaxLengthValidator(describing.LONGEST))
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["model"] if obj else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_act(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_act(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ModelText, form: Any, change: bool) -> None:
        columns = {code: describing.column_of(code) for code in describing.LANGUAGES}
        describing.describe_model(
            actor=request.user,  # type: ignore[arg-type]
            model_id=obj.model_id,
            descriptions={code: form.cleaned_data.get(column) or "" for code, column in columns.items()},
            now=timezone.now(),
        )
