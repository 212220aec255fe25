"""Showing a key's secret to its owner."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, options
from accounts.errors import SignInTooOld
from accounts.models import AuditEvent, User
from apikeys import policies, secrets
from apikeys.errors import SecretNotKept, SecretNotReadable, TooManyReveals
from apikeys.models import ApiKey
from litemaas import errors


def reveal_api_key(*, actor: User, key_id: UUID | str, signed_in_at: datetime | None, now: datetime) -> str:
    """The secret, for its owner, after a recent sign-in, not too often. Every try is recorded."""
    try:
        secret = _reveal(actor, key_id, signed_in_at, now)
    except errors.DomainError as error:
        with transaction.atomic():
            audit.record(
                "API_KEY_RETRIEVE_FAILED",
                actor=actor,
                resource=("API_KEY", str(key_id)),
                at=now,
                error=error.message,
            )
        raise
    return secret


@transaction.atomic
def _reveal(actor: User, key_id: UUID | str, signed_in_at: datetime | None, now: datetime) -> str:
    # Locked, so that parallel tries can't slip through the count.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    key = ApiKey.objects.visible_to(actor).get_or_refuse(key_id)
    if not policies.may_reveal(actor, key):
        raise errors.NotFound
    _require_recent_sign_in(signed_in_at, now)
    _require_few_reveals(actor, now)
    if key.is_blocked or not key.is_live(now):
        word = _("expired") if key.is_expired(now) else _("inactive")
        raise SecretNotReadable(_("This key is %(word)s. Its secret can't be shown.") % {"word": word})
    secret = secrets.read_from(key.current_secret)
    if secret is None:
        raise SecretNotKept
    audit.record("API_KEY_RETRIEVE_FULL", actor=actor, obj=key, at=now)
    return secret


def _require_recent_sign_in(signed_in_at: datetime | None, now: datetime) -> None:
    longest = options.value("revealMaxAgeSeconds")
    if signed_in_at is None or now - signed_in_at > timedelta(seconds=longest):
        age = int((now - signed_in_at).total_seconds()) if signed_in_at else None
        raise SignInTooOld(tokenAge=age, maxAge=longest)


def _require_few_reveals(actor: User, now: datetime) -> None:
    """Counted in the audit record, which nobody can flush."""
    recent = AuditEvent.objects.filter(actor=actor, action="API_KEY_RETRIEVE_FULL")
    times = list(recent.since(now - settings.KEY_REVEAL_WINDOW).order_by("at").values_list("at", flat=True))
    if len(times) >= settings.KEY_REVEALS_PER_WINDOW:
        wait = int((times[0] + settings.KEY_REVEAL_WINDOW - now).total_seconds()) + 1
        raise TooManyReveals(
            limit=settings.KEY_REVEALS_PER_WINDOW,
            window=int(settings.KEY_REVEAL_WINDOW.total_seconds()),
            retryAfter=wait,
        )
