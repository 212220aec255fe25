"""Routes of configuration and health."""

from django.urls import re_path

from litemaas.api.routes import route
from portal.api import (
    backups,
    banners,
    branding,
    bulk_limits,
    config,
    health,
    integration,
    people,
    playground,
    saved,
)
from portal.api import settings as portal_settings

# Also below /, where probes look for them.
probes = [
    route("health", health.HealthView.as_view(), "health"),
    route("health/live", health.LiveView.as_view(), "health-live"),
    route("health/ready", health.ReadyView.as_view(), "health-ready"),
    route("health/status", health.StatusView.as_view(), "health-status"),
    route("health/metrics", health.MetricsView.as_view(), "health-metrics"),
    route("metrics", health.MetricsView.as_view(), "metrics"),
]
# /api/v1 itself, with and without a slash at the end
root = config.RootView.as_view()
# Below /api/v1
urlpatterns = [
    re_path(r"^$", root, name="api-root"),
    route("config", config.ConfigView.as_view(), "api-config"),
    route("config/admin-analytics", config.AdminAnalyticsConfigView.as_view(), "api-config-analytics"),
    route("admin/settings/portal", portal_settings.PortalSettingsView.as_view(), "settings-portal"),
    route(
        "admin/settings/user-defaults", portal_settings.UserDefaultsView.as_view(), "settings-user-defaults"
    ),
    route("admin/settings/currency", portal_settings.CurrencyView.as_view(), "settings-currency"),
    route(
        "admin/settings/currency/supported", portal_settings.CurrenciesView.as_view(), "settings-currencies"
    ),
    route("integration/health", integration.IntegrationHealthView.as_view(), "integration-health"),
    route("integration/sync", integration.IntegrationSyncView.as_view(), "integration-sync"),
    route("integration/alerts", integration.IntegrationAlertsView.as_view(), "integration-alerts"),
    route("banners", banners.BannersView.as_view(), "banners"),
    route("banners/<uuid:banner_id>/dismiss", banners.DismissView.as_view(), "banner-dismiss"),
    route("banners/admin", banners.AdminBannersView.as_view(), "admin-banners"),
    route("banners/admin/bulk-visibility", banners.VisibilityView.as_view(), "admin-banners-visibility"),
    route("banners/admin/<uuid:banner_id>", banners.AdminBannerView.as_view(), "admin-banner"),
    route(
        "banners/admin/<uuid:banner_id>/audit", banners.BannerHistoryView.as_view(), "admin-banner-history"
    ),
    route("admin/backup", backups.BackupsView.as_view(), "backups"),
    route("admin/backup/capabilities", backups.CapabilitiesView.as_view(), "backup-capabilities"),
    route("admin/backup/status", backups.StatusView.as_view(), "backup-status"),
    route("admin/backup/create", backups.CreateView.as_view(), "backup-create"),
    route("admin/backup/<str:backup_id>", backups.BackupView.as_view(), "backup"),
    route("admin/backup/<str:backup_id>/download", backups.DownloadView.as_view(), "backup-download"),
    route("admin/backup/<str:backup_id>/restore", backups.RestoreView.as_view(), "backup-restore"),
    route("admin/backup/<str:backup_id>/test-restore", backups.TrialView.as_view(), "backup-test-restore"),
    route("users/me/stats", people.OwnStatsView.as_view(), "api-my-stats"),
    route("admin/users/bulk-update-limits", bulk_limits.BulkLimitsView.as_view(), "api-admin-bulk-limits"),
    route("admin/users/<uuid:user_id>", people.UserDetailView.as_view(), "api-admin-user"),
    route("admin/system/stats", people.SystemStatsView.as_view(), "api-system-stats"),
    route("admin/system/status", people.SystemStatusView.as_view(), "api-system-status"),
    route("branding", branding.BrandingView.as_view(), "branding"),
    route("branding/images/<str:place>", branding.ImageView.as_view(), "branding-image"),
    route("playground/chat/completions", playground.ChatView.as_view(), "playground-chat"),
    route("playground/embeddings", playground.EmbeddingsView.as_view(), "playground-embeddings"),
    route("playground/conversions", playground.ConversionsView.as_view(), "playground-conversions"),
    route("playground/prompts", saved.PromptsView.as_view(), "playground-prompts"),
    route("playground/prompts/<uuid:prompt_id>", saved.PromptView.as_view(), "playground-prompt"),
    route("playground/presets", saved.PresetsView.as_view(), "playground-presets"),
    route("playground/presets/<uuid:preset_id>", saved.PresetView.as_view(), "playground-preset"),
    route("playground/conversations", saved.ConversationsView.as_view(), "playground-conversations"),
    route(
        "playground/conversations/<uuid:conversation_id>",
        saved.ConversationView.as_view(),
        "playground-conversation",
    ),
    *probes,
]
