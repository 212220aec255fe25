"""What every page of the portal for signed-in people shares."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from accounts.models import User

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request of somebody who is signed in. `htmx` is true for a request that wants a part of the page."""

    user: User
    htmx: Any


def signed_in(
    view: Callable[Concatenate[PageRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Only for signed-in people; others are sent to the sign-in page and come back. Nothing of it is stored.

    A page and its part share an address, so a stored part could come up as the page.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            response: HttpResponseBase = view(cast(PageRequest, request), *args, **kwargs)
        else:
            response = _to_sign_in(request)
        patch_vary_headers(response, ["HX-Request"])
        add_never_cache_headers(response)
        return response

    # Read by the test that walks all addresses and looks for one without a guard.
    guarded.needs_sign_in = True  # type: ignore[attr-defined]
    return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", guarded)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A part that is asked for after the session ended must not hold the sign-in page: the whole page goes there."""
    htmx: Any = getattr(request, "htmx", None)
    if not htmx:
        back = (
            request.get_full_path() if request.method == "GET" else resolve_url(settings.LOGIN_REDIRECT_URL)
        )
        return redirect_to_login(back)
    address = redirect_to_login(htmx.current_url_abs_path or resolve_url(settings.LOGIN_REDIRECT_URL)).url
    response = HttpResponse(status=204)
    response["HX-Redirect"] = f"{address}&session=expired"
    return response
