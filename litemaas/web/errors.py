"""Refusals on portal pages: a page in the frame, or for htmx an alert; never a traceback."""

from collections.abc import Callable

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from litemaas import errors
from litemaas.api.problems import answer_for, is_outage, problem, status_of
from litemaas.refusals import refused
from litemaas.web.addresses import page_before

log = structlog.get_logger(__name__)

PAGES = {400, 403, 404, 409, 429, 500, 503}


def error_page(
    request: HttpRequest, status: int, message: str = "", *, retry_after: int | None = None
) -> HttpResponse:
    """The full page for a status. The 500 and 503 pages need no database. `retry_after` seconds are counted down."""
    page = status if status in PAGES else (503 if status in {502, 504} else 400)
    back = page_before(request) if request.method == "POST" else None
    values = {"message": message, "retry_after": retry_after, "back_address": back}
    response = render(request, f"errors/{page}.html", values, status=status)
    response["Cache-Control"] = "no-store"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/health"))


class PortalErrorMiddleware:
    """Turns what a use case raised into the page or the API body that says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if is_api(request):
            return answer_for(error, request)
        if is_outage(error):
            log.warning("a service is away", error=type(error).__name__, path=request.path)
            return error_page(request, 503)
        if isinstance(error, errors.DomainError):
            if isinstance(error, errors.Forbidden):
                refused(request, error)
            return refusal(request, error)
        return None


def refusal(request: HttpRequest, error: errors.DomainError) -> HttpResponse:
    """A refused form post goes back to its page with the reason; a refused page is an error page."""
    status = status_of(error.code)
    back = _page_before(request)
    if request.method == "POST" and back and status in {400, 403, 409, 429, 502, 503}:
        messages.error(request, error.message)
        return HttpResponseRedirect(back)
    wait = error.data.get("retryAfter")
    return error_page(request, status, error.message, retry_after=wait if isinstance(wait, int) else None)


def _page_before(request: HttpRequest) -> str | None:
    back = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return back if back and is_ours else None


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, "VALIDATION_ERROR", _("The request could not be read."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, "FORBIDDEN", errors.Forbidden.default_message)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, "NOT_FOUND", errors.NotFound.default_message)


def server_error(request: HttpRequest) -> HttpResponse:
    text = _("Something went wrong on our side. The request id finds it in the log.")
    return _answer(request, 500, "INTERNAL_ERROR", text)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _("The form was open for too long, or came from another site. Reload the page and send it again.")
    return _answer(request, 403, "CSRF_FAILED", text)


def _answer(request: HttpRequest, status: int, code: str, text: str | Promise) -> HttpResponse:
    if is_api(request):
        return problem(request, code, text)
    return error_page(request, status, "" if status in {404, 500} else str(text))
