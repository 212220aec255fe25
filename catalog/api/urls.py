"""Routes of the catalogue, below /api/v1. Fixed words win over model names."""

from catalog.api import admin_views, views
from litemaas.api.routes import route

urlpatterns = [
    route("models", views.ModelsView.as_view(), "api-models"),
    route("models/providers", views.ProvidersView.as_view(), "api-model-providers"),
    route("models/capabilities", views.CapabilitiesView.as_view(), "api-model-capabilities"),
    route("models/health", views.CatalogueHealthView.as_view(), "api-catalogue-health"),
    route("models/sync/stats", views.SyncStatsView.as_view(), "api-models-sync-stats"),
    route("models/sync", views.SyncView.as_view(), "api-models-sync"),
    route("models/sync/runs", admin_views.SyncRunsView.as_view(), "api-models-sync-runs"),
    route("models/refresh", admin_views.RefreshView.as_view(), "api-models-refresh"),
    route("models/validate", admin_views.ValidateView.as_view(), "api-models-validate"),
    route("admin/sync/models", admin_views.AdminSyncView.as_view(), "api-admin-sync-models"),
    route("admin/models", admin_views.ManagedModelsView.as_view(), "api-managed-models"),
    route("admin/models/test", admin_views.ModelTestView.as_view(), "api-managed-model-test"),
    route("admin/models/<path:model_id>", admin_views.ManagedModelView.as_view(), "api-managed-model"),
    route("models/<path:model_id>", views.ModelView.as_view(), "api-model"),
]
