"""Handing a sign-in over to a front end of another kind: the v0.4 client, or one that trades a code for tokens.

A code lives for a minute, works once, and only for whoever knows the verifier of its challenge (PKCE, S256).
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts import tokens
from accounts.credentials import SignIn
from accounts.errors import SignInFailed
from accounts.models import User
from accounts.secret_hash import hash_of

_CODE_SECONDS = 60


def issue_code(
    user: User, *, challenge: str, source: str = "", id_token: str = "", signed_in_at: datetime
) -> str:
    code = secrets.token_urlsafe(32)
    facts = {
        "user": str(user.pk),
        "challenge": challenge,
        "source": source,
        "id_token": id_token,
        "signed_in_at": signed_in_at.timestamp(),
    }
    cache.set(_name(code), facts, _CODE_SECONDS)
    return code


def redeem_code(code: str, verifier: str) -> dict[str, Any]:
    """Tokens for a code. A wrong verifier uses the code up as well. Raises SignInFailed."""
    facts = cache.get(_name(code))
    # Of two who come at once only one deletes it.
    if facts is None or not cache.delete(_name(code)) or not _fits(verifier, facts["challenge"]):
        raise SignInFailed(_("The code is not valid. Sign in again."))
    user = User.objects.active().filter(pk=facts["user"]).first()
    if user is None:
        raise SignInFailed(_("The code is not valid. Sign in again."))
    return tokens.issue_tokens(
        user,
        signed_in_at=datetime.fromtimestamp(facts["signed_in_at"], UTC),
        method=SignIn.Method.PROVIDER if facts["source"] else SignIn.Method.PASSWORD,
        source=facts["source"],
        id_token=facts["id_token"],
    )


def _fits(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(urlsafe_b64encode(digest).rstrip(b"="), challenge.encode())


def _name(code: str) -> str:
    return f"handover-code:{hash_of(code)}"
