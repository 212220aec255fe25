"""Who am I, and what may I do (contract §2.1, §2.3, §4)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import schema
from accounts.api.authentication import actor_of
from accounts.models import User
from accounts.permissions import permissions_of
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.views import ContractView


class MeView(ContractView):
    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(responses=schema.MeOut, operation_id="me")
    def get(self, request: Request) -> Response:
        user = actor_of(request)
        return Response(
            {
                "id": user.pk,
                "username": user.username,
                "email": user.email,
                "name": user.display_name,
                "roles": user.roles,
            }
        )


class ProfileView(ContractView):
    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(responses=schema.ProfileOut)
    def get(self, request: Request) -> Response:
        user = actor_of(request)
        return Response(_profile(user))


def _profile(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "fullName": user.full_name or None,
        "roles": user.roles,
        "createdAt": user.created_at,
    }


class MyPermissionsView(ContractView):
    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(responses=schema.MyPermissionsOut)
    def get(self, request: Request) -> Response:
        user = actor_of(request)
        return Response({"roles": user.roles, "permissions": sorted(permissions_of(user.roles))})
