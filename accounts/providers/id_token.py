"""Verification of an ID token: OpenID Connect Core 1.0 §3.1.3.7, every step, also those that TLS would let us skip."""

import hashlib
import hmac
import time
from base64 import urlsafe_b64encode
from typing import Any

import jwt

from accounts.providers.errors import NotBelieved
from accounts.providers.metadata import signing_keys

# Signatures that only the provider can make. `none`, and HMAC under our client secret, are no proof.
_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_LEEWAY_SECONDS = 60
_LONGEST = 255


def verified_claims(
    raw: str, *, configuration: dict[str, Any], client_id: str, nonce: str | None, access_token: str
) -> dict[str, Any]:
    """What the token says. Raises NotBelieved with the reason, ProviderAway when the keys can't be had.

    One that comes with a refresh answers to no sign-in: there `nonce` is None (Core 1.0 §12.2).
    """
    header = _header(raw)
    algorithm = header.get("alg")
    if algorithm not in _ALGORITHMS:
        raise NotBelieved("The ID token is not signed with a key of the provider.")
    try:
        claims: dict[str, Any] = jwt.decode(
            raw,
            key=_key(configuration["jwks_uri"], header),
            algorithms=[algorithm],
            issuer=configuration["issuer"],
            audience=client_id,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.InvalidTokenError as error:
        raise NotBelieved(f"The ID token is not valid: {type(error).__name__}.") from None
    _check_party(claims, client_id)
    if nonce is not None and not hmac.compare_digest(str(claims.get("nonce", "")), nonce):
        raise NotBelieved("The ID token was made for another sign-in.")
    if "at_hash" in claims and claims["at_hash"] != _half_hash(access_token, algorithm):
        raise NotBelieved("The access token is not the ID token's.")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= _LONGEST:
        raise NotBelieved("The ID token names nobody.")
    if claims["iat"] > time.time() + _LEEWAY_SECONDS:
        raise NotBelieved("The ID token is from the future.")
    return claims


def require_proof_since(claims: dict[str, Any], moment: float) -> None:
    """The person must have proved to the provider who they are after `moment` (Core 1.0 §3.1.2.1, max_age)."""
    proved = claims.get("auth_time")
    if not isinstance(proved, int | float) or proved < moment - _LEEWAY_SECONDS:
        raise NotBelieved("The provider did not ask the person anew.")


def _header(raw: str) -> dict[str, Any]:
    try:
        return dict(jwt.get_unverified_header(raw))
    except jwt.InvalidTokenError:
        raise NotBelieved("The ID token can't be read.") from None


def _key(jwks_uri: str, header: dict[str, Any]) -> Any:
    """The published key that the token names; after a rotation the provider is asked once more."""
    for look_again in (False, True):
        found = _named(signing_keys(jwks_uri, look_again=look_again), header)
        if found is not None:
            return found
    raise NotBelieved("The ID token names a key that the provider does not publish.")


def _named(keys: list[dict[str, Any]], header: dict[str, Any]) -> Any:
    kid, algorithm = header.get("kid"), header["alg"]
    fitting = [
        key
        for key in keys
        if key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
        and key.get("kty") in {"RSA", "EC", "OKP"}
    ]
    if len(fitting) != 1:
        return None
    try:
        return jwt.PyJWK(fitting[0], algorithm=algorithm).key
    except jwt.PyJWTError:
        return None


def _check_party(claims: dict[str, Any], client_id: str) -> None:
    """A token for several audiences must say that we are the one it was made for."""
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != client_id:
        raise NotBelieved("The ID token was made for another client.")


def _half_hash(access_token: str, algorithm: str) -> str:
    size = {"384": "sha384", "512": "sha512"}.get(algorithm[-3:], "sha256")
    if algorithm == "EdDSA":
        size = "sha512"
    digest = hashlib.new(size, access_token.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
