"""People, for operators (contract §11): the list, roles and activity, limits, sessions."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits, services, sessions
from accounts.api import queries, schema
from accounts.api.authentication import actor_of
from accounts.models import User
from accounts.permissions import ROLES
from litellm_sync.models import GatewayObject, sync_status_of
from litemaas.api.rendering import written
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView, body_of


class UsersView(ContractView):
    permissions_needed = {"GET": "users:read"}

    @extend_schema(
        parameters=[
            *page_parameters(),
            OpenApiParameter("search", str),
            OpenApiParameter("role", str, enum=sorted(ROLES)),
            OpenApiParameter("sortBy", str, enum=list(queries.SORTS), default="createdAt"),
            OpenApiParameter("sortOrder", str, enum=["asc", "desc"], default="desc"),
            OpenApiParameter("isActive", bool),
        ],
        responses=schema.UserPageOut,
        operation_id="list_users",
    )
    def get(self, request: Request) -> Response:
        return Response(queries.page(request))


def profile_of(user: User) -> dict[str, Any]:
    """What everybody may know of himself, as `ProfileOut`."""
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "fullName": user.full_name or None,
        "roles": user.roles,
        "createdAt": user.created_at,
    }


class UserView(ContractView):
    """Roles, and whether the account is active."""

    permissions_needed = {"PATCH": "users:write"}
    rehearses = frozenset({"PATCH"})

    @extend_schema(request=schema.UserChangeIn, responses=schema.UserOut, operation_id="change_user")
    def patch(self, request: Request, user_id: str) -> Response:
        body = body_of(request, schema.UserChangeIn)
        roles = body.get("roles")
        user = services.change_user(
            actor=actor_of(request),
            user_id=user_id,
            roles=[queries.role_of(role) for role in roles] if roles is not None else None,
            is_active=body.get("isActive"),
            reason=body.get("reason") or "",
            now=timezone.now(),
        )
        return Response({**profile_of(user), "isActive": user.is_active})


class FoundUsersView(ContractView):
    """Names for filters: everybody's, in one answer."""

    permissions_needed = {"GET": "admin:users"}

    @extend_schema(responses=schema.FoundUsersOut, operation_id="find_users")
    def get(self, request: Request) -> Response:
        text, total = queries.names()
        return Response({"users": written(text), "total": total})


class LimitsView(ContractView):
    permissions_needed = {"PATCH": "users:write"}

    @extend_schema(request=schema.LimitsIn, responses=schema.LimitsOut, operation_id="change_user_limits")
    def patch(self, request: Request, user_id: str) -> Response:
        body = body_of(request, schema.LimitsIn)
        user = limits.change_limits(actor=actor_of(request), user_id=user_id, limits=body, now=timezone.now())
        return Response(
            {
                "id": user.pk,
                "maxBudget": user.max_budget,
                "tpmLimit": user.tpm_limit,
                "rpmLimit": user.rpm_limit,
                "budgetDuration": user.budget_window or None,
                "updatedAt": user.updated_at,
                "syncStatus": _sync_status(user),
            }
        )


def _sync_status(user: User) -> str:
    """A user without keys and limits is not at the gateway, and nothing waits to get there."""
    found = User.objects.filter(pk=user.pk).annotate(state=sync_status_of(GatewayObject.Kind.USER))
    state = found.values_list("state", flat=True).first()
    return str(state or "synced")


class ResetSpendView(ContractView):
    permissions_needed = {"POST": "users:write"}

    @extend_schema(
        request=schema.UserReasonIn, responses=schema.SpendResetOut, operation_id="reset_user_spend"
    )
    def post(self, request: Request, user_id: str) -> Response:
        reason = body_of(request, schema.UserReasonIn).get("reason") or ""
        now = timezone.now()
        user = limits.reset_spend(actor=actor_of(request), user_id=user_id, reason=reason, now=now)
        return Response({"id": user.pk, "currentSpend": 0, "resetAt": now})


class RevokeSessionsView(ContractView):
    permissions_needed = {"POST": "users:write"}

    @extend_schema(
        request=schema.UserReasonIn, responses=schema.RevokedOut, operation_id="revoke_user_sessions"
    )
    def post(self, request: Request, user_id: str) -> Response:
        reason = body_of(request, schema.UserReasonIn).get("reason") or ""
        ended = sessions.revoke_sessions(
            actor=actor_of(request), user_id=user_id, reason=reason, now=timezone.now()
        )
        return Response({"revoked": ended})
