"""What a browser remembers about its reader, in cookies: theme and language. The language is kept in the profile, too."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from litemaas.hooks import Hook

THEMES = ("system", "light", "dark")
THEME_COOKIE = "theme"
_COOKIE_AGE = timedelta(days=365)

# Somebody who is signed in chose a language; the code is one of LANGUAGES.
language_chosen: Hook[[HttpRequest, str]] = Hook()


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember `theme` and go back to `next`."""
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        return HttpResponseBadRequest()
    response = HttpResponseRedirect(_local_address(request))
    _remember(response, THEME_COOKIE, theme)
    return response


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember `language` here, and in the profile of who is signed in, and go back to `next`."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest()
    if request.user.is_authenticated:
        language_chosen(request, language)
    response = HttpResponseRedirect(_local_address(request))
    remember_language(response, language)
    return response


def remember_language(response: HttpResponseBase, language: str) -> None:
    """For Django's locale middleware, which reads this cookie before the browser's own wish."""
    _remember(response, settings.LANGUAGE_COOKIE_NAME, language)


def _remember(response: HttpResponseBase, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=_COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def _local_address(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return address
    return resolve_url(settings.LOGIN_REDIRECT_URL)
