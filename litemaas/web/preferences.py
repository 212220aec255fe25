"""What a browser remembers about its reader, in cookies: theme, language and the columns of tables. Theme and language
are kept in the profile, too."""

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from litemaas.hooks import Hook
from litemaas.web.tables import COLUMNS_PARAMETER, SEPARATOR, cookie_of

THEMES = ("system", "light", "dark")
THEME_COOKIE = "theme"
_COOKIE_AGE = timedelta(days=365)
_TABLE = re.compile(r"[a-z][a-z-]{0,39}")
_COLUMN = re.compile(r"[A-Za-z_]{1,40}")
_MOST_COLUMNS = 50

# Somebody who is signed in chose a language; the code is one of LANGUAGES.
language_chosen: Hook[[HttpRequest, str]] = Hook()
# The same for a theme of THEMES.
theme_chosen: Hook[[HttpRequest, str]] = Hook()


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember `theme` here, and in the profile of who is signed in, and go back to `next`."""
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        return HttpResponseBadRequest()
    if request.user.is_authenticated:
        theme_chosen(request, theme)
    response = HttpResponseRedirect(_local_address(request))
    remember_theme(response, theme)
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


@require_POST
def set_columns(request: HttpRequest) -> HttpResponse:
    """Remember which `columns` the table `table` shows on the page `next`, and go there; `usual` forgets it."""
    table, columns = request.POST.get("table", ""), request.POST.getlist("columns")
    if not _TABLE.fullmatch(table) or not all(_COLUMN.fullmatch(name) for name in columns):
        return HttpResponseBadRequest()
    address = urlsplit(_local_address(request))
    query = [(name, value) for name, value in parse_qsl(address.query, keep_blank_values=True)]
    query = [(name, value) for name, value in query if name != COLUMNS_PARAMETER]
    chosen = SEPARATOR.join(columns[:_MOST_COLUMNS])
    if "usual" not in request.POST:
        query.append((COLUMNS_PARAMETER, chosen))
    response = HttpResponseRedirect(address._replace(query=urlencode(query)).geturl())
    if "usual" in request.POST:
        response.delete_cookie(cookie_of(table), path=address.path, samesite="Lax")
    else:
        # For that page only: no other request has to carry it.
        _remember(response, cookie_of(table), chosen, path=address.path)
    return response


def remember_language(response: HttpResponseBase, language: str) -> None:
    """For Django's locale middleware, which reads this cookie before the browser's own wish."""
    _remember(response, settings.LANGUAGE_COOKIE_NAME, language)


def remember_theme(response: HttpResponseBase, theme: str) -> None:
    """For pages that know nobody, such as the one to sign in on."""
    _remember(response, THEME_COOKIE, theme)


def _remember(response: HttpResponseBase, name: str, value: str, path: str = "/") -> None:
    response.set_cookie(
        name,
        value,
        path=path,
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
