"""People and the record of what they did, for operators."""

from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import automation, services
from accounts.credentials import AutomationKey
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
    SocialAccount,
    SocialApp,
    SocialToken,
    UserSession,
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
    actions = ["activate", "deactivate", "open_for_linking"]

    @admin.action(description="Activate")
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, True)

    @admin.action(description="Deactivate: no sign-in, keys blocked")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, False)

    @admin.action(description="Let a provider's verified e-mail address take the account over, once")
    def open_for_linking(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        def link(user: User) -> Any:
            return services.open_for_linking(
                actor=request.user,  # type: ignore[arg-type]
                user_id=user.pk,
                now=timezone.now(),
            )

        run_each(request, queryset, link)

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
    actions = ["redact"]

    @admin.action(description="Take personal data out of one row, for good")
    def redact(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> HttpResponse | None:
        """The page of the portal asks which fields and why."""
        chosen = list(queryset.values_list("pk", flat=True)[:2])
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("redact_audit_event", args=chosen))
        self.message_user(request, "Choose one row: each has to be looked at by itself.", messages.WARNING)
        return None


@admin.register(AutomationKey)
class AutomationKeyAdmin(ReadOnlyAdmin):
    """Listed and revoked here; made over the API, which shows the key once."""

    list_display = [
        "name",
        "suffix",
        "scopes",
        "created_by",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    ]
    search_fields = ["name"]
    ordering = ["-created_at"]
    list_select_related = ["created_by"]
    exclude = ["key_hash"]
    actions = ["revoke"]

    @admin.action(description="Revoke: the keys stop at once")
    def revoke(self, request: HttpRequest, queryset: QuerySet[AutomationKey]) -> None:
        def revoke(key: AutomationKey) -> Any:
            return automation.revoke_automation_key(
                actor=request.user,  # type: ignore[arg-type]
                key_id=key.pk,
                now=timezone.now(),
            )

        run_each(request, queryset, revoke)
