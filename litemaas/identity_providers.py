"""Reads from the environment who may vouch for people, as django-allauth wants it (docs/configuration.md).

`OIDC_PROVIDERS` is a JSON list; one provider can also be given by `OIDC_ISSUER`, `OIDC_CLIENT_ID` and so on.
"""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from litemaas import env

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_LOCAL = {"127.0.0.1", "localhost", "::1"}
_METHODS = {"", "client_secret_basic", "client_secret_post"}


def providers() -> dict[str, Any]:
    """allauth's SOCIALACCOUNT_PROVIDERS. The first provider of all is the one that the v0.4 front end gets."""
    oidc = [_oidc_app(entry) for entry in _entries()]
    openshift = [_openshift_app(url)] if (url := env.optional("OPENSHIFT_API_URL")) else []
    ids = [app["provider_id"] for app in oidc + openshift]
    if len(ids) != len(set(ids)):
        raise ImproperlyConfigured("OIDC_PROVIDERS: every provider needs an id of its own.")
    return {"oidc": {"APPS": oidc}, "openshift": {"APPS": openshift}}


def _entries() -> list[dict[str, Any]]:
    try:
        listed = json.loads(env.text("OIDC_PROVIDERS", "[]"))
    except ValueError:
        raise ImproperlyConfigured("OIDC_PROVIDERS must be a JSON list.") from None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise ImproperlyConfigured("OIDC_PROVIDERS must be a JSON list of objects.")
    issuer = env.optional("OIDC_ISSUER")
    single = {
        "id": env.text("OIDC_ID", "oidc"),
        "name": env.text("OIDC_NAME", "single sign-on"),
        "issuer": issuer,
        "clientId": env.optional("OIDC_CLIENT_ID"),
        "clientSecret": env.optional("OIDC_CLIENT_SECRET"),
        "scopes": env.text("OIDC_SCOPES", "openid profile email"),
        "groupsClaim": env.text("OIDC_GROUPS_CLAIM", "groups"),
        "trustEmail": env.flag("OIDC_TRUST_EMAIL", False),
    }
    return [single, *listed] if issuer else listed


def _oidc_app(entry: dict[str, Any]) -> dict[str, Any]:
    slug = str(entry.get("id", ""))
    where = f"OIDC_PROVIDERS, provider {slug!r}"
    if not _ID.fullmatch(slug):
        raise ImproperlyConfigured(f"{where}: id must be lower-case letters, digits and dashes.")
    issuer = _checked_url(str(entry.get("issuer") or ""), f"{where}: issuer")
    if not entry.get("clientId"):
        raise ImproperlyConfigured(f"{where}: clientId is missing.")
    method = str(entry.get("tokenAuthMethod", ""))
    if method not in _METHODS:
        raise ImproperlyConfigured(f"{where}: tokenAuthMethod must be one of {', '.join(sorted(_METHODS))}.")
    # A secret does not have to stand in the JSON.
    secret = entry.get("clientSecret") or env.optional(f"OIDC_{slug.upper().replace('-', '_')}_CLIENT_SECRET")
    return {
        "provider_id": slug,
        "name": str(entry.get("name") or slug),
        "client_id": str(entry["clientId"]),
        "secret": str(secret or ""),
        "settings": {
            "server_url": issuer,
            "scope": str(entry.get("scopes") or "openid profile email").split(),
            "groups_claim": str(entry.get("groupsClaim", "groups")),
            "verified_email": bool(entry.get("trustEmail", False)),
            "fetch_userinfo": bool(entry.get("fetchUserinfo", True)),
            "oauth_pkce_enabled": True,
            **({"token_auth_method": method} if method else {}),
        },
    }


def _openshift_app(url: str) -> dict[str, Any]:
    return {
        "provider_id": "openshift",
        "name": env.text("OPENSHIFT_NAME", "OpenShift"),
        "client_id": env.text("OPENSHIFT_CLIENT_ID"),
        "secret": env.text("OPENSHIFT_CLIENT_SECRET"),
        "settings": {
            "server_url": _checked_url(url, "OPENSHIFT_API_URL"),
            "scope": ["user:info"],
            "groups_claim": "groups",
            "oauth_pkce_enabled": True,
        },
    }


def _checked_url(raw: str, what: str) -> str:
    """Plain HTTP would hand the secret, the code and the person to whoever listens."""
    parts = urlsplit(raw)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise ImproperlyConfigured(f"{what} must be an https:// address, not {raw!r}.")
    return raw.rstrip("/")


def group_roles(known: tuple[str, ...]) -> dict[str, str]:
    """`GROUP_ROLES`: `group=role` pairs, comma-separated."""
    pairs = {}
    for entry in env.listing("GROUP_ROLES"):
        group, _, role = entry.rpartition("=")
        if not group or role not in known:
            raise ImproperlyConfigured(
                f"GROUP_ROLES: {entry!r} is not group=role with one of {', '.join(known)}."
            )
        pairs[group] = role
    return pairs
