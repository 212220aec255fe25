"""Addresses of the usage API, relative to /api/v1/."""

from litemaas.api.routes import route
from usage.api import (
    admin_views,
    budget_views,
    export_views,
    key_views,
    ledger_views,
    push_views,
    query_views,
    team_views,
    views,
    what_if_views,
)

urlpatterns = [
    route("api-keys/<uuid:key_id>/usage", key_views.KeyUsageView.as_view(), "api-key-usage"),
    route("gateway/events", push_views.GatewayEventsView.as_view(), "api-gateway-events"),
    route("usage/admin/cleanup", ledger_views.CleanupView.as_view(), "api-usage-cleanup"),
    route("admin/usage/refresh-today", ledger_views.RefreshView.as_view(), "api-admin-usage-refresh"),
    route("admin/usage/rebuild-cache", ledger_views.RebuildView.as_view(), "api-admin-usage-rebuild"),
    route("admin/usage/cache/metrics", ledger_views.CacheMetricsView.as_view(), "api-admin-usage-cache"),
    route(
        "admin/usage/unattributed", ledger_views.UnattributedView.as_view(), "api-admin-usage-unattributed"
    ),
    route("admin/usage/reattribute", ledger_views.ReattributeView.as_view(), "api-admin-usage-reattribute"),
    route("admin/usage/rejects/replay", ledger_views.ReplayView.as_view(), "api-admin-usage-replay"),
    route("admin/usage/reconciliation", ledger_views.ReconciliationView.as_view(), "api-admin-usage-recon"),
    route("usage/summary", views.SummaryView.as_view(), "api-usage-summary"),
    route("usage/timeseries", views.TimeSeriesView.as_view(), "api-usage-timeseries"),
    route("usage/analytics", views.AnalyticsView.as_view(), "api-usage-analytics"),
    route("usage/filter-options", views.FilterOptionsView.as_view(), "api-usage-filter-options"),
    route("usage/metrics", views.LegacyMetricsView.as_view(), "api-usage-metrics"),
    route("usage/dashboard", views.DashboardView.as_view(), "api-usage-dashboard"),
    route("usage/top", views.TopView.as_view(), "api-usage-top"),
    route("usage/query", query_views.QueryView.as_view(), "api-usage-query"),
    route("usage/export", export_views.ExportView.as_view(), "api-usage-export"),
    route("usage/budget", budget_views.BudgetView.as_view(), "api-usage-budget"),
    route("usage/standing", budget_views.StandingView.as_view(), "api-usage-standing"),
    route("usage/what-if", what_if_views.WhatIfView.as_view(), "api-usage-what-if"),
    route(
        "usage/budgets/<str:kind>/<uuid:object_id>/thresholds",
        budget_views.ThresholdsView.as_view(),
        "api-usage-thresholds",
    ),
    route("admin/usage/alerts", budget_views.AlertsView.as_view(), "api-admin-usage-alerts"),
    route("admin/usage/webhooks", budget_views.WebhooksView.as_view(), "api-admin-usage-webhooks"),
    route(
        "admin/usage/webhooks/<uuid:webhook_id>",
        budget_views.WebhookView.as_view(),
        "api-admin-usage-webhook",
    ),
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
