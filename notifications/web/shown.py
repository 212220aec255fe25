"""What the frame of every page asks and tells: the number on the bell, and messages that are shown."""

from collections.abc import Sequence
from typing import Any

from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.utils import timezone

from notifications import services
from notifications.models import Notification

_VARIANTS = {constants.SUCCESS: "success", constants.WARNING: "warning", constants.ERROR: "danger"}


def unread(user: Any) -> int:
    return Notification.objects.visible_to(user).unread().count()


def keep_toasts(request: HttpRequest, shown: Sequence[Message]) -> None:
    user: Any = request.user
    told = [(_VARIANTS.get(message.level, "info"), str(message.message)) for message in shown]
    services.keep_messages(user_id=user.pk, messages=told, now=timezone.now())
