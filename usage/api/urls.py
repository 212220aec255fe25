"""Addresses of the usage API, relative to /api/v1/."""

from litemaas.api.routes import route
from usage.api import views

urlpatterns = [
    route("usage/summary", views.SummaryView.as_view(), "api-usage-summary"),
    route("usage/timeseries", views.TimeSeriesView.as_view(), "api-usage-timeseries"),
    route("usage/analytics", views.AnalyticsView.as_view(), "api-usage-analytics"),
    route("usage/export", views.ExportView.as_view(), "api-usage-export"),
]
