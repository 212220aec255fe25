"""Subscriptions, and the decisions on requests, for operators."""

from collections.abc import Callable

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin import UserAdmin
from litemaas.administration import READ_BY_USER, ReadOnlyAdmin, ReadOnlyInline, act
from subscriptions import services
from subscriptions.models import StatusChange, Subscription


class HistoryInline(ReadOnlyInline):
    model = StatusChange
    fields = ["changed_at", "old_status", "new_status", "reason", "changed_by"]
    select_related = ("changed_by",)
    ordering = ["-changed_at"]


class SubscriptionInline(ReadOnlyInline):
    """Somebody's subscriptions, beside the person."""

    model = Subscription
    fk_name = "user"
    fields = [
        "model",
        "status",
        "used_requests",
        "quota_requests",
        "used_tokens",
        "quota_tokens",
        "expires_at",
    ]
    select_related = ("model", "user")
    ordering = ["-created_at"]


UserAdmin.inlines.append(SubscriptionInline)


def _deciding(service: Callable[..., Subscription]) -> Callable[..., Subscription]:
    """The service as a function of the row and of who decides."""
    return lambda row, **by: service(subscription_id=row.pk, **by)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    named = (_("Subscription"), _("Subscriptions"))
    titled_by = ("user", "model_id")
    list_display = [
        "user",
        "model_id",
        "status",
        "quota_requests",
        "quota_tokens",
        "used_requests",
        "used_tokens",
        "suspended_by",
        "expires_at",
        "created_at",
    ]
    list_filter = ["status", "suspended_by", ("deleted_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__username", "user__email", "model__id"]
    search_help_text = _("A part of the user's name or address, or of the model's name.")
    list_select_related = ["user"]
    in_portal = ("subscription", "subscription_id")
    # As its index has them: of rows made in one instant all would be sorted.
    ordering = ["-created_at", "id"]
    inlines = [HistoryInline]
    actions = ["approve", "deny", "suspend", "resume", "cancel"]

    approve = act(_("Approve"), _deciding(services.approve_subscription))
    deny = act(
        _("Deny, with a reason"),
        _deciding(services.deny_subscription),
        confirm=_("Deny these requests"),
        reason=READ_BY_USER,
    )
    suspend = act(
        _("Suspend"), _deciding(services.suspend_subscription), confirm=_("Suspend"), reason=READ_BY_USER
    )
    resume = act(_("Resume"), _deciding(services.resume_subscription))
    cancel = act(
        _("Cancel"),
        _deciding(services.cancel_subscription),
        confirm=_("Cancel subscription"),
        reason=READ_BY_USER,
    )


@admin.register(StatusChange)
class StatusChangeAdmin(ReadOnlyAdmin):
    named = (_("Status change"), _("Status changes"))
    titled_by = ("subscription", "new_status")
    list_display = ["changed_at", "subscription", "old_status", "new_status", "reason", "changed_by"]
    list_filter = ["changed_at"]
    search_fields = ["subscription__user__username", "subscription__model__id"]
    list_select_related = ["subscription__user", "changed_by"]
    ordering = ["-changed_at"]
