"""The two halves of a sign-in through a provider, for the portal's pages and for the v0.4 front end alike.

The state (with nonce and PKCE verifier) is kept in the browser's session for ten minutes, on the server, shared by
all replicas; it is used once, and the session's HttpOnly cookie binds it to the browser that began.
"""

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.identity import connect
from accounts.models import User
from accounts.providers.adapters import AGAIN, NONCE
from accounts.providers.errors import NotBelieved
from accounts.providers.http import in_time
from accounts.providers.metadata import known_configuration, openid_configuration
from accounts.providers.provider import OidcProvider, Person
from litemaas import errors

# In the session: whose ID token to show at the provider's sign-out page.
PROVIDER_SESSION = "provider_session"
# In the state: to whose account the identity is added.
_CONNECTS = "connects"


def provider_of(request: HttpRequest, provider_id: str | None) -> Any:
    """A configured provider, by default the first. Raises NotFound."""
    wanted = provider_id or next(iter(settings.IDENTITY_PROVIDERS), None)
    if wanted not in settings.IDENTITY_PROVIDERS:
        raise errors.NotFound(_("There is no such identity provider."))
    try:
        return get_adapter(request).get_provider(request, provider=wanted)
    except SocialApp.DoesNotExist:
        raise errors.NotFound(_("There is no such identity provider.")) from None


def begin(
    request: HttpRequest,
    provider_id: str | None,
    *,
    next_url: str,
    facts: dict[str, Any] | None = None,
    again: bool = False,
    connects: User | None = None,
) -> str:
    """Where to send the browser. `facts` come back with the state. Raises NotFound, ProviderAway, NotBelieved.

    `again` asks the provider to have the person prove who they are, also if it knows them; its answer must say so.
    `connects` adds the identity to this account instead of signing anybody in.
    """
    provider = provider_of(request, provider_id)
    nonce = secrets.token_urlsafe(24)
    params = {"nonce": nonce} | ({"prompt": "login", "max_age": "0"} if again else {})
    with in_time():
        response = provider.redirect(
            request,
            AuthProcess.LOGIN,
            next_url=next_url,
            data=facts or {},
            scope=provider.get_scope(),
            auth_params=params if isinstance(provider, OidcProvider) else {},
            **{
                NONCE: nonce,
                AGAIN: time.time() if again else None,
                _CONNECTS: str(connects.pk) if connects else None,
            },
        )
    return str(response.url)


def finish(request: HttpRequest, provider_id: str | None) -> tuple[HttpResponse, dict[str, Any]]:
    """Take the provider's answer. Gives allauth's next step and the facts of `begin`.

    Raises NotBelieved for an answer that fails a check, ProviderAway.
    """
    provider = provider_of(request, provider_id)
    state = statekit.unstash_state(
        request, provider_id=provider.sub_id, state_id=request.GET.get("state", "")
    )
    if state is None:
        raise NotBelieved("No sign-in was begun in this browser, or it took too long.")
    adapter = provider.get_oauth2_adapter(request)
    adapter.state = state
    _check_answer(request, provider)
    with in_time():
        login = _asked(request, provider, adapter, state)
        login.state = state
        if connected := state.get(_CONNECTS):
            return _connected(request, login.person, connected, state), {}
        response = complete_login(request, login)
    request.session[PROVIDER_SESSION] = {"provider": provider.sub_id, "id_token": adapter.id_token}
    return response, dict(state.get("data") or {})


def _connected(request: HttpRequest, person: Person, user_id: str, state: dict[str, Any]) -> HttpResponse:
    user = request.user
    if not isinstance(user, User) or str(user.pk) != user_id:
        raise NotBelieved("Somebody else is signed in now than when this was begun.")
    connect(user=user, person=person, now=timezone.now())
    return HttpResponseRedirect(state["next"])


def _check_answer(request: HttpRequest, provider: Any) -> None:
    if "error" in request.GET or "code" not in request.GET:
        raise NotBelieved(f"The provider answered {request.GET.get('error', 'nothing')[:60]}.")
    issuer = request.GET.get("iss")
    if issuer is not None and isinstance(provider, OidcProvider):
        # Whose answer this is (RFC 9207).
        expected = openid_configuration(provider.app.settings["server_url"])["issuer"]
        if issuer != expected:
            raise NotBelieved("The answer comes from another provider.")


def _asked(request: HttpRequest, provider: Any, adapter: Any, state: dict[str, Any]) -> Any:
    client = adapter.get_client(request, provider.app)
    try:
        answer = adapter.get_access_token_data(
            request, provider.app, client, pkce_code_verifier=state.get("pkce_code_verifier")
        )
    except (OAuth2Error, ValueError):
        # The text of these holds the provider's whole answer.
        raise NotBelieved("The provider did not take the code.") from None
    return adapter.complete_login(request, provider.app, adapter.parse_token(answer), response=answer)


def sign_out_address(provider_id: str, id_token: str, back: str) -> str | None:
    """The provider's own sign-out page (RP-initiated logout 1.0), which leads to `back`; None where it has none.

    Only what is known already is used: signing out must not wait for a provider.
    """
    app = settings.IDENTITY_PROVIDERS.get(provider_id)
    configuration = known_configuration(app["settings"]["server_url"]) if app else None
    endpoint = configuration.get("end_session_endpoint") if configuration else None
    if not endpoint or not app:
        return None
    query = {"client_id": app["client_id"], "post_logout_redirect_uri": back}
    return f"{endpoint}?{urlencode(query | ({'id_token_hint': id_token} if id_token else {}))}"
