"""API keys, without their secrets, for operators."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import UserAdmin
from apikeys import services
from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret, ExpiryNotice
from litellm_sync.models import sync_status_of
from litemaas.administration import READ_BY_USER, ReadOnlyAdmin, ReadOnlyInline, act
from litemaas.administration.wording import SYNC_STATES


class ModelInline(ReadOnlyInline):
    model = ApiKeyModel
    fields = ["model"]
    select_related = ("model",)


class SecretInline(ReadOnlyInline):
    """The key's history of secrets, by what is written on them."""

    model = ApiKeySecret
    fields = ["number", "preview", "created_at", "confirmed_at", "superseded_at", "valid_until", "retired_at"]
    ordering = ["-number"]


class KeyInline(ReadOnlyInline):
    """Somebody's keys, beside the person."""

    model = ApiKey
    fk_name = "owner"
    fields = ["name", "preview", "team", "is_blocked", "expires_at", "revoked_at", "last_used_at"]
    select_related = ("team",)
    ordering = ["-created_at"]


UserAdmin.inlines.append(KeyInline)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    named = (_("API key"), _("API keys"))
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
    list_filter = [
        "is_blocked",
        ("revoked_at", admin.EmptyFieldListFilter),
        ("team", admin.EmptyFieldListFilter),
        "expires_at",
    ]
    search_fields = ["name", "owner__username", "owner__email", "alias__exact"]
    search_help_text = _("A part of the key's name or of its owner's, or the key's whole alias.")
    in_portal = ("api_key", "key_id")
    list_select_related = ["owner"]
    ordering = ["-created_at"]
    inlines = [ModelInline, SecretInline]
    readonly_fields = ["preview"]
    exclude = ["secret_prefix", "secret_suffix"]
    actions = ["block", "unblock", "revoke"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        rows: QuerySet[ApiKey] = super().get_queryset(request)
        return rows.annotate(gateway_status=sync_status_of("key"))

    @admin.display(description=_("Gateway"))
    def gateway(self, key: Any) -> Any:
        return SYNC_STATES.get(key.gateway_status)

    block = act(
        _("Block, with a reason"),
        lambda key, **by: services.block_api_key(key_id=key.pk, **by),
        confirm=_("Block these keys"),
        reason=READ_BY_USER,
    )
    unblock = act(_("Unblock"), lambda key, **by: services.unblock_api_key(key_id=key.pk, **by))
    revoke = act(
        _("Revoke for good"),
        lambda key, **by: services.revoke_api_key(key_id=key.pk, **by),
        confirm=_("Revoke for good"),
        reason=READ_BY_USER,
    )


@admin.register(ApiKeyModel)
class ApiKeyModelAdmin(ReadOnlyAdmin):
    named = (_("Model of a key"), _("Models of keys"))
    titled_by = ("api_key", "model_id")
    list_display = ["api_key", "model_id"]
    search_fields = ["model__id", "api_key__owner__username"]
    search_help_text = _("A part of the model's name, or of the owner's.")
    list_select_related = ["api_key"]
    ordering = ["-pk"]


@admin.register(ExpiryNotice)
class ExpiryNoticeAdmin(ReadOnlyAdmin):
    named = (_("Expiry notice"), _("Expiry notices"))
    titled_by = ("api_key", "days")
    list_display = ["api_key", "expires_at", "days", "told_at"]
    list_filter = ["told_at"]
    search_fields = ["api_key__owner__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["api_key"]
    ordering = ["-pk"]


@admin.register(ApiKeySecret)
class ApiKeySecretAdmin(ReadOnlyAdmin):
    """Which secrets there were and until when they worked; never what they are."""

    named = (_("Secret of a key"), _("Secrets of keys"))
    titled_by = ("api_key", "preview")
    list_display = [
        "api_key",
        "number",
        "preview",
        "created_at",
        "confirmed_at",
        "superseded_at",
        "valid_until",
        "retired_at",
    ]
    list_filter = [
        ("superseded_at", admin.EmptyFieldListFilter),
        ("retired_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["alias__exact", "api_key__owner__username"]
    search_help_text = _("A part of the owner's name, or the secret's whole alias.")
    list_select_related = ["api_key"]
    ordering = ["-pk"]
