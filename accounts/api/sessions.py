"""The caller's tokens and sessions (contract §2.2)."""

from typing import Any, cast

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import sessions, tokens
from accounts.api import schema
from accounts.api.authentication import actor_of, read_access_token
from accounts.models import User
from litemaas import errors
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.throttling import SIGN_IN
from litemaas.api.views import ContractView, body_of, secret


class RotateView(ContractView):
    """Another access token for the same sign-in; the one that came with the request ends."""

    permissions_needed = {"POST": SIGNED_IN}
    rate_bucket = SIGN_IN
    person_only = True

    @extend_schema(request=None, responses=schema.TokenPairOut, operation_id="rotate_token")
    def post(self, request: Request) -> Response:
        return secret(tokens.rotate_access_token(_claims_of(request), actor_of(request)))


class BlacklistView(ContractView):
    """End one access token of one's own, by default the one in use."""

    permissions_needed = {"POST": SIGNED_IN}
    person_only = True

    @extend_schema(request=schema.BlacklistIn, responses=schema.BlacklistOut, operation_id="blacklist_token")
    def post(self, request: Request) -> Response:
        raw = body_of(request, schema.BlacklistIn).get("token")
        user = actor_of(request)
        claims = _own_claims(raw, user) if raw else _claims_of(request)
        return Response({"revoked": True, "until": tokens.end_token(claims, user)})


def _claims_of(request: Request) -> tokens.Claims:
    if not request.auth:
        raise errors.InvalidInput("This is for access tokens; the request carries a session.")
    return cast(tokens.Claims, request.auth)


def _own_claims(raw: str, user: User) -> tokens.Claims:
    try:
        owner, claims = read_access_token(raw)
    except AuthenticationFailed:
        owner = None
    if owner is None or owner.pk != user.pk:
        raise errors.InvalidInput(fields={"token": "This is no valid access token of yours."})
    return claims


class SessionsView(ContractView):
    permissions_needed = {"*": SIGNED_IN}
    person_only = True

    @extend_schema(
        responses={200: OpenApiResponse(schema.SessionOut(many=True))}, operation_id="list_sessions"
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        found = sessions.sessions_of(actor_of(request), **_current(request), now=now)
        return Response([_shown(session) for session in found])

    @extend_schema(request=None, responses=schema.SessionsEndedOut, operation_id="end_other_sessions")
    def delete(self, request: Request) -> Response:
        ended = sessions.end_others(user=actor_of(request), **_current(request), now=timezone.now())
        return Response({"message": "Your other sessions have ended.", "invalidatedSessions": ended})


class SessionView(ContractView):
    permissions_needed = {"DELETE": SIGNED_IN}
    person_only = True

    @extend_schema(request=None, responses=schema.SessionEndedOut, operation_id="end_session")
    def delete(self, request: Request, session_id: str) -> HttpResponse:
        sessions.end_one(user=actor_of(request), session_id=session_id, now=timezone.now())
        return Response({"success": True, "message": "The session has ended."})


def _current(request: Request) -> dict[str, Any]:
    if request.auth:
        return {"current_sign_in": str(_claims_of(request)["sid"]), "current_key": None}
    return {"current_sign_in": "", "current_key": request.session.session_key}


def _shown(session: sessions.Session) -> dict[str, object]:
    return {
        "sessionId": session.id,
        "ipAddress": session.ip_address,
        "userAgent": session.user_agent or None,
        "createdAt": session.created_at,
        "lastActivityAt": session.last_activity_at,
        "isCurrent": session.is_current,
    }
