"""Tokens without a sign-in, for development only (contract §2.1): 404 unless DEBUG and DEV_TOKENS are both on."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services, tokens
from accounts.api import schema
from accounts.credentials import SignIn
from accounts.models import SYSTEM, User
from litemaas import errors
from litemaas.api import params
from litemaas.api.permissions import ANYBODY
from litemaas.api.views import ContractView, body_of, secret

MOCK_USERS: tuple[tuple[str, str, list[str]], ...] = (
    ("mock-admin", "Mock Admin", ["admin", "user"]),
    ("mock-auditor", "Mock Auditor", ["admin-readonly", "user"]),
    ("mock-user", "Mock User", ["user"]),
)


class DevelopmentView(ContractView):
    """Not there unless somebody asked for it twice."""

    permissions_needed = {"*": ANYBODY}
    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if not (settings.DEBUG and settings.DEV_TOKENS) or settings.IS_PRODUCTION:
            raise errors.NotFound
        super().initial(request, *args, **kwargs)


class DevTokenView(DevelopmentView):
    @extend_schema(request=schema.DevTokenIn, responses=schema.DevTokenOut, operation_id="development_token")
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.DevTokenIn)
        user = _ensure(body["username"], body["username"].title(), body["roles"])
        pair = _pair_for(user)
        facts = {"userId": user.pk, "username": user.username, "email": user.email, "roles": user.roles}
        kept = {name: pair[name] for name in ("access_token", "token_type", "expires_in")}
        return secret({**kept, "user": facts})


class MockUsersView(DevelopmentView):
    @extend_schema(responses=schema.MockUserOut(many=True), operation_id="mock_users")
    def get(self, request: Request) -> Response:
        users = [_ensure(*mock) for mock in MOCK_USERS]
        return Response(
            [
                {
                    "id": user.pk,
                    "username": user.username,
                    "email": user.email,
                    "fullName": user.full_name,
                    "roles": user.roles,
                }
                for user in users
            ]
        )


class MockLoginView(DevelopmentView):
    @extend_schema(responses={302: None}, operation_id="mock_login")
    def get(self, request: Request) -> HttpResponse:
        number = params.integer(request, "user", 0, minimum=0, maximum=len(MOCK_USERS) - 1)
        pair = _pair_for(_ensure(*MOCK_USERS[number]))
        fragment = f"token={pair['access_token']}&expires_in={pair['expires_in']}"
        return HttpResponseRedirect(f"/auth/callback#{fragment}")


def _pair_for(user: User) -> dict[str, Any]:
    return tokens.issue_tokens(
        user,
        signed_in_at=timezone.now(),
        method=SignIn.Method.DEVELOPMENT,
        access_lifetime=settings.LEGACY_TOKEN_LIFETIME,
    )


def _ensure(username: str, full_name: str, roles: list[str]) -> User:
    user: User | None = User.objects.filter(username__iexact=username).first()
    if user is None:
        return services.register_user(
            actor=SYSTEM,
            username=username,
            email=f"{username}@mock.example",
            full_name=full_name,
            roles=roles,
            now=timezone.now(),
        )
    return user
