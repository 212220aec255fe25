"""What every portal page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from litemaas import context, currency


def portal(request: HttpRequest) -> dict[str, Any]:
    """`request_id` for error pages, the reader's taste, product facts. Asks no database: error pages need it, too.

    A page for signed-in people has put their preferences on the request (`accounts.web.pages`); the theme of all others
    is in a cookie.
    """
    taste: dict[str, Any] = getattr(request, "preferences", {})
    theme = taste.get("theme") or request.COOKIES.get("theme", "system")
    return {
        "request_id": context.current().request_id,
        "theme": theme if theme in {"light", "dark"} else "system",
        "reader_id": getattr(request, "reader_id", ""),
        "is_compact": taste.get("density") == "compact",
        "is_calm": taste.get("reducedMotion") is True,
        "has_shortcuts": taste.get("shortcuts") is not False,
        "product_version": settings.VERSION,
        "gateway_public_url": settings.LITELLM_PUBLIC_URL,
        "currency_code": lambda: currency.current()["code"],
    }
