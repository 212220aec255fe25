"""Middleware that only pages need, kept away from the REST API, where it would cost as much as the answer."""

from typing import Any

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django_htmx.middleware import HtmxMiddleware

from litemaas.web.preferences import remember_language, remember_theme

_API = "/api/"
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"


class _PagesOnly:
    """Mixed in before a middleware class: requests for the API go past it."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(_API):
            answer: HttpResponseBase = self.get_response(request)
            return answer
        return super().__call__(request)  # type: ignore[misc,no-any-return]


class PagesMessages(_PagesOnly, MessageMiddleware):
    pass


class PagesLocale(_PagesOnly, LocaleMiddleware):
    """The API speaks English; clients translate by `code`."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(_API):
            # The page before us on this thread may have been in another language, which stays until it is changed.
            translation.activate(settings.LANGUAGE_CODE)
            return super().__call__(request)
        response = super().__call__(request)
        # Set by whoever knows the reader's profile, at the sign-in.
        if language := getattr(request, "language_of_profile", ""):
            remember_language(response, language)
        if theme := getattr(request, "theme_of_profile", ""):
            remember_theme(response, theme)
        return response


class PagesHtmx(_PagesOnly, HtmxMiddleware):
    pass


class PagesCompressed(_PagesOnly, GZipMiddleware):
    """Pages only: files are compressed already, and what is streamed must leave as it comes.

    Django hides their length with random bytes, and gives the CSRF token another face each time, so that nobody learns a
    secret from how well a page compresses.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.streaming or not response.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class PagesContentPolicy(CSPMiddleware):
    """Pages get the policy of the settings; data that is opened in a browser may load nothing at all."""

    def __call__(self, request: HttpRequest) -> Any:
        if not request.path_info.startswith(_API):
            return super().__call__(request)
        response: Any = self.get_response(request)
        # A view may be stricter still.
        response.headers.setdefault("Content-Security-Policy", DATA_POLICY)
        return response
