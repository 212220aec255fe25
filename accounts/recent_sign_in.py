"""Acts that ask for a recent sign-in: all of them, in one list.

A browser is asked for each of them, whether it comes through a page, through Django admin or with its session to the
REST API: a browser that somebody left unlocked must not be enough to destroy something or to hand out rights. A token
of an API client is asked for those that the REST contract names, and for what hands out rights: nobody sits there who
could type a password. Automation keys have no sign-in; their scopes were given for this.

Showing a key's secret asks as well, with an age of its own that administrators set (`revealMaxAgeSeconds`).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import SignInTooOld

# In the session: when its sign-in was.
SESSION_SIGN_IN = "signed_in_at"

# Pages by the name of their address: what can't be taken back, shows a new secret or changes a role.
PAGES = frozenset(
    {
        *("revoke_api_key", "rotate_api_key", "retire_former_secret", "reset_key_spend"),
        *("cancel_subscription", "delete_subscription", "delete_model", "delete_team"),
        *("change_team_member", "remove_team_member", "reset_team_spend", "redact_audit_event"),
        *("delete_banner", "remove_brand_image", "download_backup", "restore_backup", "delete_backup"),
        *("change_user_roles", "deactivate_user", "reactivate_user", "reset_user_spend"),
        *("revoke_user_key", "rotate_user_key", "delete_user_key", "reset_user_key_spend"),
        "remove_user_subscription",
        # Who adds a way to sign in keeps the account.
        *("account_connections", "connect_provider", "remove_connection"),
    }
)
# Of the REST API: the name of the address → methods. Asked of browser sessions.
ROUTES: dict[str, frozenset[str]] = {
    name: frozenset(methods.split())
    for name, methods in {
        "api-user": "PATCH",
        "api-automation-keys": "POST",
        "api-automation-key": "DELETE",
        "api-admin-user-spend": "POST",
        "api-audit-redact": "POST",
        "api-key": "DELETE",
        "api-key-revoke": "POST",
        "api-key-rotate": "POST",
        "api-key-retire-former": "POST",
        "api-key-reset-spend": "POST",
        "api-keys-clean-up": "POST",
        "admin-user-api-key": "DELETE",
        "admin-user-api-key-reset": "POST",
        "team-api-key": "DELETE",
        "team-api-key-rotate": "POST",
        "api-team": "DELETE",
        "api-team-member": "PATCH DELETE",
        "api-team-reset-spend": "POST",
        "api-subscription-cancel": "POST",
        "api-subscription-request": "DELETE",
        "api-subscriptions-reset": "POST",
        "api-managed-model": "DELETE",
        "api-usage-cleanup": "POST",
        "api-admin-usage-webhook": "DELETE",
        "admin-banner": "DELETE",
        "branding-image": "DELETE",
        "backup": "DELETE",
        "backup-download": "GET",
        "backup-restore": "POST",
    }.items()
}
# Of these, those that tokens are asked for as well.
ROUTES_FOR_TOKENS = frozenset(
    {
        *("api-user", "api-automation-keys", "api-automation-key", "api-audit-redact"),
        *("backup-download", "backup-restore"),
    }
)


def is_asked_of_sessions(request: HttpRequest) -> bool:
    """Whether the act at hand asks a browser for a recent sign-in."""
    match = request.resolver_match
    if match is None:
        return False
    if match.app_name == "admin":
        return request.method == "POST"
    return match.url_name in PAGES or request.method in ROUTES.get(match.url_name or "", ())


def is_asked_of_tokens(request: HttpRequest) -> bool:
    name = request.resolver_match.url_name if request.resolver_match else None
    return name in ROUTES_FOR_TOKENS and request.method in ROUTES[name]


def signed_in_at(request: HttpRequest) -> datetime | None:
    """When the person behind a browser session last proved who they are: the sign-in, or a later confirmation."""
    times: list[Any] = [request.session.get(SESSION_SIGN_IN)]
    user: Any = request.user
    times += [record.get("at") for record in get_authentication_records(request, user)]
    return _latest(times)


def _latest(times: Iterable[Any]) -> datetime | None:
    known = [time for time in times if isinstance(time, int | float)]
    return datetime.fromtimestamp(max(known), UTC) if known else None


def require_recent(proved: datetime | None) -> None:
    """Raises SignInTooOld."""
    age = (timezone.now() - proved) if proved is not None else None
    if age is None or age > settings.RECENT_SIGN_IN:
        seconds = int(age.total_seconds()) if age is not None else None
        raise SignInTooOld(tokenAge=seconds, maxAge=int(settings.RECENT_SIGN_IN.total_seconds()))
