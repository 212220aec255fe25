"""People, for operators (contract §11): the list, roles and activity, limits, sessions."""

from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import limits, services, sessions
from accounts.api import schema
from accounts.api.authentication import actor_of
from accounts.models import User
from accounts.permissions import ADMIN_READONLY, ROLES
from litellm_sync.models import GatewayObject, sync_status_of
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import page_of
from litemaas.api.views import ContractView, body_of

_SORTS = {
    "username": "username",
    "email": "email",
    "createdAt": "created_at",
    "lastLoginAt": "last_login",
}
_MOST_FOUND = 1000


class UsersView(ContractView):
    permissions_needed = {"GET": "users:read"}

    @extend_schema(
        parameters=[
            *(OpenApiParameter(name, int) for name in ("page", "limit")),
            *(OpenApiParameter(name, str) for name in ("search", "role", "sortBy", "sortOrder")),
            OpenApiParameter("isActive", bool),
        ],
        responses=schema.UserPageOut,
        operation_id="list_users",
    )
    def get(self, request: Request) -> Response:
        return Response(page_of(request, _sorted(request, _filtered(request)), _listed))


def _filtered(request: Request) -> QuerySet[User]:
    """People only: service accounts are the business of what they serve."""
    visible = User.objects.visible_to(actor_of(request))
    rows: QuerySet[User] = visible.filter(is_service=False).defer("password")
    if term := params.text(request, "search"):
        rows = rows.filter(
            Q(username__icontains=term) | Q(email__icontains=term) | Q(full_name__icontains=term)
        )
    if role := params.text(request, "role"):
        if role_of(role) not in ROLES:
            raise errors.InvalidInput(fields={"role": f"role must be one of {', '.join(ROLES)}."})
        rows = rows.filter(roles__contains=[role_of(role)])
    is_active = params.boolean(request, "isActive", None)
    return rows if is_active is None else rows.filter(is_active=is_active)


def _sorted(request: Request, rows: QuerySet[User]) -> QuerySet[User]:
    column = _SORTS[params.choice(request, "sortBy", tuple(_SORTS), "createdAt")]
    if params.choice(request, "sortOrder", ("asc", "desc"), "desc") == "asc":
        return rows.order_by(F(column).asc(nulls_first=True), "id")
    return rows.order_by(F(column).desc(nulls_last=True), "id")


def role_of(text: str) -> str:
    """Also the alias that older clients send."""
    return ADMIN_READONLY if text == "adminReadonly" else text


def _listed(user: User) -> dict[str, Any]:
    return {**_person(user), "isActive": user.is_active, "lastLoginAt": user.last_login}


def _person(user: User) -> dict[str, Any]:
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
            roles=[role_of(role) for role in roles] if roles is not None else None,
            is_active=body.get("isActive"),
            reason=body.get("reason") or "",
            now=timezone.now(),
        )
        return Response({**_person(user), "isActive": user.is_active})


class FoundUsersView(ContractView):
    """Names for filters."""

    permissions_needed = {"GET": "admin:users"}

    @extend_schema(responses=schema.FoundUsersOut, operation_id="find_users")
    def get(self, request: Request) -> Response:
        rows = User.objects.visible_to(actor_of(request)).filter(is_service=False).order_by("username", "id")
        found = rows.values_list("pk", "username", "email")[:_MOST_FOUND]
        users = [{"userId": pk, "username": username, "email": email} for pk, username, email in found]
        return Response({"users": users, "total": rows.count() if len(users) == _MOST_FOUND else len(users)})


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
