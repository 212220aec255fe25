"""Branding (contract §19): read by everybody, also before the sign-in."""

import base64
import binascii
from typing import Any, ClassVar

from django.http import HttpResponse, HttpResponseNotModified
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas import errors
from litemaas.api.middleware import DATA_POLICY
from litemaas.api.parsing import StrictJSONParser
from litemaas.api.permissions import ANYBODY
from litemaas.api.preconditions import etag_of
from litemaas.api.views import ContractView, body_of
from portal import branding
from portal.api import branding_schema as schema
from portal.models import Branding, BrandingImage

_WIRE = {
    "loginLogoEnabled": "login_logo_enabled",
    "loginTitleEnabled": "login_title_enabled",
    "loginTitle": "login_title",
    "loginSubtitleEnabled": "login_subtitle_enabled",
    "loginSubtitle": "login_subtitle",
    "headerBrandEnabled": "header_brand_enabled",
}
_Place = BrandingImage.Place
_HAS = {
    "hasLoginLogo": _Place.LOGIN_LOGO,
    "hasHeaderBrandLight": _Place.HEADER_LIGHT,
    "hasHeaderBrandDark": _Place.HEADER_DARK,
}


def _shown(row: Branding, places: set[str]) -> dict[str, Any]:
    return {
        **{wire: getattr(row, name) for wire, name in _WIRE.items()},
        **{wire: place in places for wire, place in _HAS.items()},
        "updatedAt": row.updated_at,
    }


class BrandingView(ContractView):
    permissions_needed: ClassVar = {"GET": ANYBODY, "PATCH": "admin:settings"}

    @extend_schema(responses=schema.BrandingOut, operation_id="read_branding")
    def get(self, request: Request) -> Response:
        return Response(_shown(*branding.present_branding()))

    @extend_schema(request=schema.BrandingIn, responses=schema.BrandingOut, operation_id="change_branding")
    def patch(self, request: Request) -> Response:
        body = body_of(request, schema.BrandingIn)
        values = {_WIRE[wire]: value for wire, value in body.items()}
        branding.change_branding(actor=actor_of(request), values=values, now=timezone.now())
        return Response(_shown(*branding.present_branding()))


class _PictureParser(StrictJSONParser):
    """A picture of 2 MiB takes a third more in base64."""

    most_bytes = 4 * 1024 * 1024


class ImageView(ContractView):
    permissions_needed: ClassVar = {"GET": ANYBODY, "PUT": "admin:settings", "DELETE": "admin:settings"}
    _parsers = (_PictureParser(),)

    @extend_schema(
        responses={(200, "image/*"): OpenApiResponse(OpenApiTypes.BINARY)}, operation_id="read_branding_image"
    )
    def get(self, request: Request, place: str) -> HttpResponse:
        # Anything may stand in an address, also what no column can hold.
        known = place in BrandingImage.Place.values
        image = BrandingImage.objects.filter(place=place).first() if known else None
        if image is None:
            raise errors.NotFound("There is no image here.")
        content = bytes(image.content)
        headers = {
            "Cache-Control": "public, max-age=3600",
            "ETag": etag_of(content),
            "X-Content-Type-Options": "nosniff",
            # An SVG that somebody opens by itself is a document: without scripts, forms and an origin.
            "Content-Security-Policy": f"{DATA_POLICY}; sandbox",
        }
        if headers["ETag"] in request.META.get("HTTP_IF_NONE_MATCH", ""):
            return HttpResponseNotModified(headers=headers)
        return HttpResponse(content, content_type=image.content_type, headers=headers)

    @extend_schema(request=schema.ImageIn, responses=schema.DoneOut, operation_id="put_branding_image")
    def put(self, request: Request, place: str) -> Response:
        body = body_of(request, schema.ImageIn)
        try:
            content = base64.b64decode(body["data"], validate=True)
        except binascii.Error:
            raise errors.InvalidInput(fields={"data": "The picture must be base64."}) from None
        branding.put_image(actor=actor_of(request), place=place, content=content, now=timezone.now())
        return Response({"message": "The image was saved."})

    @extend_schema(responses=schema.DoneOut, operation_id="delete_branding_image")
    def delete(self, request: Request, place: str) -> Response:
        branding.remove_image(actor=actor_of(request), place=place, now=timezone.now())
        return Response({"message": "The image was removed."})
