"""Subscriptions, and the decisions on requests, for operators."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin import UserAdmin
from litemaas.administration import ReadOnlyAdmin, ReadOnlyInline, ask_reason, run_each
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


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    named = (_("Subscription"), _("Subscriptions"))
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
    ordering = ["-created_at"]
    inlines = [HistoryInline]
    actions = ["approve", "deny", "cancel"]

    @admin.action(description=_("Approve"))
    def approve(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        run_each(request, queryset, _deciding(services.approve_subscription, request))

    @admin.action(description=_("Deny, with a reason"))
    def deny(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> HttpResponse | None:
        def use_case(row: Subscription, reason: str) -> Any:
            return _deciding(services.deny_subscription, request, reason=reason)(row)

        return ask_reason(
            self, request, queryset, action="deny", title=_("Deny these requests"), use_case=use_case
        )

    @admin.action(description=_("Cancel"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> None:
        run_each(request, queryset, _deciding(services.cancel_subscription, request))


def _deciding(
    service: Callable[..., Subscription], request: HttpRequest, **parts: Any
) -> Callable[[Subscription], Any]:
    """The service as a function of the row alone."""
    return lambda row: service(actor=request.user, subscription_id=row.pk, now=timezone.now(), **parts)


@admin.register(StatusChange)
class StatusChangeAdmin(ReadOnlyAdmin):
    named = (_("Status change"), _("Status changes"))
    list_display = ["changed_at", "subscription", "old_status", "new_status", "reason", "changed_by"]
    list_filter = ["changed_at"]
    search_fields = ["subscription__user__username", "subscription__model__id"]
    list_select_related = ["subscription", "changed_by"]
    ordering = ["-changed_at"]
