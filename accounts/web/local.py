"""Pages of local accounts that are closed in some installations, or for some people."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from allauth.account import views
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import path, re_path
from django.utils.translation import gettext as _

View = Callable[..., HttpResponseBase]


def _where_local_accounts_are(view: View) -> View:
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.LOCAL_ACCOUNTS:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def _with_a_password(view: View) -> View:
    """A password for somebody whom a provider vouches for would be a way around the provider."""

    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if user.is_authenticated and not user.has_usable_password():
            raise Http404
        return view(request, *args, **kwargs)

    return _where_local_accounts_are(guarded)


def closed(request: HttpRequest, **_kwargs: Any) -> HttpResponseBase:
    """Operators make accounts; nobody makes one here."""
    return HttpResponseRedirect(resolve_url(settings.LOGIN_URL))


def missing(request: HttpRequest, **_kwargs: Any) -> HttpResponseBase:
    raise Http404


class LoginView(views.LoginView):  # type: ignore[misc]
    """allauth's, which also knows whether passwords are taken here and where to go on after a provider's answer."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who is signed in already is sent on, and has to be told elsewhere that proving it once more failed."""
        if request.user.is_authenticated and request.GET.get("error") == "auth_failed":
            messages.error(request, _("The provider did not confirm who you are. Try again."))
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        wanted = context.get("redirect_field_value") or ""
        return context | {
            "local_accounts": settings.LOCAL_ACCOUNTS,
            "redirect_field_quoted": quote(wanted, safe=""),
        }


urlpatterns = [
    path("login/", LoginView.as_view(), name="account_login"),
    path("signup/", closed, name="account_signup"),
    path("password/set/", missing, name="account_set_password"),
    # The address is the operator's or the provider's to say: it decides whose account a provider's sign-in is.
    path("email/", missing, name="account_email"),
    path("password/change/", _with_a_password(views.password_change), name="account_change_password"),
    path("password/reset/", _where_local_accounts_are(views.password_reset), name="account_reset_password"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        _where_local_accounts_are(views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
]
