"""Who am I, and what may I do (contract §2.1, §2.3, §4)."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import profile
from accounts.api import schema
from accounts.api.authentication import actor_of
from accounts.api.people import profile_of
from accounts.models import AuditEvent
from litemaas.api import params
from litemaas.api.pagination import page_of
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView, body_of


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
        return Response(profile_of(actor_of(request)))


class OwnAccountView(ContractView):
    """The caller's own account; of what is sent only the full name counts."""

    permissions_needed = {"*": SIGNED_IN}

    @extend_schema(responses=schema.ProfileOut, operation_id="own_account")
    def get(self, request: Request) -> Response:
        return Response(profile_of(actor_of(request)))

    @extend_schema(request=schema.ProfileIn, responses=schema.ProfileOut, operation_id="change_own_account")
    def patch(self, request: Request) -> Response:
        body = body_of(request, schema.ProfileIn)
        user = actor_of(request)
        if "fullName" in body:
            user = profile.change_full_name(user=user, full_name=body["fullName"] or "", now=timezone.now())
        return Response(profile_of(user))


class ActivityView(ContractView):
    """What the caller did, from the record of acts."""

    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(
        parameters=[
            *page_parameters(),
            OpenApiParameter("action", str),
        ],
        responses=schema.ActivityPageOut,
        operation_id="own_activity",
    )
    def get(self, request: Request) -> Response:
        rows = AuditEvent.objects.filter(actor_id=actor_of(request).pk)
        if action := params.text(request, "action", longest=60):
            rows = rows.filter(action=action)
        return Response(page_of(request, rows.order_by("-at", "-id"), _event))


def _event(event: Any) -> dict[str, Any]:
    return {
        "id": event.pk,
        "action": event.action,
        "resourceType": event.resource_type or None,
        "resourceId": event.resource_id or None,
        "ipAddress": event.ip_address,
        "userAgent": event.user_agent or None,
        "metadata": event.metadata,
        "createdAt": event.at,
    }


class PreferencesView(ContractView):
    permissions_needed = {"*": SIGNED_IN}

    @extend_schema(responses=schema.PreferencesOut, operation_id="own_preferences")
    def get(self, request: Request) -> Response:
        return Response(profile.preferences_of(actor_of(request)))

    @extend_schema(
        request=schema.PreferencesIn, responses=schema.PreferencesOut, operation_id="change_own_preferences"
    )
    def patch(self, request: Request) -> Response:
        body = body_of(request, schema.PreferencesIn)
        return Response(profile.change_preferences(user=actor_of(request), changes=body))
