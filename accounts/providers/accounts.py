"""allauth's questions about accounts that providers vouch for."""

from typing import Any

import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.providers.http import ProviderSession


class ProviderAccounts(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Whose account it is our own use case decides; allauth signs in whom it finds."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        from accounts.identity import take_in

        sociallogin.user, sociallogin.account = take_in(sociallogin.person, now=timezone.now())

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """An account is made above; allauth's own sign-up has nothing left to do."""
        return False

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Providers come from the settings alone: no query for rows that nobody can make."""
        kinds: dict[str, Any] = settings.SOCIALACCOUNT_PROVIDERS
        apps = [
            SocialApp(provider=kind, **app) for kind, entry in kinds.items() for app in entry.get("APPS", [])
        ]
        wanted = [app for app in apps if provider in (None, app.provider_id, app.provider)]
        return [app for app in wanted if client_id in (None, app.client_id)]

    def get_requests_session(self) -> requests.Session:
        return ProviderSession()
