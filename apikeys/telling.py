"""What is told of a key: its end beforehand, and what somebody else did to it. To its owner, of a service key to those
who look after the team."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_noop

from accounts.models import Actor
from apikeys.models import ApiKey, ApiKeyQuerySet, ExpiryNotice
from notifications.services import notify
from teams.models import Member

# How long before, in days; each is told once for each date of expiry.
AHEAD = (7, 1)
_TITLES = {
    7: gettext_noop("API key %(key)s expires within a week"),
    1: gettext_noop("API key %(key)s expires within a day"),
}
_AT_ONCE = 1000
# What somebody else did: title, and how it looks.
BLOCKED = (gettext_noop("API key %(key)s was blocked"), "danger")
UNBLOCKED = (gettext_noop("API key %(key)s works again"), "success")
ROTATED = (gettext_noop("API key %(key)s was rotated"), "warning")
REVOKED = (gettext_noop("API key %(key)s was revoked"), "danger")


def tell_of_expiring_keys(*, now: datetime) -> int:
    """Of how many keys people were told. Running again, or twice at once, tells nobody twice."""
    keys = list(_due(now).order_by("expires_at", "pk")[:_AT_ONCE])
    heads = _heads({key.team_id for key in keys if key.owner_id is None and key.team_id})
    return sum(
        _tell(key, [key.owner_id] if key.owner_id else heads.get(key.team_id, []), now) for key in keys
    )


def tell_of_act(
    key: ApiKey,
    act: tuple[str, str],
    *,
    actor: Actor,
    reason: str = "",
    until: datetime | None = None,
    now: datetime,
) -> None:
    """Somebody did this to another one's key; in the transaction of the act. `until` when the former secret works."""
    told = (
        [key.owner_id] if key.owner_id else _heads({key.team_id}).get(key.team_id, []) if key.team_id else []
    )
    body = gettext_noop("%(reason)s") if reason.strip() else ""
    if until is not None:
        body = gettext_noop("Programs with the former secret stop on %(until)s (UTC).")
    title, variant = act
    notify(
        user_ids=[pk for pk in told if pk != actor.pk],
        kind="key_changed",
        variant=variant,
        title=title,
        body=body,
        parameters={
            "key": key.name or str(key.pk),
            "reason": reason.strip(),
            "until": until.strftime("%Y-%m-%d %H:%M") if until else "",
        },
        link=f"/api-keys/{key.pk}",
        now=now,
    )


def _due(now: datetime) -> ApiKeyQuerySet:
    """Not those that were made for less time than that: whoever made them knows."""
    told = ExpiryNotice.objects.filter(api_key=OuterRef("pk"), expires_at=OuterRef("expires_at"))
    found, later_than = Q(pk=None), now
    for days in sorted(AHEAD):
        before = timedelta(days=days)
        within = Q(
            expires_at__gt=later_than, expires_at__lte=now + before, created_at__lt=F("expires_at") - before
        )
        found |= within & Q(~Exists(told.filter(days=days)))
        later_than = now + before
    return ApiKey.objects.live(now).filter(found)


def _heads(team_ids: Iterable[UUID]) -> dict[UUID | None, list[UUID]]:
    found: dict[UUID | None, list[UUID]] = {}
    heads = Member.objects.current().filter(team_id__in=set(team_ids), role=Member.Role.ADMIN)
    for team_id, user_id in heads.values_list("team_id", "user_id"):
        found.setdefault(team_id, []).append(user_id)
    return found


@transaction.atomic(durable=True)
def _tell(key: ApiKey, user_ids: list[UUID], now: datetime) -> bool:
    assert key.expires_at is not None  # noqa: S101  asked for
    days = min(day for day in AHEAD if key.expires_at <= now + timedelta(days=day))
    notice = {"api_key": key, "expires_at": key.expires_at, "days": days}
    _row, is_new = ExpiryNotice.objects.get_or_create(**notice, defaults={"told_at": now})
    if not is_new:
        # Another worker told it a moment ago.
        return False
    notify(
        user_ids=user_ids,
        kind="key_expiring",
        variant="warning",
        title=_TITLES[days],
        body=gettext_noop(
            "It ends on %(day)s (UTC). Choose a later date, or rotate it, if programs still use it."
        ),
        parameters={"key": key.name or str(key.pk), "day": key.expires_at.strftime("%Y-%m-%d %H:%M")},
        link=f"/api-keys/{key.pk}",
        once=f"key-expiring {key.pk} {key.expires_at:%Y-%m-%dT%H:%M:%S} {days}",
        now=now,
    )
    return True
