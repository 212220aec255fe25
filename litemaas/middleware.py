"""Gives every request an id that the answer, the log lines and the audit rows share."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from litemaas import addresses, context

_MAX_USER_AGENT = 300
# What no page of ours uses, nobody who gets into one may use. Copying and passkeys stay with us.
_PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        *(
            "accelerometer",
            "autoplay",
            "camera",
            "display-capture",
            "encrypted-media",
            "fullscreen",
            "geolocation",
        ),
        *("gyroscope", "magnetometer", "microphone", "midi", "payment", "usb", "xr-spatial-tracking"),
    )
)
# Credentials that are no person's sign-in (REST contract §7.3).
_KEYS = frozenset({"api-key", "admin-key"})


class RequestContextMiddleware:
    """Sets X-Request-Id, and echoes X-Correlation-Id when it is a UUID (REST contract §1.1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = context.RequestContext(
            request_id=str(uuid.uuid4()),
            address=addresses.address_of(request.META),
            user_agent=request.headers.get("User-Agent", "")[:_MAX_USER_AGENT],
        )
        context.enter(now)
        response = self.get_response(request)
        response["X-Request-Id"] = now.request_id
        response["Permissions-Policy"] = _PERMISSIONS
        if now.credential in _KEYS:
            response["X-Authenticated-By"] = now.credential
        if (correlation := _uuid_or_none(request.headers.get("X-Correlation-Id"))) is not None:
            response["X-Correlation-Id"] = correlation
        return response


def _uuid_or_none(value: str | None) -> str | None:
    try:
        return str(uuid.UUID(value)) if value else None
    except ValueError:
        return None
