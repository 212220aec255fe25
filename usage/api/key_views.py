"""How much an API key was used (REST contract §7.1)."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from apikeys.models import ApiKey
from litemaas.api.views import ContractView
from usage.key_sums import sums_of_key


class KeyUsageOut(serializers.Serializer[None]):
    """Null: nothing was read from the gateway yet."""

    totalRequests = serializers.IntegerField(allow_null=True)
    requestsThisMonth = serializers.IntegerField(allow_null=True)
    lastUsedAt = serializers.DateTimeField(allow_null=True)
    createdAt = serializers.DateTimeField()


class KeyUsageView(ContractView):
    permissions_needed = {"GET": "api_keys:read"}

    @extend_schema(responses=KeyUsageOut, operation_id="read_usage_of_api_key")
    def get(self, request: Request, key_id: str) -> Response:
        key = ApiKey.objects.visible_to(actor_of(request)).get_or_refuse(key_id)
        sums = sums_of_key(key.pk, now=timezone.now())
        return Response(
            {
                "totalRequests": sums.ever,
                "requestsThisMonth": sums.this_month,
                "lastUsedAt": key.last_used_at,
                "createdAt": key.created_at,
            }
        )
