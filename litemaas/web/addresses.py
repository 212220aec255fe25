"""Addresses of pages: those with other parameters, those with a trailing slash, which none of ours has, and the page
that a request came from."""

from typing import Any
from urllib.parse import quote, urlsplit

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import is_valid_path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.common import no_append_slash


def address_with(request: HttpRequest, **changes: Any) -> str:
    """This page's address with other parameters; None takes one away."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = str(value)
    return f"{request.path}?{query.urlencode()}" if query else request.path


@no_append_slash  # for an address that is not there, with and without a slash
def without_slash(request: HttpRequest, bare: str) -> HttpResponse:
    """To the page of this address without its slash. Raises Http404 where there is none."""
    # Never to "//somewhere", which a browser takes for another host.
    path = "/" + bare.strip("/")
    if request.method not in {"GET", "HEAD"} or not is_valid_path(path):
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(quote(path) + ("?" + query if query else ""))


def page_before(request: HttpRequest) -> str | None:
    """The page of ours that this request came from, as a path with its query; None if it was none of ours."""
    before = request.headers.get("Referer", "")
    if not before or not url_has_allowed_host_and_scheme(before, {request.get_host()}, request.is_secure()):
        return None
    parts = urlsplit(before)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
