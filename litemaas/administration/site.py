"""The site: its name, its one door, and what it leaves out."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class LiteMaaSAdminSite(admin.AdminSite):
    site_header = _("LiteMaaS administration")
    site_title = _("LiteMaaS")
    index_title = _("Everything, as it is in the database")
    site_url = "/home"
    enable_nav_sidebar = True

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one sign-in, the portal's."""
        from django.contrib.auth.views import redirect_to_login

        return redirect_to_login(request.get_full_path())


class LiteMaaSAdminConfig(AdminConfig):
    default_site = "litemaas.administration.LiteMaaSAdminSite"
