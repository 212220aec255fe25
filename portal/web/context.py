"""What operators put around every page: their branding, and the banner that this reader is shown."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.look import banner_for, brand_now


def look(request: HttpRequest) -> dict[str, Any]:
    """`brand` (Brand) and `banner` (ShownBanner or None); neither is looked up before a template asks."""
    user: Any = getattr(request, "user", None)
    return {
        "brand": SimpleLazyObject(brand_now),
        "banners": SimpleLazyObject(lambda: banner_for(user)),
    }
