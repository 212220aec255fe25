"""Where administrators must have a second factor, those with a password here get nowhere else before they have one."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.providers.flow import PROVIDER_SESSION
from litemaas.api.problems import problem

_OPEN = ("/2fa/", "/logout/", "/login/", "/reauthenticate/", "/static/", "/signed-out", "/preferences/")


class SecondFactorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.ADMINS_NEED_MFA or request.path_info.startswith(_OPEN) or not lacks_factor(request):
            return self.get_response(request)
        if request.path_info.startswith("/api/"):
            return problem(
                request, "FORBIDDEN", "Administrators need a second factor here. Set one up first."
            )
        messages.warning(request, _("Administrators need a second factor here. Set one up first."))
        return HttpResponseRedirect(reverse("mfa_index"))


def lacks_factor(request: HttpRequest) -> bool:
    """Whether this browser session is an administrator's with a password alone. A provider sees to its own factors."""
    if not hasattr(request, "session") or not request.session.session_key:
        return False
    user = request.user
    if not isinstance(user, User) or not user.is_admin or request.session.get(PROVIDER_SESSION):
        return False
    return not is_mfa_enabled(user)
