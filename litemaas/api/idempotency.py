"""`Idempotency-Key` on any POST (contract §1.5): the first answer is kept a day and given again.

Whoever comes while the first request is being carried out gets a 409. A process that dies on the way holds the key
for `_LOCK`; whether its work was done then is for the use case, which the next try runs again.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
from django.db import connection
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy
from rest_framework.request import Request
from rest_framework.response import Response

from litemaas import crypto
from litemaas.api.models import IdempotentRequest
from litemaas.api.rendering import dumps
from litemaas.errors import Conflict, DomainError, InvalidInput

KEPT = timedelta(hours=24)
SECRET_KEPT = timedelta(minutes=10)
_LOCK = timedelta(seconds=60)
_KEPT_HEADERS = ("Location", "Deprecation", "Sunset", "X-API-Deprecation-Warning", "X-API-Migration-Guide")
_SECRETS = {"key", "token", "secret", "accessToken", "refreshToken", "access_token", "refresh_token"}


class IdempotencyInProgress(Conflict):
    code = "IDEMPOTENCY_IN_PROGRESS"
    default_message = gettext_lazy("The first request with this Idempotency-Key is still being carried out.")


class IdempotencyKeyReused(DomainError):
    code = "IDEMPOTENCY_KEY_REUSED"
    default_message = "This Idempotency-Key was used for another request. Take a new one."


def key_of(request: Request) -> str | None:
    """The header's value, or None. Raises InvalidInput."""
    key: str | None = request.headers.get("Idempotency-Key")
    if key is not None and (not 1 <= len(key) <= 128 or not key.isascii() or not key.isprintable()):
        text = "Idempotency-Key must be 1 to 128 printable characters."
        raise InvalidInput(fields={"Idempotency-Key": text})
    return key


def once(
    request: Request,
    key: str,
    act: Callable[[], HttpResponseBase],
    answer_to: Callable[[Exception], HttpResponseBase],
) -> HttpResponseBase:
    """The answer of `act`, or the one that it gave before. `answer_to` makes answers of refusals, which count too."""
    principal, target = f"user:{request.user.pk}", _sha256(f"{request.method} {request.path}".encode())
    digest = _sha256(orjson.dumps(request.data, option=orjson.OPT_SORT_KEYS, default=str))
    row = IdempotentRequest(principal=principal, target=target, key=key, digest=digest, claim=uuid4())
    if not _claim(row, timezone.now()):
        return _replay(row, timezone.now())
    try:
        response = act()
    except Exception as error:  # noqa: BLE001  what is no refusal is raised again there
        try:
            response = answer_to(error)
        except Exception:
            _mine(row).delete()
            raise
    _keep(row, response)
    return response


def _claim(row: IdempotentRequest, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "principal": row.principal,
                "target": row.target,
                "key": row.key,
                "digest": row.digest,
                "claim": row.claim,
                "locked_until": now + _LOCK,
                "expires_at": now + KEPT,
                "now": now,
            },
        )
        return cursor.fetchone() is not None


# Expired keys are free, and so is one whose process died while it carried out the same request.
_CLAIM = """
INSERT INTO idempotent_requests AS r
    (principal, target, key, digest, claim, locked_until, expires_at, headers)
VALUES (%(principal)s, %(target)s, %(key)s, %(digest)s, %(claim)s, %(locked_until)s, %(expires_at)s, '{}')
ON CONFLICT (principal, target, key) DO UPDATE SET
    digest = excluded.digest, claim = excluded.claim, locked_until = excluded.locked_until,
    expires_at = excluded.expires_at, headers = '{}',
    status = NULL, body = NULL, sealed_body = NULL, sealed_until = NULL
WHERE r.expires_at <= %(now)s OR (r.status IS NULL AND r.locked_until <= %(now)s AND r.digest = excluded.digest)
RETURNING 1
"""


def _mine(row: IdempotentRequest) -> Any:
    return IdempotentRequest.objects.filter(
        principal=row.principal, target=row.target, key=row.key, claim=row.claim
    )


def _keep(row: IdempotentRequest, response: HttpResponseBase) -> None:
    status = response.status_code
    if status == 429 or status >= 500 or response.streaming:
        _mine(row).delete()
        return
    content = dumps(response.data) if isinstance(response, Response) else getattr(response, "content", b"")
    kept: dict[str, Any] = {"status": status, "body": content, "headers": _headers_of(response)}
    if status < 300 and "no-store" in response.get("Cache-Control", ""):
        kept["sealed_body"] = crypto.seal(content.decode(), bound_to=binding(row))
        kept["sealed_until"] = timezone.now() + SECRET_KEPT
        kept["body"] = _without_secrets(content)
    _mine(row).update(**kept)


def _headers_of(response: HttpResponseBase) -> dict[str, str]:
    kind = "application/problem+json" if response.status_code >= 400 else "application/json"
    kept = {name: response[name] for name in _KEPT_HEADERS if response.has_header(name)}
    return {"Content-Type": kind, **kept}


def _without_secrets(content: bytes) -> bytes:
    data = orjson.loads(content)
    return orjson.dumps({name: None if name in _SECRETS else value for name, value in data.items()})


def _replay(row: IdempotentRequest, now: datetime) -> HttpResponse:
    known = IdempotentRequest.objects.filter(principal=row.principal, target=row.target, key=row.key).first()
    if known is None:
        # It failed and gave the key back between our two looks.
        raise IdempotencyInProgress(retryAfter=1)
    if known.digest != row.digest:
        raise IdempotencyKeyReused
    if known.status is None:
        raise IdempotencyInProgress(retryAfter=max(1, int((known.locked_until - now).total_seconds())))
    content = bytes(known.body or b"")
    if known.sealed_body is not None and known.sealed_until is not None and known.sealed_until > now:
        content = crypto.open_sealed(bytes(known.sealed_body), bound_to=binding(row)).encode()
    headers = {**known.headers, "Idempotency-Replayed": "true", "Cache-Control": "no-store"}
    return HttpResponse(content, status=known.status, headers=headers)


def binding(row: IdempotentRequest) -> str:
    return f"idempotent_request:{row.principal}:{row.target}:{row.key}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def forget_old(*, now: datetime) -> int:
    """Drop answers that are too old, and secrets that were kept long enough; how many answers."""
    IdempotentRequest.objects.filter(sealed_until__lte=now, sealed_body__isnull=False).update(
        sealed_body=None
    )
    return IdempotentRequest.objects.filter(expires_at__lte=now).delete()[0]
