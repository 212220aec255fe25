"""People, their ways in, and the record of what they did, for operators."""

from functools import partial
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts import automation, services, sessions
from accounts.audit import models as audit
from accounts.audit import words
from accounts.credentials import AutomationKey, ProviderGrant, SignIn
from accounts.models import AuditEvent, PortalOption, Role, User
from accounts.saved_filters import SavedFilter
from litemaas.administration import ReadOnlyAdmin, ReadOnlyInline, act

# Pages that libraries bring along, which would show whole tokens and second factors; ours follow below.
_BROUGHT: tuple[type[Model], ...] = (
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
for _model in _BROUGHT:
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


class RoleFilter(admin.SimpleListFilter):
    title = _("Role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: object) -> Any:
        return Role.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(roles__contains=[self.value()]) if self.value() else queryset


class AddressInline(ReadOnlyInline):
    model = EmailAddress
    fields = ["email", "verified", "primary"]


class IdentityInline(ReadOnlyInline):
    model = SocialAccount
    fields = ["provider", "uid", "last_login", "date_joined"]


class SignInInline(ReadOnlyInline):
    model = SignIn
    fields = ["method", "ip_address", "signed_in_at", "last_activity_at", "expires_at", "ended_at"]
    ordering = ["-signed_in_at"]


def _set_active(user: User, *, is_active: bool, **by: Any) -> User:
    return services.change_user(user_id=user.pk, is_active=is_active, **by)


def _role_texts(codes: list[str]) -> str:
    return ", ".join(gettext(str(Role(code).label)) for code in codes)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    named = (_("User"), _("Users"))
    list_display = ["username", "email", "full_name", "roles", "is_active", "last_login", "created_at"]
    list_filter = ["is_active", "is_service", RoleFilter]
    search_fields = ["username", "email", "full_name"]
    ordering = ["-created_at"]
    exclude = ["preferences"]
    in_portal = ("user", "user_id")
    inlines = [AddressInline, IdentityInline, SignInInline]
    in_words = {"roles": _role_texts, "group_roles": _role_texts}
    actions = ["activate", "deactivate", "end_sessions", "open_for_linking"]
    activate = act(_("Activate"), partial(_set_active, is_active=True))
    deactivate = act(
        _("Deactivate: no sign-in, keys blocked"),
        partial(_set_active, is_active=False),
        confirm=_("Deactivate"),
        reason="",
    )
    end_sessions = act(
        _("End sessions"),
        lambda user, **by: sessions.revoke_sessions(user_id=user.pk, **by),
        confirm=_("End sessions"),
    )
    open_for_linking = act(
        _("Let a provider's verified e-mail address take the account over, once"),
        lambda user, **by: services.open_for_linking(user_id=user.pk, **by),
        confirm=_("Let a provider's verified e-mail address take the account over, once"),
    )


# Categories of the record, and whose rows they tell of.
_KINDS = {
    "USER": "accounts.User",
    "AUTH": "accounts.User",
    "MODEL": "catalog.Model",
    "TEAM": "teams.Team",
    "SUBSCRIPTION": "subscriptions.Subscription",
    "API_KEY": "apikeys.ApiKey",
    "JOB": "jobs.Job",
    "BANNER": "portal.Banner",
}


def _credential_text(code: str) -> str:
    return "" if code == "none" else words.credential_text(code)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    named = (_("Audit event"), _("Audit events"))
    titled_by = ("action", "actor_name")
    list_display = ["at", "actor_name", "action", "resource_type", "resource_id", "success", "ip_address"]
    list_filter = ["success", "at"]
    # Another order would have to read millions of rows.
    sortable_by = ["at"]
    in_words = {
        "action": words.action_text,
        "resource_type": words.category_text,
        "credential": _credential_text,
    }
    refers = {"resource_id": lambda row: _KINDS.get(row.resource_type)}
    search_fields = ["action"]
    search_help_text = _(
        "A part of the action, of the object's id or of what was noted; or a whole user name."
    )
    ordering = ["-at"]
    list_select_related = False
    actions = ["redact"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        assert isinstance(queryset, audit.AuditEventQuerySet)  # noqa: S101 - the model's own manager makes it
        if term := search_term.strip():
            queryset = queryset.holding(term)
        return queryset, False

    @admin.action(description=_("Take personal data out of one row, for good"))
    def redact(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> HttpResponse | None:
        """The page of the portal asks which fields and why."""
        chosen = list(queryset.values_list("pk", flat=True)[:2])
        if len(chosen) == 1:
            return HttpResponseRedirect(reverse("redact_audit_event", args=chosen))
        self.message_user(request, _("Choose one row: each has to be looked at by itself."), messages.WARNING)
        return None


@admin.register(AutomationKey)
class AutomationKeyAdmin(ReadOnlyAdmin):
    """Listed and revoked here; made over the API, which shows the key once."""

    named = (_("Automation key"), _("Automation keys"))
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
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["name"]
    ordering = ["-created_at"]
    list_select_related = ["created_by"]
    actions = ["revoke"]

    revoke = act(
        _("Revoke: the keys stop at once"),
        lambda key, **by: automation.revoke_automation_key(key_id=key.pk, **by),
        confirm=_("Revoke: the keys stop at once"),
    )


@admin.register(SignIn)
class SignInAdmin(ReadOnlyAdmin):
    named = (_("Sign-in"), _("Sign-ins"))
    titled_by = ("user", "method")
    list_display = [
        "user",
        "method",
        "ip_address",
        "signed_in_at",
        "last_activity_at",
        "expires_at",
        "ended_at",
    ]
    list_filter = ["method", ("ended_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["user"]
    ordering = ["-expires_at"]


@admin.register(ProviderGrant)
class ProviderGrantAdmin(ReadOnlyAdmin):
    named = (_("Provider's grant"), _("Providers' grants"))
    titled_by = ("account",)
    list_display = ["account", "confirmed_at", "due_at"]
    list_select_related = ["account__user"]
    ordering = ["due_at"]


@admin.register(SavedFilter)
class SavedFilterAdmin(ReadOnlyAdmin):
    """That it is there. What it asks for is its owner's affair."""

    named = (_("Saved filter"), _("Saved filters"))
    list_display = ["name", "owner", "list", "created_at"]
    list_filter = ["list"]
    list_select_related = ["owner"]
    search_fields = ["owner__username"]
    search_help_text = _("A part of the user name.")
    exclude = ["query"]
    ordering = ["-pk"]


@admin.register(PortalOption)
class PortalOptionAdmin(ReadOnlyAdmin):
    """Set on the portal's settings, where each has its check."""

    named = (_("Portal setting"), _("Portal settings"))
    list_display = ["name", "value", "updated_at"]
    search_fields = ["name"]
    ordering = ["name"]


# --- the proof of the record


@admin.register(audit.AuditSeal)
class AuditSealAdmin(ReadOnlyAdmin):
    named = (_("Audit seal"), _("Audit seals"))
    list_display = ["seq", "event_id", "at"]
    search_fields = ["event_id__exact"]
    search_help_text = _("The number of a row of the record.")
    ordering = ["-seq"]


@admin.register(audit.AuditChain)
class AuditChainAdmin(ReadOnlyAdmin):
    named = (_("Audit chain"), _("Audit chains"))
    list_display = ["seq", "sealed_at"]


@admin.register(audit.AuditCheckpoint)
class AuditCheckpointAdmin(ReadOnlyAdmin):
    named = (_("Audit checkpoint"), _("Audit checkpoints"))
    list_display = ["seq", "signed_at", "key_name"]
    ordering = ["-seq"]


@admin.register(audit.AuditRetirement)
class AuditRetirementAdmin(ReadOnlyAdmin):
    named = (_("Retired audit month"), _("Retired audit months"))
    list_display = ["month", "first_seq", "last_seq", "retired_at", "key_name"]
    ordering = ["-first_seq"]


@admin.register(audit.AuditRedaction)
class AuditRedactionAdmin(ReadOnlyAdmin):
    named = (_("Audit redaction"), _("Audit redactions"))
    list_display = ["event_id", "at", "fields", "redacted_at"]
    search_fields = ["event_id__exact"]
    ordering = ["-event_id"]
    exclude = ["commitments", "salts"]


# --- what libraries keep: none of it is shown that would let somebody in


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin):
    named = (_("Email address"), _("Email addresses"))
    list_display = ["email", "user", "verified", "primary"]
    list_filter = ["verified"]
    search_fields = ["email__exact", "user__username"]
    search_help_text = _("A whole address, or a part of the user name.")
    list_select_related = ["user"]
    ordering = ["-pk"]


@admin.register(EmailConfirmation)
class EmailConfirmationAdmin(ReadOnlyAdmin):
    named = (_("Email confirmation"), _("Email confirmations"))
    list_display = ["email_address", "created", "sent"]
    list_select_related = ["email_address__user"]
    exclude = ["key"]
    ordering = ["-pk"]


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    named = (_("Authenticator"), _("Authenticators"))
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__username"]
    list_select_related = ["user"]
    exclude = ["data"]
    ordering = ["-pk"]


@admin.register(SocialAccount)
class SocialAccountAdmin(ReadOnlyAdmin):
    named = (_("Account at a provider"), _("Accounts at providers"))
    list_display = ["user", "provider", "uid", "last_login", "date_joined"]
    search_fields = ["user__username", "uid__exact"]
    search_help_text = _("A part of the user name, or the provider's whole id.")
    list_select_related = ["user"]
    exclude = ["extra_data"]
    ordering = ["-pk"]


@admin.register(SocialApp)
class SocialAppAdmin(ReadOnlyAdmin):
    """Providers come from the settings; a row here would only be a library's."""

    named = (_("Sign-in provider"), _("Sign-in providers"))
    list_display = ["name", "provider", "provider_id"]
    exclude = ["key", "settings"]
    ordering = ["-pk"]


@admin.register(SocialToken)
class SocialTokenAdmin(ReadOnlyAdmin):
    named = (_("Provider's token"), _("Providers' tokens"))
    list_display = ["account", "app", "expires_at"]
    list_select_related = ["account__user", "app"]
    ordering = ["-pk"]


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    named = (_("Session"), _("Sessions"))
    list_display = ["user", "ip", "created_at", "last_seen_at"]
    search_fields = ["user__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["user"]
    exclude = ["data"]
    ordering = ["-pk"]


@admin.register(OutstandingToken)
class OutstandingTokenAdmin(ReadOnlyAdmin):
    """Refresh tokens by their numbers: the token itself is not kept here."""

    named = (_("Refresh token"), _("Refresh tokens"))
    list_display = ["user", "created_at", "expires_at"]
    search_fields = ["user__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["user"]
    exclude = ["jti"]
    ordering = ["-pk"]


@admin.register(BlacklistedToken)
class BlacklistedTokenAdmin(ReadOnlyAdmin):
    named = (_("Revoked refresh token"), _("Revoked refresh tokens"))
    list_display = ["token_id", "blacklisted_at"]
    ordering = ["-pk"]


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """What was done by hand in these pages; the record of acts has it all."""

    named = (_("Entry by hand"), _("Entries by hand"))
    list_display = ["action_time", "user", "object_repr", "action_flag"]
    list_filter = ["action_flag"]
    list_select_related = ["user", "content_type"]
    ordering = ["-pk"]
