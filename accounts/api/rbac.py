"""Roles and permissions, and how people sign in here (contract §2.2, §2.3)."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import schema
from accounts.api.authentication import actor_of
from accounts.models import Role
from accounts.permissions import ALL_PERMISSIONS, PERMISSIONS_OF_ROLE
from accounts.providers.metadata import known_configuration
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.views import ContractView, body_of

_DESCRIPTIONS = {
    "admin": "May see and change everything.",
    "admin-readonly": "May see everything and change nothing.",
    "user": "May use what the portal offers, for themselves and their teams.",
    "readonly": "May see their own things.",
}


class RolesView(ContractView):
    permissions_needed = {"GET": "admin:users"}

    @extend_schema(responses={200: OpenApiResponse(schema.RoleOut(many=True))}, operation_id="list_roles")
    def get(self, request: Request) -> Response:
        return Response(
            [
                {
                    "id": role.value,
                    "name": role.value,
                    "description": _DESCRIPTIONS[role.value],
                    "permissions": sorted(PERMISSIONS_OF_ROLE[role.value]),
                    "isSystem": True,
                }
                for role in Role
            ]
        )


class PermissionsView(ContractView):
    permissions_needed = {"GET": "admin:users"}

    @extend_schema(
        responses={200: OpenApiResponse(schema.PermissionOut(many=True))}, operation_id="list_permissions"
    )
    def get(self, request: Request) -> Response:
        return Response([_described(code) for code in sorted(ALL_PERMISSIONS)])


def _described(code: str) -> dict[str, str]:
    """`admin:models:read` → resource "admin:models", action "read"; `admin:users` is about administration."""
    resource, _, action = code.rpartition(":")
    words = code.replace(":", " ").replace("_", " ")
    return {
        "id": code,
        "name": code,
        "description": f"{words[0].upper()}{words[1:]}.",
        "resource": resource,
        "action": action,
    }


class MyPermissionsView(ContractView):
    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(responses=schema.MyPermissionsOut)
    def get(self, request: Request) -> Response:
        user = actor_of(request)
        return Response({"roles": user.roles, "permissions": sorted(user.permissions)})


class CheckView(ContractView):
    permissions_needed = {"POST": SIGNED_IN}
    only_asks = True

    @extend_schema(request=schema.CheckIn, responses=schema.CheckOut, operation_id="check_permission")
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.CheckIn)
        answer: dict[str, Any] = {
            "hasPermission": actor_of(request).may(body["permission"]),
            "permission": body["permission"],
            "resourceId": body.get("resourceId"),
        }
        return Response(answer)


class CheckManyView(ContractView):
    permissions_needed = {"POST": SIGNED_IN}
    only_asks = True

    @extend_schema(
        request=schema.CheckManyIn, responses=schema.CheckManyOut, operation_id="check_permissions"
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.CheckManyIn)
        user = actor_of(request)
        results = {code: user.may(code) for code in body["permissions"]}
        enough = all if body["requireAll"] else any
        return Response({"hasAccess": enough(results.values()), "results": results})


class SignInInfoView(ContractView):
    """How people sign in here, as far as it is known without asking anybody."""

    permissions_needed = {"GET": "admin:system:read"}

    @extend_schema(responses=schema.SignInInfoOut, operation_id="sign_in_info")
    def get(self, request: Request) -> Response:
        first = next(iter(settings.IDENTITY_PROVIDERS.values()), None)
        if first is None:
            return Response(
                {
                    "provider": "local",
                    "issuer": None,
                    "groupsClaim": None,
                    "discoveryStatus": "not_applicable",
                }
            )
        server = first["settings"]["server_url"]
        return Response(
            {
                "provider": first["provider_id"],
                "issuer": urlsplit(server).netloc,
                "groupsClaim": first["settings"]["groups_claim"] or None,
                "discoveryStatus": "healthy" if known_configuration(server) else "unknown",
            }
        )
