"""Routes of the catalogue, below /api/v1. Fixed words win over model names."""

from catalog.api import views
from litemaas.api.routes import route

urlpatterns = [
    route("models", views.ModelsView.as_view(), "api-models"),
    route("models/providers", views.ProvidersView.as_view(), "api-model-providers"),
    route("models/capabilities", views.CapabilitiesView.as_view(), "api-model-capabilities"),
    route("models/health", views.CatalogueHealthView.as_view(), "api-catalogue-health"),
    route("models/sync/stats", views.SyncStatsView.as_view(), "api-models-sync-stats"),
    route("models/sync", views.SyncView.as_view(), "api-models-sync"),
    route("models/<path:model_id>", views.ModelView.as_view(), "api-model"),
]
