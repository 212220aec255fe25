"""What people change of their own account."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from litemaas import errors

_DEFAULTS: dict[str, Any] = {
    "theme": "system",
    "language": "en",
    "density": "comfortable",
    "timeZone": None,
    "startPage": "home",
    "reducedMotion": False,
    "shortcuts": True,
    "playground": {},
    "notifications": {},
}
_MOST_BYTES = 8192
# Where one lands after the sign-in: the name of the page's address.
START_PAGES = ("home", "models", "subscriptions", "api_keys", "playground", "usage")
_LONGEST_NAME = 255


@transaction.atomic(durable=True)
def change_full_name(*, user: User, full_name: str, expected: str | None = None, now: datetime) -> User:
    """Raises InvalidInput, and Changed when the name is not `expected` any more (None = whatever it is)."""
    full_name = full_name.strip()
    if len(full_name) > _LONGEST_NAME:
        raise errors.InvalidInput(
            fields={"fullName": _("A name has at most %(most)d characters.") % {"most": _LONGEST_NAME}}
        )
    row: User = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    old = row.full_name
    if expected is not None and old not in {expected, full_name}:
        raise errors.Conflict
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


def start_page_of(user: User) -> str:
    """The address to go to after the sign-in."""
    chosen = user.preferences.get("startPage")
    return reverse(chosen if chosen in START_PAGES else "home")


def keep_language(request: HttpRequest, language: str) -> None:
    """What was chosen in a menu of the portal goes to the next browser, and into mails."""
    if isinstance(request.user, User):
        change_preferences(user=request.user, changes={"language": language})


def keep_theme(request: HttpRequest, theme: str) -> None:
    if isinstance(request.user, User):
        change_preferences(user=request.user, changes={"theme": theme})


def _checked(changes: dict[str, Any]) -> dict[str, Any]:
    wrong = {}
    if "language" in changes and changes["language"] not in dict(settings.LANGUAGES):
        known = ", ".join(dict(settings.LANGUAGES))
        wrong["language"] = _("Choose one of %(names)s.") % {"names": known}
    if changes.get("timeZone") is not None and not _is_zone(changes["timeZone"]):
        wrong["timeZone"] = _("Enter the name of a time zone, such as Europe/Vienna.")
    if changes.get("startPage", "home") not in START_PAGES:
        wrong["startPage"] = _("Choose one of %(names)s.") % {"names": ", ".join(START_PAGES)}
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    return changes


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
