"""Automation keys (`ltm_admin_…`): for programs that administer the portal."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import AutomationKey
from accounts.models import SYSTEM, Actor, User
from accounts.permissions import ADMIN, ADMIN_READONLY, ALL_PERMISSIONS, permissions_of
from accounts.secret_hash import hash_of
from litemaas import errors

PREFIX = "ltm_admin_"
LONGEST_LIFE = timedelta(days=366)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{64}")
_USE_STEP = timedelta(minutes=5)


@dataclass(frozen=True)
class IssuedAutomationKey:
    """`secret` is shown once and kept nowhere."""

    key: AutomationKey
    secret: str


@dataclass(frozen=True)
class ImportedKey:
    """A key that only its hash is known of."""

    name: str
    key_hash: str
    expires_at: datetime
    scopes: tuple[str, ...]


@transaction.atomic(durable=True)
def issue_automation_key(
    *, actor: Actor, name: str, scopes: Iterable[str], expires_at: datetime, now: datetime
) -> IssuedAutomationKey:
    """Make a key with a service account of its own. Nobody can give it more than they have."""
    _require_administrator(actor)
    secret = PREFIX + secrets.token_urlsafe(32)
    given = sorted(set(scopes))
    _check(name, given, expires_at, now)
    beyond = [code for code in given if not actor.may(code)]
    if beyond:
        raise errors.Forbidden(requiredPermission=beyond[0])
    key = _make(actor, ImportedKey(name, hash_of(secret), expires_at, tuple(given)), secret[-4:], now)
    return IssuedAutomationKey(key, secret)


@transaction.atomic(durable=True)
def import_automation_key(entry: ImportedKey, *, now: datetime) -> AutomationKey | None:
    """Take over a key by its hash, from the deployment's settings. None when it is here already, also revoked."""
    if not _HASH.fullmatch(entry.key_hash):
        raise errors.InvalidInput(
            fields={"keyHash": _("The hash must be a SHA-256 in 64 lower-case hex digits.")}
        )
    if AutomationKey.objects.filter(key_hash=entry.key_hash).exists():
        return None
    _check(entry.name, list(entry.scopes), entry.expires_at, now)
    return _make(SYSTEM, entry, "", now)


def _make(actor: Actor, entry: ImportedKey, suffix: str, now: datetime) -> AutomationKey:
    reads_only = set(entry.scopes) <= permissions_of([ADMIN_READONLY])
    key = AutomationKey(
        name=entry.name,
        key_hash=entry.key_hash,
        suffix=suffix,
        scopes=sorted(entry.scopes),
        created_by=actor if isinstance(actor, User) else None,
        created_at=now,
        expires_at=entry.expires_at,
    )
    try:
        with transaction.atomic():
            key.principal = User.objects.create(
                username=f"automation-{key.pk}",
                full_name=f"Automation: {entry.name}",
                roles=[ADMIN_READONLY if reads_only else ADMIN],
                is_service=True,
                password="!",  # noqa: S106  no password fits this
            )
            key.save(force_insert=True)
    except IntegrityError:
        raise errors.AlreadyExists(_("There is a live automation key of this name.")) from None
    audit.record(
        "TOKEN_CREATE",
        actor=actor,
        obj=key,
        at=now,
        new={"name": key.name, "scopes": key.scopes, "expiresAt": key.expires_at.isoformat()},
    )
    return key


def _check(name: str, scopes: list[str], expires_at: datetime, now: datetime) -> None:
    wrong = {}
    if not _NAME.fullmatch(name):
        wrong["name"] = _("Give a name of at most 100 letters, digits, blanks, dots, dashes and underscores.")
    if unknown := [code for code in scopes if code not in ALL_PERMISSIONS]:
        wrong["scopes"] = _("These are no permissions: %(names)s.") % {"names": ", ".join(unknown)}
    elif not scopes:
        wrong["scopes"] = _("Name at least one permission.")
    if not now < expires_at <= now + LONGEST_LIFE:
        wrong["expiresAt"] = _("Choose a time in the future, within %(n)s days.") % {"n": LONGEST_LIFE.days}
    if wrong:
        raise errors.InvalidInput(fields=wrong)


@transaction.atomic(durable=True)
def revoke_automation_key(*, actor: Actor, key_id: UUID | str, now: datetime) -> AutomationKey:
    """The key stops at once. Revoking it again changes nothing."""
    _require_administrator(actor)
    key = AutomationKey.objects.visible_to(actor).select_for_update(no_key=True).get_or_refuse(key_id)
    if key.revoked_at is None:
        key.revoked_at = now
        key.save(update_fields=["revoked_at"])
        User.objects.filter(pk=key.principal_id).update(is_active=False, deactivated_at=now)
        audit.record("TOKEN_REVOKE", actor=actor, obj=key, at=now, old={"name": key.name})
    return key


def _require_administrator(actor: Actor) -> None:
    if not actor.may("users:write"):
        raise errors.Forbidden(requiredPermission="users:write")


def principal_of(secret: str, *, now: datetime) -> User | None:
    """The service account that a working key acts as, held to the key's scopes."""
    rows = AutomationKey.objects.usable(now).select_related("principal")
    key = rows.filter(key_hash=hash_of(secret)).first()
    if key is None:
        return None
    if key.last_used_at is None or now - key.last_used_at > _USE_STEP:
        AutomationKey.objects.filter(pk=key.pk).update(last_used_at=now)
    user: User = key.principal
    user.limited_to = frozenset(key.scopes)
    return user
