"""Automation keys, for administrators: made once, listed, revoked. Not in the v0.4 contract."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import automation
from accounts.api import schema
from accounts.api.authentication import actor_of
from accounts.credentials import AutomationKey
from litemaas.api.pagination import page_of
from litemaas.api.views import ContractView, body_of, secret


class AutomationKeysView(ContractView):
    permissions_needed = {"GET": "admin:users", "POST": "users:write"}
    person_only = True

    @extend_schema(responses=schema.AutomationKeyPageOut, operation_id="list_automation_keys")
    def get(self, request: Request) -> Response:
        rows = AutomationKey.objects.visible_to(actor_of(request)).order_by("-created_at", "id")
        return Response(page_of(request, rows, _shown))

    @extend_schema(
        request=schema.AutomationKeyIn,
        responses={201: schema.NewAutomationKeyOut},
        operation_id="make_automation_key",
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.AutomationKeyIn)
        issued = automation.issue_automation_key(
            actor=actor_of(request),
            name=body["name"],
            scopes=body["scopes"],
            expires_at=body["expiresAt"],
            now=timezone.now(),
        )
        return secret({**_shown(issued.key), "key": issued.secret}, status=201)


class AutomationKeyView(ContractView):
    permissions_needed = {"DELETE": "users:write"}
    person_only = True

    @extend_schema(request=None, responses=schema.AutomationKeyOut, operation_id="revoke_automation_key")
    def delete(self, request: Request, key_id: str) -> Response:
        key = automation.revoke_automation_key(actor=actor_of(request), key_id=key_id, now=timezone.now())
        return Response(_shown(key))


def _shown(key: AutomationKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "name": key.name,
        "suffix": key.suffix or None,
        "scopes": key.scopes,
        "createdAt": key.created_at,
        "expiresAt": key.expires_at,
        "lastUsedAt": key.last_used_at,
        "revokedAt": key.revoked_at,
    }
