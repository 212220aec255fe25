"""What a browser remembers about its reader. Until there are profiles, that is the theme, in a cookie."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = ("system", "light", "dark")
THEME_COOKIE = "theme"
_COOKIE_AGE = timedelta(days=365)


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember `theme` and go back to `next`."""
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        return HttpResponseBadRequest()
    response = HttpResponseRedirect(_local_address(request))
    response.set_cookie(
        THEME_COOKIE,
        theme,
        max_age=_COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def _local_address(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return address
    return resolve_url(settings.LOGIN_REDIRECT_URL)
