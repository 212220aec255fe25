"""Routes of configuration and health."""

from django.urls import re_path

from litemaas.api.routes import route
from portal.api import config, health

# Also below /, where probes look for them.
probes = [
    route("health", health.HealthView.as_view(), "health"),
    route("health/live", health.LiveView.as_view(), "health-live"),
    route("health/ready", health.ReadyView.as_view(), "health-ready"),
]
# Below /api/v1
urlpatterns = [
    re_path(r"^$", config.RootView.as_view(), name="api-root"),
    route("config", config.ConfigView.as_view(), "api-config"),
    route("config/admin-analytics", config.AdminAnalyticsConfigView.as_view(), "api-config-analytics"),
    route("config/api-key-defaults", config.ApiKeyDefaultsView.as_view(), "api-config-key-defaults"),
    *probes,
]
