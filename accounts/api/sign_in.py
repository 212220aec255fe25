"""Sign-in as the v0.4 front end sees it (contract §2.1): it asks where to go, and comes back with a token.

The token is in the fragment, so that it reaches no server, and goes to allowed origins only.
"""

import re
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlencode

import structlog
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, handover, recent_sign_in, tokens
from accounts.api import schema
from accounts.credentials import SignIn
from accounts.models import User
from accounts.providers import flow
from accounts.providers.errors import AddressTaken, NotBelieved, ProviderAway
from litemaas import errors
from litemaas.api.permissions import ANYBODY
from litemaas.api.throttling import SIGN_IN, count
from litemaas.api.views import ContractView, body_of, secret

log = structlog.get_logger(__name__)

# In the browser's session: which front end waits for this sign-in.
HANDOVER = "handover"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class LoginView(ContractView):
    """Where to send the browser. Begins the sign-in in the browser's session."""

    permissions_needed = {"POST": ANYBODY}
    rate_bucket = SIGN_IN
    authentication_classes = ()

    @extend_schema(request=schema.LoginIn, responses=schema.LoginOut, operation_id="begin_sign_in")
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.LoginIn)
        challenge = body.get("codeChallenge", "")
        if challenge and not _CHALLENGE.fullmatch(challenge):
            raise errors.InvalidInput(
                fields={"codeChallenge": "codeChallenge must be a SHA-256 in 43 characters of base64url."}
            )
        facts = {HANDOVER: {"origin": _allowed_origin(request), "challenge": challenge}}
        address = _address(request._request, body.get("provider"), facts)
        return secret({"authUrl": address})


def _address(request: HttpRequest, provider_id: str | None, facts: dict[str, Any]) -> str:
    back = reverse("api-handover")
    if settings.IDENTITY_PROVIDERS:
        try:
            return flow.begin(request, provider_id, next_url=back, facts=facts)
        except NotBelieved as error:
            log.error("an identity provider can't be used", reason=str(error))
            raise ProviderAway from error
    if not settings.LOCAL_ACCOUNTS:
        raise errors.ServiceUnavailable("No identity provider is set up.")
    # Local accounts use the portal's own page, and come back the same way.
    request.session[HANDOVER] = facts[HANDOVER]
    query = urlencode({"next": back})
    return request.build_absolute_uri(f"{resolve_url(settings.LOGIN_URL)}?{query}")


def _allowed_origin(request: Request) -> str:
    """The caller's origin if tokens may go there; "" stands for this very host."""
    origin = request.headers.get("Origin", "").rstrip("/")
    return origin if origin in settings.CORS_ORIGINS else ""


@require_GET
def callback(request: HttpRequest, provider_id: str | None = None) -> HttpResponse:
    """The provider's answer. Whatever is wrong with it, the person lands on the sign-in page."""
    count(request, SIGN_IN)
    try:
        response, facts = flow.finish(request, provider_id)
    except AddressTaken as error:
        return _failed(error, "address_taken")
    except ProviderAway as error:
        return _failed(error, "provider_unavailable")
    except NotBelieved as error:
        return _failed(error, "")
    except errors.NotFound as error:
        if provider_id is not None:
            raise
        return _failed(error, "")
    if HANDOVER in facts:
        request.session[HANDOVER] = facts[HANDOVER]
        if request.user.is_authenticated:
            return _hand_over(request)
    return response


def _failed(error: Exception, reason: str) -> HttpResponse:
    log.warning("sign-in failed", reason=str(error))
    with transaction.atomic():
        audit.record(
            "AUTH_FAILED", actor=None, resource=("AUTH", ""), at=timezone.now(), error=str(error)[:300]
        )
    query = {"error": "auth_failed"} | ({"reason": reason} if reason else {})
    return _unstored(HttpResponseRedirect(f"/login?{urlencode(query)}"))


@require_GET
def hand_over(request: HttpRequest) -> HttpResponse:
    """After a second factor, or a local sign-in: give the waiting front end what it asked for."""
    if not request.user.is_authenticated or HANDOVER not in request.session:
        return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))
    return _hand_over(request)


def _hand_over(request: HttpRequest) -> HttpResponse:
    wanted = request.session.pop(HANDOVER)
    known = request.session.get(flow.PROVIDER_SESSION) or {}
    user = cast(User, request.user)
    # A browser that was signed in before hands over that sign-in, not a newer one.
    signed_in_at = recent_sign_in.signed_in_at(request) or datetime.fromtimestamp(0, UTC)
    source, id_token = known.get("provider", ""), known.get("id_token", "")
    # The browser keeps one credential, the one that its front end holds.
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    request.session.flush()
    if wanted["challenge"]:
        code = handover.issue_code(
            user, challenge=wanted["challenge"], source=source, id_token=id_token, signed_in_at=signed_in_at
        )
        return _unstored(
            HttpResponseRedirect(f"{wanted['origin']}/auth/callback?{urlencode({'code': code})}")
        )
    pair = tokens.issue_tokens(
        user,
        signed_in_at=signed_in_at,
        method=SignIn.Method.PROVIDER if source else SignIn.Method.PASSWORD,
        source=source,
        id_token=id_token,
        access_lifetime=settings.LEGACY_TOKEN_LIFETIME,
    )
    fragment = urlencode({"token": pair["access_token"], "expires_in": pair["expires_in"]})
    return _unstored(HttpResponseRedirect(f"{wanted['origin']}/auth/callback#{fragment}"))


def _unstored(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
