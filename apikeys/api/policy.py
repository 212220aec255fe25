"""Defaults and maximums of keys (contract §3, §15)."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from apikeys.api import schema
from apikeys.key_policy import KeyPolicy, change_key_policy, key_policy, recent_key_policy
from litemaas.api.permissions import ANYBODY
from litemaas.api.views import ContractView, body_of


def _shown(policy: KeyPolicy) -> dict[str, Any]:
    return {"defaults": policy.defaults, "maximums": policy.maximums}


class ConfigView(ContractView):
    """For everybody, without looking at credentials; it answers without a database, too."""

    permissions_needed: ClassVar = {"GET": ANYBODY}
    authentication_classes = ()

    @extend_schema(responses=schema.KeyPolicyBody, operation_id="config_api_key_defaults")
    def get(self, request: Request) -> Response:
        return Response(_shown(recent_key_policy()))


class SettingsView(ContractView):
    permissions_needed: ClassVar = {"GET": "admin:system:read", "PUT": "admin:settings"}

    @extend_schema(responses=schema.KeyPolicyBody, operation_id="read_api_key_defaults")
    def get(self, request: Request) -> Response:
        return Response(_shown(key_policy()))

    @extend_schema(
        request=schema.KeyPolicyBody, responses=schema.KeyPolicyBody, operation_id="change_api_key_defaults"
    )
    def put(self, request: Request) -> Response:
        body = body_of(request, schema.KeyPolicyBody)
        policy = change_key_policy(
            actor=actor_of(request),
            defaults=body.get("defaults", {}),
            maximums=body.get("maximums", {}),
            now=timezone.now(),
        )
        return Response(_shown(policy))
