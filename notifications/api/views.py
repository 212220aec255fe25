"""One's own notifications (contract §20)."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api import params
from litemaas.api.pagination import page_of
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView
from notifications import services
from notifications.api import schema
from notifications.models import Notification


def _shown(row: Notification) -> dict[str, Any]:
    return {
        "id": row.pk,
        "kind": row.kind,
        "variant": row.variant,
        "title": row.title_text,
        "body": row.body_text or None,
        "link": row.link or None,
        "createdAt": row.created_at,
        "readAt": row.read_at,
    }


class NotificationsView(ContractView):
    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(
        parameters=[
            OpenApiParameter("unread", bool, description="Only those that were not read."),
            *page_parameters(),
        ],
        responses=schema.NotificationPageOut,
        operation_id="list_notifications",
    )
    def get(self, request: Request) -> Response:
        own = Notification.objects.visible_to(actor_of(request)).order_by("-created_at", "id")
        unread = params.boolean(request, "unread", None)
        rows = own if unread is None else own.filter(read_at__isnull=unread)
        return Response(page_of(request, rows, _shown) | {"unreadCount": own.unread().count()})


class ReadView(ContractView):
    permissions_needed = {"POST": SIGNED_IN}

    @extend_schema(request=None, responses={204: None}, operation_id="read_notification")
    def post(self, request: Request, notification_id: str) -> Response:
        services.mark_read(actor=actor_of(request), notification_id=notification_id, now=timezone.now())
        return Response(status=204)


class ReadAllView(ContractView):
    permissions_needed = {"POST": SIGNED_IN}

    @extend_schema(request=None, responses={204: None}, operation_id="read_all_notifications")
    def post(self, request: Request) -> Response:
        services.mark_all_read(actor=actor_of(request), now=timezone.now())
        return Response(status=204)


class NotificationView(ContractView):
    permissions_needed = {"DELETE": SIGNED_IN}

    @extend_schema(responses={204: None}, operation_id="delete_notification")
    def delete(self, request: Request, notification_id: str) -> Response:
        services.remove(actor=actor_of(request), notification_id=notification_id)
        return Response(status=204)
