"""The site: its name, its one door, and what it leaves out."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _


class LiteMaaSAdminSite(admin.AdminSite):
    site_header = _("LiteMaaS administration")
    site_title = _("LiteMaaS")
    index_title = _("Everything, as it is in the database")
    site_url = "/home"
    enable_nav_sidebar = True

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


class LiteMaaSAdminConfig(AdminConfig):
    default_site = "litemaas.administration.LiteMaaSAdminSite"
