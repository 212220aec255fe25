"""The site: its name, its one door, and what it leaves out."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

# Libraries' apps, which are about one thing; the first is where its tables are listed.
SIGNING_IN = ("account", "mfa", "socialaccount", "token_blacklist", "usersessions")
# What the tables of an app are about.
HEADINGS = {
    **dict.fromkeys(SIGNING_IN, _("Ways to sign in")),
    "accounts": _("Users"),
    "admin": _("Administration"),
    "api": _("API requests"),
    "apikeys": _("API keys"),
    "catalog": _("Models"),
    "jobs": _("Jobs"),
    "litellm_sync": _("Gateway"),
    "notifications": _("Notifications"),
    "portal": _("Portal"),
    "subscriptions": _("Subscriptions"),
    "teams": _("Teams"),
    "usage": _("Usage"),
}


class LiteMaaSAdminSite(admin.AdminSite):
    site_header = _("LiteMaaS administration")
    site_title = _("LiteMaaS")
    index_title = _("Everything, as it is in the database")
    site_url = "/home"
    enable_nav_sidebar = True

    def get_app_list(self, request: Any, app_label: str | None = None) -> list[Any]:
        """Libraries' tables stand together, whichever of them asks."""
        if app_label is not None and app_label not in SIGNING_IN:
            return super().get_app_list(request, app_label)
        found: list[Any] = []
        for app in super().get_app_list(request):
            if app["app_label"] not in SIGNING_IN:
                found.append(app)
            elif first := next((one for one in found if one["app_label"] in SIGNING_IN), None):
                first["models"] = sorted([*first["models"], *app["models"]], key=_by_name)
            else:
                found.append(app)
        return found if app_label is None else [app for app in found if app["app_label"] in SIGNING_IN]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one sign-in, the portal's, and from there it goes on to what was wanted. Raises PermissionDenied for
        who is signed in and may not."""
        from django.contrib.auth.views import redirect_to_login

        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
            wanted = reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(wanted)
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(wanted)


def _by_name(shown: Any) -> str:
    return str(shown["name"]).lower()


class LiteMaaSAdminConfig(AdminConfig):
    default_site = "litemaas.administration.LiteMaaSAdminSite"

    def ready(self) -> None:
        from litemaas.administration import filters  # noqa: F401  registers itself

        super().ready()
        for label, heading in HEADINGS.items():
            apps.get_app_config(label).verbose_name = heading
