"""What people change of their own account."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from litemaas import errors

_DEFAULTS: dict[str, Any] = {
    "theme": "system",
    "language": "en",
    "density": "comfortable",
    "timeZone": None,
    "playground": {},
    "notifications": {},
}
_MOST_BYTES = 8192


@transaction.atomic(durable=True)
def change_full_name(*, user: User, full_name: str, now: datetime) -> User:
    row: User = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    old = row.full_name
    row.full_name = full_name
    if old != full_name:
        row.save(update_fields=["full_name", "updated_at"])
        audit.record(
            "PROFILE_UPDATE",
            actor=user,
            obj=row,
            at=now,
            old={"fullName": old},
            new={"fullName": full_name},
        )
    return row


def preferences_of(user: User) -> dict[str, Any]:
    stored = User.objects.filter(pk=user.pk).values_list("preferences", flat=True).first() or {}
    return {**_DEFAULTS, **stored}


@transaction.atomic(durable=True)
def change_preferences(*, user: User, changes: dict[str, Any]) -> dict[str, Any]:
    """Keep what is named, leave the rest. Taste is no act: nothing is recorded."""
    row = User.objects.select_for_update(no_key=True).only("preferences").get(pk=user.pk)
    row.preferences = {**row.preferences, **_checked(changes)}
    if len(json.dumps(row.preferences)) > _MOST_BYTES:
        raise errors.InvalidInput(
            _("Preferences take at most %(most_bytes)s bytes.") % {"most_bytes": _MOST_BYTES}
        )
    row.save(update_fields=["preferences", "updated_at"])
    return {**_DEFAULTS, **row.preferences}


def keep_language(request: HttpRequest, language: str) -> None:
    """What was chosen in a menu of the portal goes to the next browser, and into mails."""
    if isinstance(request.user, User):
        change_preferences(user=request.user, changes={"language": language})


def _checked(changes: dict[str, Any]) -> dict[str, Any]:
    wrong = {}
    if "language" in changes and changes["language"] not in dict(settings.LANGUAGES):
        wrong["language"] = f"language must be one of {', '.join(dict(settings.LANGUAGES))}."
    if changes.get("timeZone") is not None and not _is_zone(changes["timeZone"]):
        wrong["timeZone"] = "timeZone must be an IANA name like Europe/Berlin."
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    return changes


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
