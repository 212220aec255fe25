"""The sessions that somebody has: sign-ins of API clients, and browser sessions of the portal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import SignIn
from accounts.devices import device_of
from accounts.models import Actor, User
from accounts.tokens import end_sign_ins
from litemaas import errors

_PORTAL = "portal-"
_MOST_SHOWN = 200


@dataclass(frozen=True)
class Session:
    id: str
    ip_address: str | None
    user_agent: str
    created_at: datetime
    last_activity_at: datetime
    is_current: bool

    @property
    def device(self) -> str:
        return device_of(self.user_agent)


def sessions_of(
    user: User, *, current_sign_in: str = "", current_key: str | None = None, now: datetime
) -> list[Session]:
    """All running sessions, the latest first. `current_…` says through which one the caller comes."""
    api = SignIn.objects.visible_to(user).running(now).order_by("-last_activity_at", "id")[:_MOST_SHOWN]
    portal = UserSession.objects.filter(user=user).order_by("-last_seen_at", "id")[:_MOST_SHOWN]
    found = [
        Session(
            id=str(row.pk),
            ip_address=row.ip_address,
            user_agent=row.user_agent,
            created_at=row.created_at,
            last_activity_at=row.last_activity_at,
            is_current=str(row.pk) == current_sign_in,
        )
        for row in api
    ] + [
        Session(
            id=f"{_PORTAL}{row.pk}",
            ip_address=row.ip,
            user_agent=row.user_agent,
            created_at=row.created_at,
            last_activity_at=row.last_seen_at,
            is_current=row.session_key == current_key,
        )
        for row in portal
    ]
    return sorted(found, key=lambda session: session.last_activity_at, reverse=True)


def seconds_left(session_key: str | None, *, now: datetime) -> int | None:
    """How long a browser session lives on if nothing renews it; None where there is none."""
    rows = SessionStore.get_model_class().objects.filter(session_key=session_key or "")
    end: datetime | None = rows.values_list("expire_date", flat=True).first()
    return None if end is None else max(0, int((end - now).total_seconds()))


@transaction.atomic(durable=True)
def end_one(*, user: User, session_id: str, now: datetime) -> None:
    """End one of the user's own sessions. Raises NotFound for anybody else's."""
    if not (_end_portal(user, session_id) or _end_api(user, session_id, now)):
        raise errors.NotFound(_("This session does not exist, or it has ended."))
    audit.record("SESSION_END", actor=user, resource=("AUTH", session_id), at=now)


def _end_api(user: User, session_id: str, now: datetime) -> bool:
    try:
        rows = SignIn.objects.visible_to(user).filter(pk=UUID(session_id))
    except ValueError:
        return False
    return end_sign_ins(rows, now=now) > 0


def _end_portal(user: User, session_id: str) -> bool:
    number = session_id.removeprefix(_PORTAL)
    if number == session_id or not number.isascii() or not number.isdigit() or len(number) > 9:
        return False
    return _end_browser_sessions(UserSession.objects.filter(user=user, pk=int(number))) > 0


@transaction.atomic(durable=True)
def end_others(
    *, user: User, current_sign_in: str = "", current_key: str | None = None, now: datetime
) -> int:
    """End all of the user's sessions but the one that this comes through; how many."""
    api = SignIn.objects.visible_to(user)
    if current_sign_in:
        api = api.exclude(pk=current_sign_in)
    portal = UserSession.objects.filter(user=user).exclude(session_key=current_key or "")
    ended = end_sign_ins(api.running(now), now=now) + _end_browser_sessions(portal)
    audit.record("SESSION_END", actor=user, resource=("AUTH", "others"), at=now, metadata={"ended": ended})
    return ended


@transaction.atomic(durable=True)
def revoke_sessions(*, actor: Actor, user_id: Any, reason: str = "", now: datetime) -> int:
    """End every session that somebody has; how many."""
    if not actor.may("users:write"):
        raise errors.Forbidden(requiredPermission="users:write")
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise errors.NotFound(_("This user does not exist."))
    ended = end_all(user, now=now)
    facts = {"revoked": ended} | ({"reason": reason} if reason else {})
    audit.record("SESSIONS_REVOKE", actor=actor, obj=user, at=now, metadata=facts)
    return ended


def end_all(user: User, *, now: datetime) -> int:
    """The same within the caller's transaction."""
    running = SignIn.objects.filter(user=user).running(now)
    return end_sign_ins(running, now=now) + _end_browser_sessions(UserSession.objects.filter(user=user))


def _end_browser_sessions(rows: Any) -> int:
    """Both the session and what is known of it. A session whose row is gone is nobody's."""
    keys = list(rows.values_list("session_key", flat=True))
    SessionStore.get_model_class().objects.filter(session_key__in=keys).delete()
    rows.delete()
    return len(keys)
