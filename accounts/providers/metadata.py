"""What providers publish of themselves, kept for a while in the cache that all processes share."""

from typing import Any
from urllib.parse import urlsplit

from django.core.cache import cache

from accounts.providers.errors import NotBelieved
from accounts.providers.http import get_json

_KEPT_SECONDS = 600
# A token with an unknown key makes us look again, but not each time: anybody can send such tokens.
_SECONDS_BETWEEN_LOOKS = 15
_OIDC = "/.well-known/openid-configuration"
_OAUTH = "/.well-known/oauth-authorization-server"


def openid_configuration(issuer: str) -> dict[str, Any]:
    """The discovery document, whose issuer must be the one we asked. Raises ProviderAway, NotBelieved."""
    return _kept(f"oidc-discovery:{issuer}", lambda: _discovered(issuer, _OIDC, "jwks_uri"))


def oauth_configuration(server: str) -> dict[str, Any]:
    """OpenShift's, whose issuer is the OAuth server beside the API."""
    return _kept(f"oauth-discovery:{server}", lambda: _discovered("", f"{server}{_OAUTH}", "issuer"))


def known_configuration(issuer: str) -> dict[str, Any] | None:
    """What was discovered lately, without a call."""
    found: dict[str, Any] | None = cache.get(f"oidc-discovery:{issuer}")
    return found


def _discovered(issuer: str, path: str, *needed: str) -> dict[str, Any]:
    found = get_json(f"{issuer}{path}")
    if issuer and str(found.get("issuer", "")).rstrip("/") != issuer:
        raise NotBelieved("The discovery document names another issuer.")
    for name in ("authorization_endpoint", "token_endpoint", *needed):
        if urlsplit(str(found.get(name, ""))).scheme not in _schemes(f"{issuer}{path}"):
            raise NotBelieved(f"The discovery document has no usable {name}.")
    return found


def _schemes(asked: str) -> set[str]:
    """Who publishes over TLS must not send us anywhere without."""
    return {"https"} if asked.startswith("https:") else {"https", "http"}


def signing_keys(jwks_uri: str, *, look_again: bool = False) -> list[dict[str, Any]]:
    """The published keys. `look_again` asks the provider, at most every 15 seconds."""
    name = f"oidc-keys:{jwks_uri}"
    if look_again and cache.add(f"{name}:looked", True, _SECONDS_BETWEEN_LOOKS):
        cache.delete(name)
    published = _kept(name, lambda: get_json(jwks_uri))
    keys = published.get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def _kept(name: str, fetch: Any) -> dict[str, Any]:
    found: dict[str, Any] | None = cache.get(name)
    if found is None:
        found = fetch()
        cache.set(name, found, _KEPT_SECONDS)
    return found
