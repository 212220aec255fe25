"""The shapes of banners (contract §18)."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from accounts.models import Role
from litemaas.api.fields import Flag, Identifier, Text, Whole
from litemaas.errors import InvalidInput
from portal.banners import LONGEST_TEXT
from portal.models import Banner, BannerChange

Shape = serializers.Serializer[Any]


def _texts(**parts: Any) -> serializers.DictField:
    """Texts by language code."""
    child = Text(max_length=LONGEST_TEXT, allow_blank=True)
    return serializers.DictField(child=child, help_text="By language code.", **parts)


class BannerIn(Shape):
    name = Text(max_length=100)
    content = _texts()
    variant = serializers.ChoiceField(choices=Banner.Variant.choices, required=False)
    isActive = Flag(required=False)
    isDismissible = Flag(required=False)
    markdownEnabled = Flag(required=False)
    priority = Whole(required=False)
    dismissDurationHours = Whole(min_value=1, max_value=87_600, required=False, allow_null=True)
    startDate = serializers.DateTimeField(required=False, allow_null=True)
    endDate = serializers.DateTimeField(required=False, allow_null=True)
    targetRoles = serializers.ListField(
        child=serializers.ChoiceField(choices=Role.choices), max_length=10, required=False, allow_null=True
    )
    targetUserIds = serializers.ListField(
        child=Identifier(), max_length=1000, required=False, allow_null=True
    )
    linkUrl = Text(max_length=500, required=False, allow_null=True, allow_blank=True)
    linkText = _texts(required=False, allow_null=True)


class BannerPutIn(BannerIn):
    """`isActive` and `content` are needed; what is left out keeps its value."""

    name = Text(max_length=100, required=False)
    isActive = Flag()


class BannerOut(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    isActive = serializers.BooleanField()
    priority = serializers.IntegerField()
    content = serializers.DictField(child=serializers.CharField())
    variant = serializers.ChoiceField(choices=Banner.Variant.choices)
    isDismissible = serializers.BooleanField()
    dismissDurationHours = serializers.IntegerField(allow_null=True)
    startDate = serializers.DateTimeField(allow_null=True)
    endDate = serializers.DateTimeField(allow_null=True)
    targetRoles = serializers.ListField(child=serializers.CharField(), allow_null=True)
    targetUserIds = serializers.ListField(child=serializers.UUIDField(), allow_null=True)
    linkUrl = serializers.CharField(allow_null=True)
    linkText = serializers.DictField(child=serializers.CharField(), allow_null=True)
    markdownEnabled = serializers.BooleanField()
    createdBy = serializers.UUIDField(allow_null=True)
    updatedBy = serializers.UUIDField(allow_null=True)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class BannerDoneOut(Shape):
    banner = BannerOut()
    message = serializers.CharField()


class DoneOut(Shape):
    message = serializers.CharField()


# Banner id → whether it is shown.
VISIBILITY_IN = {
    "application/json": {
        "type": "object",
        "additionalProperties": {"type": "boolean"},
        "propertyNames": {"format": "uuid"},
        "minProperties": 1,
    }
}


def visibility_of(data: Any) -> dict[UUID, bool]:
    """Raises InvalidInput."""
    try:
        found = {UUID(key): shown for key, shown in data.items()}
    except ValueError:
        raise InvalidInput("The names must be ids of banners.") from None
    if wrong := [key for key, shown in data.items() if not isinstance(shown, bool)]:
        raise InvalidInput(fields={wrong[0]: "Choose true or false."})
    return found


class BannerChangeOut(Shape):
    id = serializers.UUIDField()
    bannerId = serializers.UUIDField()
    action = serializers.ChoiceField(choices=BannerChange.Action.choices)
    changedBy = serializers.UUIDField(allow_null=True)
    previousState = serializers.DictField(allow_null=True)
    newState = serializers.DictField(allow_null=True)
    changedAt = serializers.DateTimeField()


class BannerHistoryOut(Shape):
    auditLogs = BannerChangeOut(many=True)
    total = serializers.IntegerField()
