"""Where the gateway pushes what was used. It shows its own credential, not a user's."""

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from litemaas.api.permissions import ANYBODY
from litemaas.api.views import ContractView
from usage import spool
from usage.errors import EventsTooLarge


class EventsTakenOut(serializers.Serializer[object]):
    """`batchId` null: the body held no events."""

    batchId = serializers.IntegerField(allow_null=True)


class GatewayEventsView(ContractView):
    """Open to everybody as far as users go: `spool.require_sender` decides."""

    permissions_needed = {"POST": ANYBODY}
    authentication_classes = ()
    rate_bucket = None
    only_asks = True

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "X-LiteMaaS-Signature",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="`t=<unix seconds>,v1=<hex HMAC-SHA256 of '<t>.<body>'>`, instead of a bearer token.",
            )
        ],
        request=OpenApiTypes.OBJECT,
        responses={202: EventsTakenOut},
    )
    def post(self, request: Request) -> Response:
        """Take LiteLLM's usage events: an array, one event, or one per line; up to 25 MB, gzip allowed.

        Answered as soon as they are on disk. Sending them again changes nothing.
        """
        now, http = timezone.now(), request._request
        credentials = {
            "authorization": http.headers.get("Authorization", ""),
            "signature": http.headers.get("X-LiteMaaS-Signature", ""),
        }
        # Nobody unknown makes us read 25 MB.
        spool.require_sender(**credentials, body=None, now=now)
        length = http.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > spool.LARGEST_BODY:
            raise EventsTooLarge
        body = http.read(spool.LARGEST_BODY + 1)
        spool.require_sender(**credentials, body=body, now=now)
        batch = spool.keep_events(body, encoding=http.headers.get("Content-Encoding", "").lower(), now=now)
        return Response({"batchId": batch.pk if batch else None}, status=202)
