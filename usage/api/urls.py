"""Addresses of the usage API, relative to /api/v1/."""

from litemaas.api.routes import route
from usage.api import admin_views, export_views, query_views, team_views, views

urlpatterns = [
    route("usage/summary", views.SummaryView.as_view(), "api-usage-summary"),
    route("usage/timeseries", views.TimeSeriesView.as_view(), "api-usage-timeseries"),
    route("usage/analytics", views.AnalyticsView.as_view(), "api-usage-analytics"),
    route("usage/filter-options", views.FilterOptionsView.as_view(), "api-usage-filter-options"),
    route("usage/metrics", views.LegacyMetricsView.as_view(), "api-usage-metrics"),
    route("usage/dashboard", views.DashboardView.as_view(), "api-usage-dashboard"),
    route("usage/top", views.TopView.as_view(), "api-usage-top"),
    route("usage/query", query_views.QueryView.as_view(), "api-usage-query"),
    route("usage/export", export_views.ExportView.as_view(), "api-usage-export"),
    route("usage/admin/global", admin_views.GlobalView.as_view(), "api-usage-global"),
    route("teams/<uuid:team_id>/analytics", team_views.TeamAnalyticsView.as_view(), "api-team-analytics"),
    route("admin/usage/analytics", admin_views.AdminAnalyticsView.as_view(), "api-admin-usage"),
    route("admin/usage/export", export_views.AdminExportView.as_view(), "api-admin-usage-export"),
    route("admin/usage/by-user", admin_views.ByUserView.as_view(), "api-admin-usage-by-user"),
    route("admin/usage/by-model", admin_views.ByModelView.as_view(), "api-admin-usage-by-model"),
    route("admin/usage/by-provider", admin_views.ByProviderView.as_view(), "api-admin-usage-by-provider"),
    route("admin/usage/by-api-key", admin_views.ByKeyView.as_view(), "api-admin-usage-by-api-key"),
    route("admin/usage/by-team", admin_views.ByTeamView.as_view(), "api-admin-usage-by-team"),
    route("admin/usage/by-day", admin_views.ByDayView.as_view(), "api-admin-usage-by-day"),
    route(
        "admin/usage/filter-options",
        admin_views.AdminFilterOptionsView.as_view(),
        "api-admin-usage-filter-options",
    ),
]
