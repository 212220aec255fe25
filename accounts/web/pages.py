"""What every page of the portal for signed-in people shares."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext as _

from accounts.models import User
from litellm_sync import wishes
from litellm_sync.client import gateway
from litemaas import errors
from litemaas.web import once, typed
from litemaas.web.addresses import page_before

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request of somebody who is signed in. `htmx` is true for a request that wants a part of the page."""

    user: User
    htmx: Any


def signed_in(
    view: Callable[Concatenate[PageRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Only for signed-in people; others are sent to the sign-in page and come back. Nothing of it is stored.

    A page and its part share an address, so a stored part could come up as the page. A form that is sent twice is done
    once.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if isinstance(request.user, User):
            request.preferences = request.user.preferences  # type: ignore[attr-defined]  # litemaas.web.context
            request.reader_id = request.user.pk  # type: ignore[attr-defined]
            asked = cast(PageRequest, request)
            with timezone.override(zone_of(request.user)):
                response = once.done(
                    request, request.user.pk, lambda: _telling(asked, lambda: view(asked, *args, **kwargs))
                )
                typed.put_back(request, request.user.pk, response)
        else:
            response = _to_sign_in(request)
        patch_vary_headers(response, ["HX-Request"])
        add_never_cache_headers(response)
        return response

    # Read by the test that walks all addresses and looks for one without a guard.
    guarded.needs_sign_in = True  # type: ignore[attr-defined]
    return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", guarded)


def _telling(request: PageRequest, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What `act` answers. While the gateway is away, who changed something that concerns it is told that it waits.

    A page in answer to a form says itself how things stand.
    """
    if request.method != "POST":
        return act()
    with wishes.noted() as kinds:
        response = act()
    if kinds and isinstance(response, HttpResponseRedirect) and gateway().breaker.is_open:
        text = _("The gateway does not answer at the moment. Your change is saved and waits for it.")
        messages.warning(request, text)
    return response


def require(request: PageRequest, permission: str) -> None:
    """Raises Forbidden."""
    if not request.user.may(permission):
        raise errors.Forbidden(requiredPermission=permission)


def zone_of(user: User) -> ZoneInfo | None:
    """The reader's time zone; None for the portal's."""
    name = user.preferences.get("timeZone")
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # It was one when it was chosen: zones are renamed.
        return None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back: to the page with the form, if one was sent after the session's end.

    A part that is asked for then must not hold the sign-in page: the whole page goes there.
    """
    htmx: Any = getattr(request, "htmx", None)
    home = resolve_url(settings.LOGIN_REDIRECT_URL)
    if not htmx:
        if request.method == "GET":
            return redirect_to_login(request.get_full_path())
        page = page_before(request) or home
        typed.keep(request, page)
        return HttpResponseRedirect(f"{redirect_to_login(page).url}&session=expired")
    address = redirect_to_login(htmx.current_url_abs_path or home).url
    response = HttpResponse(status=204)
    response["HX-Redirect"] = f"{address}&session=expired"
    return response
