"""Takes what the gateway pushes onto disk at once, and books it later: what was acknowledged is not lost."""

import hashlib
import hmac
import time
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils.translation import gettext as _
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from litemaas import loose_json
from usage.broken_lines import BrokenLine, read_element, read_line
from usage.errors import EventsTooLarge, EventsUnreadable, EventsUnsigned
from usage.fields import Json
from usage.ledger import Counts, write_rows
from usage.models import UsageBatch

log = structlog.get_logger(__name__)

LARGEST_BODY = 25 * 1024 * 1024
# How old a signature may be: a copied request is worth nothing afterwards. (Within it, it is a replay, and changes
# nothing.)
SIGNATURE_LIFE = timedelta(minutes=5)
# So much is booked in one transaction.
_AT_ONCE = 64 * 1024 * 1024
_FIRST_RETRY, _LONGEST_RETRY = timedelta(seconds=10), timedelta(hours=1)


def require_sender(*, authorization: str, signature: str, body: bytes | None, now: datetime) -> None:
    """A bearer token, or an HMAC over the body: `t=<seconds>,v1=<hex>` of "<seconds>.<body>".

    `body` None: it was not read yet, and only what needs no body is checked. Raises EventsUnsigned.
    """
    token, secret = settings.GATEWAY_EVENTS_TOKEN, settings.GATEWAY_EVENTS_SECRET
    scheme, _, given = authorization.partition(" ")
    if token and scheme.lower() == "bearer":
        if hmac.compare_digest(given.strip().encode(), token.encode()):
            return
    elif secret and signature and (body is None or _is_signed(signature, body, secret, now)):
        return
    raise EventsUnsigned


def _is_signed(signature: str, body: bytes, secret: str, now: datetime) -> bool:
    parts = dict(part.strip().partition("=")[::2] for part in signature.split(","))
    stamp = parts.get("t", "")
    if not stamp.isdecimal() or len(stamp) > 12:
        return False
    if abs(now.timestamp() - int(stamp)) > SIGNATURE_LIFE.total_seconds():
        return False
    right = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(parts.get("v1", "").encode(), right.encode())


def keep_events(body: bytes, *, encoding: str = "", now: datetime) -> UsageBatch | None:
    """Keep a body for the worker; None when there is nothing in it. The same body twice is kept once.

    Raises EventsTooLarge and EventsUnreadable.
    """
    plain = _unpacked(body, encoding).strip()
    if not plain:
        return None
    # What is cut off or no JSON at all is told at once; rows are looked at when they are booked. Of lines, the last one
    # may be broken as well as any other.
    is_lines = plain[:1] == b"{" and b"\n" in plain
    if not is_lines and (plain[:1], plain[-1:]) not in ((b"[", b"]"), (b"{", b"}")):
        raise EventsUnreadable
    if len(plain) <= _LOOKED_INTO and not _is_readable(plain):
        raise EventsUnreadable
    facts = {
        "received_at": now,
        "not_before": now,
        "body": zlib.compress(plain, 1),
        "body_bytes": len(plain),
    }
    batch, _ = UsageBatch.objects.get_or_create(digest=hashlib.sha256(plain).hexdigest(), defaults=facts)
    transaction.on_commit(_hurry, robust=True)
    return batch


_LOOKED_INTO = 1024 * 1024


def _is_readable(plain: bytes) -> bool:
    return any(isinstance(row, dict) for row in rows_of(plain)) or plain == b"[]"


def _unpacked(body: bytes, encoding: str) -> bytes:
    if len(body) > LARGEST_BODY:
        raise EventsTooLarge
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise EventsUnreadable(_("Only gzip is understood as Content-Encoding."))
    inflate = zlib.decompressobj(wbits=31)
    try:
        plain = inflate.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        raise EventsUnreadable(_("The body is not gzip.")) from None
    if len(plain) > LARGEST_BODY:
        raise EventsTooLarge
    if not inflate.eof:
        raise EventsUnreadable(_("The body is cut off."))
    return plain


def _hurry() -> None:
    """Ask a worker. With the broker away the next run of the schedule finds the batch."""
    from usage.tasks import book_events

    try:
        book_events.delay()
    except (KombuError, RedisError, OSError) as error:
        log.warning("the broker is away, the schedule will book the events", error=type(error).__name__)


def rows_of(plain: bytes) -> Iterator[Json | BrokenLine]:
    """The events of a body: an array, one object, or an object per line. Each one that is no object says why."""
    try:
        found = loose_json.loads(plain)
    except ValueError:
        yield from map(read_line, filter(None, map(bytes.strip, plain.splitlines())))
        return
    yield from map(read_element, found if isinstance(found, list) else [found])


def book_events(now: datetime, *, seconds: float = 60.0) -> Counts:
    """Book what waits, the oldest first, until nothing is due or the time is over. Any number may run at once."""
    counts, until = Counts(), time.monotonic() + seconds
    while time.monotonic() < until:
        booked = _book_some(now)
        if booked is None:
            break
        counts += booked
    return counts


def _book_some(now: datetime) -> Counts | None:
    """Claim, rows and rollups in one transaction: a worker that dies leaves its batches to the next one."""
    taken: list[int] = []
    try:
        with transaction.atomic():
            batches = _claim(now, taken)
            if not batches:
                return None
            counts = write_rows(_all_rows(batches), now=now)
            UsageBatch.objects.filter(pk__in=taken).delete()
    except DatabaseError as error:
        _put_off(taken, str(error), now)
        raise
    return counts


def _claim(now: datetime, taken: list[int]) -> list[UsageBatch]:
    due = UsageBatch.objects.filter(not_before__lte=now).order_by("id")
    # One that failed goes alone: it shall not take others with it.
    held = list(due.select_for_update(skip_locked=True)[:64])
    size = 0
    chosen: list[UsageBatch] = []
    for batch in held:
        if chosen and (size + batch.body_bytes > _AT_ONCE or batch.attempts or chosen[0].attempts):
            break
        chosen.append(batch)
        taken.append(batch.pk)
        size += batch.body_bytes
    return chosen


def _all_rows(batches: list[UsageBatch]) -> Iterator[Json | BrokenLine]:
    for batch in batches:
        # One body at a time is unpacked. No statement may run here: the rows flow into a COPY.
        yield from rows_of(zlib.decompress(batch.body))


def _put_off(taken: list[int], error: str, now: datetime) -> None:
    with transaction.atomic():
        for batch in UsageBatch.objects.filter(pk__in=taken).select_for_update().defer("body"):
            batch.attempts += 1
            wait = min(_FIRST_RETRY * 2 ** min(batch.attempts, 10), _LONGEST_RETRY)
            batch.not_before, batch.last_error = now + wait, error.splitlines()[0][:300]
            batch.save(update_fields=["attempts", "not_before", "last_error"])
