"""The shapes of notifications (contract §20)."""

from typing import Any

from rest_framework import serializers

from litemaas.api.schema import page_schema
from notifications.models import Notification


class NotificationOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    variant = serializers.ChoiceField(choices=Notification.Variant.choices)
    title = serializers.CharField()
    body = serializers.CharField(allow_null=True)
    link = serializers.CharField(allow_null=True, help_text="A path of the portal.")
    createdAt = serializers.DateTimeField()
    readAt = serializers.DateTimeField(allow_null=True)


class NotificationPageOut(page_schema(NotificationOut)):  # type: ignore[misc]  # made at run time
    unreadCount = serializers.IntegerField()
