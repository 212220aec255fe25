"""Asking the person behind a browser session to prove who they are once more."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts import recent_sign_in
from accounts.errors import SignInTooOld
from accounts.providers.flow import PROVIDER_SESSION
from litemaas import context, errors
from litemaas.web.addresses import page_before
from litemaas.web.errors import refusal


class SessionMiddleware:
    """Says in the record that a browser session acts, and asks for a recent sign-in where one is needed.

    The REST API says and asks by itself: there a credential in the request wins over the session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not response.has_header("Cache-Control"):
            # A page made for one person, perhaps with recovery codes on it, is kept nowhere.
            add_never_cache_headers(response)
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if request.path_info.startswith("/api/") or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        if SESSION_KEY not in request.session:
            return None
        context.current().credential = "session"
        if not recent_sign_in.is_asked_of_sessions(request) or not request.user.is_authenticated:
            return None
        try:
            recent_sign_in.require_recent(recent_sign_in.signed_in_at(request))
        except SignInTooOld:
            return ask_again(request, _page_of(request))
        return None


def ask_again(request: HttpRequest, back: str) -> HttpResponse:
    """To where the person proves who they are, and from there to `back`; the act itself has to be asked for anew."""
    address = _where_to_prove(request, back)
    if address is None:
        return refusal(request, errors.Forbidden(_("Sign out and in again to do this.")))
    if address.startswith(reverse("account_reauthenticate")):
        # A provider's page would leave it for whatever page comes after.
        messages.info(request, _("Confirm that it is you: this needs a recent sign-in."))
    if getattr(request, "htmx", None):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response
    return HttpResponseRedirect(address)


def _where_to_prove(request: HttpRequest, back: str) -> str | None:
    """A password or a second factor here, else the provider that vouches for the person; None where nothing is left."""
    query = urlencode({"next": back})
    user: Any = request.user
    if get_reauthentication_flows(user):
        return f"{reverse('account_reauthenticate')}?{query}"
    provider = (request.session.get(PROVIDER_SESSION) or {}).get("provider")
    if provider not in settings.IDENTITY_PROVIDERS:
        accounts = SocialAccount.objects.filter(user=user, provider__in=settings.IDENTITY_PROVIDERS)
        provider = accounts.values_list("provider", flat=True).first()
    if provider is None:
        return None
    return f"{reverse('provider_sign_in', args=[provider])}?{query}&again=1"


def _page_of(request: HttpRequest) -> str:
    """The page that asked for the act: the act's own, or the one with the button."""
    htmx: Any = getattr(request, "htmx", None)
    if htmx:
        return str(htmx.current_url_abs_path or reverse("home"))
    if request.method == "GET":
        return request.get_full_path()
    return page_before(request) or request.path
