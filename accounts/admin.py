"""People and the record of what they did, for operators."""

from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import services
from accounts.models import AuditEvent, User
from litemaas.administration import ReadOnlyAdmin, run_each

# Pages that libraries bring along: whole tokens and second factors would stand there, and groups mean nothing here.
_NOT_SHOWN: tuple[type[Model], ...] = (
    Authenticator,
    BlacklistedToken,
    EmailAddress,
    EmailConfirmation,
    Group,
    OutstandingToken,
)
for _model in _NOT_SHOWN:
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["username", "email", "full_name", "roles", "is_active", "last_login", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["username", "email", "full_name"]
    ordering = ["-created_at"]
    fields = [
        "id",
        "username",
        "email",
        "full_name",
        "roles",
        "is_active",
        "last_login",
        "created_at",
        "updated_at",
    ]
    actions = ["activate", "deactivate"]

    @admin.action(description="Activate")
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, True)

    @admin.action(description="Deactivate: no sign-in, keys blocked")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, False)

    def _set_active(self, request: HttpRequest, users: QuerySet[User], active: bool) -> None:
        def change(user: User) -> Any:
            return services.change_user(
                actor=request.user,  # type: ignore[arg-type]
                user_id=user.pk,
                is_active=active,
                now=timezone.now(),
            )

        run_each(request, users, change)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "actor_name", "action", "resource_type", "resource_id", "success", "ip_address"]
    list_filter = ["success", "at"]
    search_fields = ["=action", "=resource_id", "=actor__username"]
    search_help_text = "A whole action code, object id or user name."
    ordering = ["-at"]
    list_select_related = False
