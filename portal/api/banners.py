"""Banners (contract §18)."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from accounts.models import User
from litemaas.api import params
from litemaas.api.permissions import ANYBODY, SIGNED_IN
from litemaas.api.views import ContractView, body_of, created
from portal import banners
from portal.api import banner_schema as schema
from portal.models import Banner, BannerChange

_READ, _WRITE = "admin:banners:read", "admin:banners:write"
_WIRE = {
    "name": "name",
    "isActive": "is_active",
    "priority": "priority",
    "content": "content",
    "variant": "variant",
    "isDismissible": "is_dismissible",
    "dismissDurationHours": "dismiss_hours",
    "startDate": "starts_at",
    "endDate": "ends_at",
    "targetRoles": "target_roles",
    "targetUserIds": "target_user_ids",
    "linkUrl": "link_url",
    "linkText": "link_text",
    "markdownEnabled": "is_markdown",
}
_EXCLUSIVE = OpenApiParameter("exclusive", bool, description="Whether showing it hides the others (true).")
_MOST_CHANGES = 100


def _shown(banner: Banner) -> dict[str, Any]:
    state = {wire: getattr(banner, name) for wire, name in _WIRE.items()}
    for wire in ("targetRoles", "targetUserIds", "linkUrl", "linkText"):
        state[wire] = state[wire] or None
    return {
        "id": banner.pk,
        **state,
        "createdBy": banner.created_by_id,
        "updatedBy": banner.updated_by_id,
        "createdAt": banner.created_at,
        "updatedAt": banner.updated_at,
    }


def _values(body: dict[str, Any]) -> dict[str, Any]:
    return {_WIRE[wire]: value for wire, value in body.items()}


def _exclusive(request: Request) -> bool:
    return params.boolean(request, "exclusive", True) is not False


class BannersView(ContractView):
    """What this reader is shown now."""

    permissions_needed: ClassVar = {"GET": ANYBODY}

    @extend_schema(responses=schema.BannerOut(many=True), operation_id="list_banners")
    def get(self, request: Request) -> Response:
        reader = request.user if isinstance(request.user, User) else None
        shown = Banner.objects.visible_to(reader, timezone.now()).in_order()[: banners.MOST_SHOWN]
        return Response([_shown(banner) for banner in shown], headers={"Cache-Control": "no-store"})


class DismissView(ContractView):
    permissions_needed: ClassVar = {"POST": SIGNED_IN}

    @extend_schema(request=None, responses=schema.DoneOut, operation_id="dismiss_banner")
    def post(self, request: Request, banner_id: str) -> Response:
        banners.dismiss_banner(actor=actor_of(request), banner_id=banner_id, now=timezone.now())
        return Response({"message": "The banner was dismissed."})


class AdminBannersView(ContractView):
    permissions_needed: ClassVar = {"GET": _READ, "POST": _WRITE}

    @extend_schema(responses=schema.BannerOut(many=True), operation_id="list_all_banners")
    def get(self, request: Request) -> Response:
        return Response([_shown(banner) for banner in Banner.objects.in_order()])

    @extend_schema(
        parameters=[_EXCLUSIVE],
        request=schema.BannerIn,
        responses={201: schema.BannerDoneOut},
        operation_id="create_banner",
    )
    def post(self, request: Request) -> Response:
        banner = banners.create_banner(
            actor=actor_of(request),
            values=_values(body_of(request, schema.BannerIn)),
            exclusive=_exclusive(request),
            now=timezone.now(),
        )
        return created({"banner": _shown(banner), "message": "The banner was created."})


class AdminBannerView(ContractView):
    permissions_needed: ClassVar = {"GET": _READ, "PUT": _WRITE, "PATCH": _WRITE, "DELETE": _WRITE}

    @extend_schema(responses=schema.BannerOut, operation_id="read_banner")
    def get(self, request: Request, banner_id: str) -> Response:
        return Response(_shown(Banner.objects.get_or_refuse(banner_id)))

    @extend_schema(
        parameters=[_EXCLUSIVE],
        request=schema.BannerPutIn,
        responses=schema.BannerDoneOut,
        operation_id="replace_banner",
    )
    def put(self, request: Request, banner_id: str) -> Response:
        return self._change(request, banner_id, body_of(request, schema.BannerPutIn))

    @extend_schema(
        parameters=[_EXCLUSIVE],
        request=schema.BannerIn(partial=True),
        responses=schema.BannerDoneOut,
        operation_id="change_banner",
    )
    def patch(self, request: Request, banner_id: str) -> Response:
        return self._change(request, banner_id, body_of(request, schema.BannerIn, partial=True))

    def _change(self, request: Request, banner_id: str, body: dict[str, Any]) -> Response:
        banner = banners.change_banner(
            actor=actor_of(request),
            banner_id=banner_id,
            values=_values(body),
            exclusive=_exclusive(request),
            now=timezone.now(),
        )
        return Response({"banner": _shown(banner), "message": "The banner was changed."})

    @extend_schema(responses=schema.DoneOut, operation_id="delete_banner")
    def delete(self, request: Request, banner_id: str) -> Response:
        banners.delete_banner(actor=actor_of(request), banner_id=banner_id, now=timezone.now())
        return Response({"message": "The banner was deleted. Its history stays."})


class VisibilityView(ContractView):
    permissions_needed: ClassVar = {"PATCH": _WRITE}

    @extend_schema(
        parameters=[_EXCLUSIVE],
        request=schema.VISIBILITY_IN,
        responses=schema.DoneOut,
        operation_id="set_banner_visibility",
    )
    def patch(self, request: Request) -> Response:
        banners.set_visibility(
            actor=actor_of(request),
            visible=schema.visibility_of(request.data),
            exclusive=_exclusive(request),
            now=timezone.now(),
        )
        return Response({"message": "The banners were shown and hidden."})


class BannerHistoryView(ContractView):
    permissions_needed: ClassVar = {"GET": _READ}

    @extend_schema(responses=schema.BannerHistoryOut, operation_id="read_banner_history")
    def get(self, request: Request, banner_id: str) -> Response:
        changes = BannerChange.objects.filter(banner_id=banner_id).order_by("-changed_at", "id")
        total = changes.count()
        if not total:
            Banner.objects.get_or_refuse(banner_id)
        rows = [
            {
                "id": change.pk,
                "bannerId": change.banner_id,
                "action": change.action,
                "changedBy": change.changed_by_id,
                "previousState": change.previous_state,
                "newState": change.new_state,
                "changedAt": change.changed_at,
            }
            for change in changes[:_MOST_CHANGES]
        ]
        return Response({"auditLogs": rows, "total": total})
