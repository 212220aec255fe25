"""How each kind of provider is asked who somebody is: allauth's OAuth 2 flow, with our checks in its places."""

from dataclasses import replace
from typing import Any

from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.providers.errors import NotBelieved
from accounts.providers.http import get_json
from accounts.providers.id_token import require_proof_since, verified_claims
from accounts.providers.metadata import oauth_configuration, openid_configuration

NONCE = "nonce"
# When somebody was sent to prove who they are once more; None for a plain sign-in.
AGAIN = "again"
_ME = "/apis/user.openshift.io/v1/users/~"


class _Adapter(OAuth2Adapter):  # type: ignore[misc]
    def __init__(self, request: HttpRequest, provider_id: str) -> None:
        self.provider_id = provider_id
        # What the sign-in was begun with; set by the callback.
        self.state: dict[str, Any] = {}
        self.id_token = ""
        super().__init__(request)

    @property
    def server(self) -> str:
        return str(self.get_provider().app.settings["server_url"])

    @property
    def configuration(self) -> dict[str, Any]:
        raise RuntimeError("Each kind of provider has its own.")

    @property
    def authorize_url(self) -> str:
        return str(self.configuration["authorization_endpoint"])

    @property
    def access_token_url(self) -> str:
        return str(self.configuration["token_endpoint"])

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        """One address per provider, so that no provider can pass another one's answer for its own."""
        first = next(iter(settings.IDENTITY_PROVIDERS), None)
        name = "api-callback" if self.provider_id == first else "api-callback-of"
        kwargs = {} if self.provider_id == first else {"provider_id": self.provider_id}
        return request.build_absolute_uri(reverse(name, kwargs=kwargs))


class OidcAdapter(_Adapter):
    @property
    def configuration(self) -> dict[str, Any]:
        return openid_configuration(self.server)

    @property
    def basic_auth(self) -> bool:
        return is_basic(self.get_provider().app, self.configuration)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        raw = kwargs["response"].get("id_token")
        if not isinstance(raw, str):
            raise NotBelieved("The provider sent no ID token.")
        claims = verified_claims(
            raw,
            configuration=self.configuration,
            client_id=app.client_id,
            nonce=str(self.state.get(NONCE) or ""),
            access_token=token.token,
        )
        if (begun := self.state.get(AGAIN)) is not None:
            require_proof_since(claims, begun)
        self.id_token = raw
        data = with_user_info(app, self.configuration, token.token, claims)
        login = self.get_provider().sociallogin_from_response(request, data)
        login.person = replace(login.person, token=str(kwargs["response"].get("refresh_token") or ""))
        return login


def with_user_info(
    app: SocialApp, configuration: dict[str, Any], access_token: str, claims: dict[str, Any]
) -> dict[str, Any]:
    """Names, address and groups often stand there only. What the signed token says wins."""
    endpoint = configuration.get("userinfo_endpoint")
    if not endpoint or not app.settings.get("fetch_userinfo", True):
        return claims
    more = get_json(endpoint, {"Authorization": f"Bearer {access_token}"})
    if more.get("sub") != claims["sub"]:
        raise NotBelieved("The provider's user info is somebody else's.")
    return {**more, **claims}


def is_basic(app: SocialApp, configuration: dict[str, Any]) -> bool:
    """How we show the token endpoint who we are."""
    method = app.settings.get("token_auth_method")
    if method:
        return bool(method == "client_secret_basic")
    # What a provider that says nothing supports (discovery 1.0 §3).
    supported = configuration.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return "client_secret_basic" in supported


class OpenShiftAdapter(_Adapter):
    @property
    def configuration(self) -> dict[str, Any]:
        return oauth_configuration(self.server)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        login = self.get_provider().sociallogin_from_response(request, who_am_i(self.server, token.token))
        login.person = replace(login.person, token=token.token)
        return login


def who_am_i(server: str, access_token: str) -> dict[str, Any]:
    """A cluster's word on whose token this is."""
    me = get_json(f"{server}{_ME}", {"Authorization": f"Bearer {access_token}"})
    facts = me.get("metadata")
    if not isinstance(facts, dict) or not facts.get("uid") or not facts.get("name"):
        raise NotBelieved("The cluster did not say who this is.")
    return me
