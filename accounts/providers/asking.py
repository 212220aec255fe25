"""Asking a provider once more about somebody who is not here: with what it gave us at the sign-in."""

from dataclasses import replace
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from requests.auth import HTTPBasicAuth

from accounts.providers.adapters import is_basic, who_am_i, with_user_info
from accounts.providers.errors import NotBelieved, ProviderAway
from accounts.providers.http import ProviderSession, in_time
from accounts.providers.id_token import verified_claims
from accounts.providers.metadata import openid_configuration
from accounts.providers.provider import OidcProvider, Person


def ask_again(provider_id: str, subject: str, token: str) -> Person:
    """What the provider says now, with the token for the next time. Raises NotBelieved, also when it refuses.

    Raises ProviderAway when it does not answer in time.
    """
    if provider_id not in settings.IDENTITY_PROVIDERS:
        raise NotBelieved("This provider is not configured any more.")
    provider: Any = get_adapter().get_provider(None, provider=provider_id)
    with in_time():
        if isinstance(provider, OidcProvider):
            data, token = _refreshed(provider.app, subject, token)
        else:
            data = who_am_i(provider.app.settings["server_url"], token)
    person: Person = replace(provider.person_of(data), token=token)
    if person.subject != subject:
        raise NotBelieved("The provider's answer is about somebody else.")
    return person


def _refreshed(app: SocialApp, subject: str, token: str) -> tuple[dict[str, Any], str]:
    """OpenID Connect Core 1.0 §12: another access token for the refresh token, which may be replaced as well."""
    configuration = openid_configuration(app.settings["server_url"])
    answer = _traded(app, configuration, token)
    access_token = str(answer.get("access_token") or "")
    claims = {"sub": subject}
    if isinstance(answer.get("id_token"), str):
        claims = verified_claims(
            answer["id_token"],
            configuration=configuration,
            client_id=app.client_id,
            nonce=None,
            access_token=access_token,
        )
    return with_user_info(app, configuration, access_token, claims), str(answer.get("refresh_token") or token)


def _traded(app: SocialApp, configuration: dict[str, Any], token: str) -> dict[str, Any]:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    auth = HTTPBasicAuth(app.client_id, app.secret) if is_basic(app, configuration) else None
    if auth is None:
        form |= {"client_id": app.client_id, "client_secret": app.secret}
    with ProviderSession() as session:
        response = session.post(configuration["token_endpoint"], data=form, auth=auth)
    try:
        answer = response.json()
    except ValueError:
        raise ProviderAway from None
    if isinstance(answer, dict) and response.status_code == 200 and answer.get("access_token"):
        return answer
    if isinstance(answer, dict) and answer.get("error") == "invalid_grant":
        raise NotBelieved("The provider ended what it had granted.")
    # Our own fault, or the provider's: nothing is said of the person (RFC 6749 §5.2).
    raise ProviderAway
