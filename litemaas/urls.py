"""Every address of LiteMaaS, put together from the apps."""

from django.contrib import admin
from django.urls import include, path

from accounts.api import urls as accounts_api
from litemaas.api import urls as shared_api
from litemaas.api.routes import below
from litemaas.web import urls as shared_web
from portal.api import urls as portal_api
from portal.web import urls as portal_web

api_v1 = [
    path("", include("litemaas.api.urls")),
    path("", include("portal.api.urls")),
    path("", include("accounts.api.urls")),
    path("", include("notifications.api.urls")),
    path("", include("jobs.api.urls")),
    path("", include("teams.api.urls")),
    path("", include("subscriptions.api.urls")),
    path("", include("apikeys.api.urls")),
    path("", include("usage.api.urls")),
    # Last, because a model's name may look like any path.
    path("", include("catalog.api.urls")),
]

urlpatterns = [
    below("api/v1/", api_v1),
    path("api/v1", portal_api.root),
    path("api/", include(accounts_api.outside)),
    path("api/", include(shared_api.leftover)),
    path("api", shared_api.unknown_route),
    path("", include(portal_api.probes)),
    path("", include(shared_api.documentation)),
    *portal_web.before_administration,
    path("admin/", admin.site.urls),
    path("", include("litemaas.web.urls")),
    path("", include("accounts.web.urls")),
    path("", include("jobs.web.urls")),
    path("", include("notifications.web.urls")),
    path("", include("catalog.web.urls")),
    path("", include("teams.web.urls")),
    path("", include("subscriptions.web.urls")),
    path("", include("apikeys.web.urls")),
    path("", include("usage.web.urls")),
    path("", include("portal.web.urls")),
    path("", include(shared_web.leftover)),
]

handler400 = "litemaas.web.errors.bad_request"
handler403 = "litemaas.web.errors.permission_denied"
handler404 = "litemaas.web.errors.not_found"
handler500 = "litemaas.web.errors.server_error"
