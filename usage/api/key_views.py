"""How much an API key was used (REST contract §7.1)."""

from zoneinfo import ZoneInfo

from django.db.models import Q, Sum
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from apikeys.models import ApiKey
from litemaas.api.views import ContractView
from usage.models import KeyMonth
from usage.zones import rollup_zone


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
        today = timezone.now().astimezone(ZoneInfo(rollup_zone())).date()
        sums = KeyMonth.objects.filter(api_key_id=key.pk).aggregate(
            ever=Sum("requests"), month=Sum("requests", filter=Q(month=today.replace(day=1)))
        )
        # Without any ledger nobody can say that a key was not used.
        nothing = 0 if sums["ever"] is not None or KeyMonth.objects.exists() else None
        return Response(
            {
                "totalRequests": sums["ever"] if sums["ever"] is not None else nothing,
                "requestsThisMonth": sums["month"] if sums["month"] is not None else nothing,
                "lastUsedAt": key.last_used_at,
                "createdAt": key.created_at,
            }
        )
