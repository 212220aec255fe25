"""Portal and gateway, for operators: what waits, what was refused, and where the two disagree."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from litellm_sync.models import (
    Finding,
    FindingQuerySet,
    GatewayObject,
    GatewayObjectQuerySet,
    GatewaySpend,
    Sighted,
    SyncRun,
)
from litemaas.administration import ReadOnlyAdmin, act, referring
from litemaas.administration.hiding import shortened
from litemaas.administration.wording import SYNC_STATES
from portal.models import (
    Banner,
    BannerChange,
    BannerDismissal,
    Branding,
    BrandingImage,
    SavedConversation,
    SavedPreset,
    SavedPrompt,
)
from portal.sync import operations

_IGNORED_FOR = timedelta(days=30)
_ANY_KIND = {"kind__in": GatewayObject.Kind.values}


class SyncStatusFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("pending", _("Pending")), ("error", _("Refused for good")), ("dropped", _("Dropped"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GatewayObject]) -> QuerySet[GatewayObject]:
        assert isinstance(queryset, GatewayObjectQuerySet)  # noqa: S101 - the model's own manager makes it
        match self.value():
            case "pending":
                return queryset.waiting().filter(parked_at__isnull=True)
            case "error":
                return queryset.parked()
            case "dropped":
                return queryset.filter(dropped_at__isnull=False)
        return queryset


@admin.register(GatewayObject)
class GatewayObjectAdmin(ReadOnlyAdmin):
    named = (_("Gateway object"), _("Gateway objects"))
    titled_by = ("kind", "object_id")
    list_display = ["kind", "object_id", "status", "attempts", "dirty_since", "not_before", "last_error"]
    list_filter = ["kind", SyncStatusFilter]
    search_fields = ["object_id__exact"]
    search_within = _ANY_KIND
    refers = {"object_id": referring.by_kind}
    search_help_text = _("The whole id of a user, team, member, key or model.")
    ordering = ["-pk"]
    actions = ["retry", "drop"]

    @admin.display(description=_("Status"))
    def status(self, row: GatewayObject) -> Any:
        return _("Dropped") if row.dropped_at else SYNC_STATES.get(row.sync_status)

    @admin.action(description=_("Try again now"))
    def retry(self, request: HttpRequest, queryset: GatewayObjectQuerySet) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = operations.retry_wishes(actor=request.user, ids=ids, now=timezone.now())  # type: ignore[arg-type]
        messages.success(
            request, ngettext("%d put back in the queue.", "%d put back in the queue.", count) % count
        )

    @admin.action(description=_("Give up (what the gateway refused for good)"))
    def drop(self, request: HttpRequest, queryset: GatewayObjectQuerySet) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = operations.drop_wishes(actor=request.user, ids=ids, now=timezone.now())  # type: ignore[arg-type]
        messages.success(request, ngettext("%d given up.", "%d given up.", count) % count)


class FindingStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("shown", _("To be looked at")), ("ignored", _("Ignored")), ("resolved", _("Settled"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Finding]) -> QuerySet[Finding]:
        assert isinstance(queryset, FindingQuerySet)  # noqa: S101 - the model's own manager makes it
        match self.value():
            case "shown":
                return queryset.shown(timezone.now())
            case "ignored":
                return queryset.open().filter(ignored_until__gt=timezone.now())
            case "resolved":
                return queryset.filter(resolved_at__isnull=False)
        return queryset


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    named = (_("Finding"), _("Findings"))
    list_display = [
        "kind",
        "name",
        "verdict",
        "differing",
        "found_at",
        "repair_asked_at",
        "ignored_until",
        "resolved_at",
    ]
    list_filter = ["kind", "verdict", FindingStateFilter]
    search_fields = ["object_id__exact", "gateway_id__exact", "label"]
    search_help_text = _("A part of the name, or the whole id.")
    readonly_fields = ["name", "differing"]
    refers = {"object_id": referring.by_kind}
    exclude = ["gateway_id", "differences"]
    in_portal = ("gateway_finding", "finding_id")
    list_select_related = False
    ordering = ["-found_at"]
    actions = ["repair", "adopt", "ignore"]

    @admin.display(description=_("Object"))
    def name(self, finding: Finding) -> str:
        return finding.label or shortened(finding.gateway_id)

    @admin.display(description=_("Differences (portal / gateway)"))
    def differing(self, finding: Finding) -> str:
        return "; ".join(
            f"{item['field']}: {item['portal']} / {item['gateway']}" for item in finding.differences
        )

    @admin.action(description=_("Repair: bring the gateway in line with the portal"))
    def repair(self, request: HttpRequest, queryset: FindingQuerySet) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = operations.repair_findings(actor=request.user, ids=ids, now=timezone.now())  # type: ignore[arg-type]
        messages.success(request, ngettext("%d is being repaired.", "%d are being repaired.", count) % count)

    adopt = act(
        _("Adopt: take over what the gateway has"),
        lambda row, **by: operations.adopt_finding(finding_id=row.pk, **by),
        confirm=_("Adopt: take over what the gateway has"),
    )
    ignore = act(
        _("Ignore for 30 days"),
        lambda row, now, **by: operations.ignore_finding(
            finding_id=row.pk, until=now + _IGNORED_FOR, now=now, **by
        ),
    )


@admin.register(SyncRun)
class GatewaySyncRunAdmin(ReadOnlyAdmin):
    named = (_("Comparison with the gateway"), _("Comparisons with the gateway"))
    titled_by = ("started_at", "state")
    list_display = ["started_at", "finished_at", "state", "is_dry_run", "counts", "error"]
    list_filter = ["state", "is_dry_run"]
    ordering = ["-started_at"]

    @admin.display(description=_("Missing, different, unknown"))
    def counts(self, run: SyncRun) -> str:
        names = ("missing", "different", "unknown")
        return ", ".join(str(sum(report[name] for report in run.results.values())) for name in names)


class _AtGateway(ReadOnlyAdmin):
    """Rows that name an object as the gateway does; a key's name there is its hash."""

    readonly_fields = ["at_gateway"]
    exclude = ["gateway_id"]

    @admin.display(description=_("In the gateway"))
    def at_gateway(self, row: Any) -> str:
        return shortened(row.gateway_id)


@admin.register(Sighted)
class SightedAdmin(_AtGateway):
    """What a comparison saw at the gateway so far; empty when none runs."""

    named = (_("Object seen at the gateway"), _("Objects seen at the gateway"))
    titled_by = ("kind", "at_gateway")
    list_display = ["run", "kind", "at_gateway"]
    list_select_related = ["run"]
    ordering = ["-pk"]


@admin.register(GatewaySpend)
class GatewaySpendAdmin(_AtGateway):
    named = (_("Spend at the gateway"), _("Spends at the gateway"))
    titled_by = ("kind", "object_id")
    list_display = ["kind", "at_gateway", "object_id", "spend", "budget_reset_at", "as_of"]
    list_filter = ["kind"]
    search_fields = ["gateway_id__exact"]
    search_within = _ANY_KIND
    refers = {"object_id": referring.by_kind}
    search_help_text = _("The whole id of a user or team, or a key's hash.")
    ordering = ["-pk"]


@admin.register(Banner)
class BannerAdmin(ReadOnlyAdmin):
    named = (_("Banner"), _("Banners"))
    list_display = ["name", "variant", "is_active", "priority", "starts_at", "ends_at", "updated_at"]
    list_filter = ["is_active", "variant"]
    search_fields = ["name"]
    ordering = ["-created_at"]


@admin.register(BannerChange)
class BannerChangeAdmin(ReadOnlyAdmin):
    named = (_("Banner change"), _("Banner changes"))
    titled_by = ("banner_id", "action")
    list_display = ["changed_at", "banner_id", "action", "changed_by"]
    list_filter = ["action"]
    refers = {"banner_id": referring.to("portal.Banner")}
    search_fields = ["banner_id__exact"]
    search_help_text = _("The id of a banner.")
    list_select_related = ["changed_by"]
    ordering = ["-changed_at"]


@admin.register(BannerDismissal)
class BannerDismissalAdmin(ReadOnlyAdmin):
    named = (_("Closed banner"), _("Closed banners"))
    titled_by = ("banner", "user")
    list_display = ["banner", "user", "dismissed_at", "until"]
    list_select_related = ["banner", "user"]
    ordering = ["-pk"]


@admin.register(Branding)
class BrandingAdmin(ReadOnlyAdmin):
    named = (_("Branding"), _("Branding"))
    list_display = ["login_title", "login_subtitle", "updated_at"]


@admin.register(BrandingImage)
class BrandingImageAdmin(ReadOnlyAdmin):
    named = (_("Branding image"), _("Branding images"))
    titled_by = ("place",)
    list_display = ["place", "content_type", "updated_at"]


class _OfSomebody(ReadOnlyAdmin):
    """Whose they are and how they are called; what people write to models is their own business."""

    search_fields = ["owner__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["owner"]
    ordering = ["owner_id", "-updated_at"]


@admin.register(SavedPrompt)
class SavedPromptAdmin(_OfSomebody):
    named = (_("Saved prompt"), _("Saved prompts"))
    list_display = ["owner", "name", "created_at", "updated_at"]
    exclude = ["text"]


@admin.register(SavedPreset)
class SavedPresetAdmin(_OfSomebody):
    named = (_("Saved preset"), _("Saved presets"))
    list_display = ["owner", "name", "created_at", "updated_at"]
    exclude = ["settings"]


@admin.register(SavedConversation)
class SavedConversationAdmin(_OfSomebody):
    named = (_("Saved conversation"), _("Saved conversations"))
    list_display = ["owner", "name", "model", "created_at", "updated_at"]
    exclude = ["messages"]
