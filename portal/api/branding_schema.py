"""The shapes of branding (contract §19)."""

from typing import Any

from rest_framework import serializers

from litemaas.api.fields import Flag, Text
from portal.api.banner_schema import DoneOut as DoneOut

Shape = serializers.Serializer[Any]
_TYPES = ["jpeg", "jpg", "png", "svg+xml", "gif", "webp"]


class BrandingIn(Shape):
    loginLogoEnabled = Flag(required=False)
    loginTitleEnabled = Flag(required=False)
    loginTitle = Text(max_length=200, required=False, allow_null=True, allow_blank=True)
    loginSubtitleEnabled = Flag(required=False)
    loginSubtitle = Text(max_length=500, required=False, allow_null=True, allow_blank=True)
    headerBrandEnabled = Flag(required=False)


class BrandingOut(Shape):
    loginLogoEnabled = serializers.BooleanField()
    hasLoginLogo = serializers.BooleanField()
    loginTitleEnabled = serializers.BooleanField()
    loginTitle = serializers.CharField(allow_null=True)
    loginSubtitleEnabled = serializers.BooleanField()
    loginSubtitle = serializers.CharField(allow_null=True)
    headerBrandEnabled = serializers.BooleanField()
    hasHeaderBrandLight = serializers.BooleanField()
    hasHeaderBrandDark = serializers.BooleanField()
    updatedAt = serializers.DateTimeField(allow_null=True)


class ImageIn(Shape):
    # `data` is also what a serializer calls its output.
    data = Text(max_length=4_000_000, help_text="base64; at most 2 MiB decoded.")  # type: ignore[assignment]
    mimeType = serializers.ChoiceField(
        choices=[f"image/{name}" for name in _TYPES], help_text="What it is, is read from the bytes."
    )
