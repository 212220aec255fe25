"""Portal pages have no trailing slash; who types one gets there all the same."""

from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import is_valid_path
from django.views.decorators.common import no_append_slash


@no_append_slash  # for an address that is not there, with and without a slash
def without_slash(request: HttpRequest, bare: str) -> HttpResponse:
    """To the page of this address without its slash. Raises Http404 where there is none."""
    # Never to "//somewhere", which a browser takes for another host.
    path = "/" + bare.strip("/")
    if request.method not in {"GET", "HEAD"} or not is_valid_path(path):
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(quote(path) + ("?" + query if query else ""))
