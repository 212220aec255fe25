"""From a page of the portal to the same row in Django admin."""

from functools import cache
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from litemaas.administration.referring import address_of


@cache
def _shown_in_portal() -> dict[str, tuple[Any, str]]:
    """By the name of a portal page's address: the model, and the place in the address that the row's key takes."""
    return {
        name: (model, place)
        for model, page in admin.site._registry.items()
        if (shown := getattr(page, "in_portal", None))
        for name, place in [shown]
    }


def here_in_administration(request: HttpRequest) -> str | None:
    """The address in Django admin of the row that this page is about; None where it is about none."""
    match = request.resolver_match
    found = _shown_in_portal().get(match.url_name or "") if match else None
    if match is None or found is None:
        return None
    model, place = found
    return address_of(model, match.kwargs[place])
