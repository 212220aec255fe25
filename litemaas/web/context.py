"""What every portal page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from litemaas import context


def portal(request: HttpRequest) -> dict[str, Any]:
    """`request_id` for error pages, `theme` (system, light, dark) from the cookie, product facts."""
    theme = request.COOKIES.get("theme", "system")
    return {
        "request_id": context.current().request_id,
        "theme": theme if theme in {"light", "dark"} else "system",
        "product_version": settings.VERSION,
        "gateway_public_url": settings.LITELLM_PUBLIC_URL,
        "is_demo": settings.DEMO,
        "debug": settings.DEBUG,
    }
