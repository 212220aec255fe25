"""Routes of subscriptions, below /api/v1."""

from litemaas.api.routes import route
from subscriptions.api import admin_views, views

_ONE = "subscriptions/<uuid:subscription_id>"

urlpatterns = [
    route("subscriptions", views.SubscriptionsView.as_view(), "api-subscriptions"),
    route(_ONE, views.SubscriptionView.as_view(), "api-subscription"),
    route(f"{_ONE}/cancel", views.CancelView.as_view(), "api-subscription-cancel"),
    route(f"{_ONE}/request-review", views.ReviewView.as_view(), "api-subscription-review"),
    route(f"{_ONE}/history", views.HistoryView.as_view(), "api-subscription-history"),
    route("admin/subscriptions", admin_views.RequestsView.as_view(), "api-subscription-requests"),
    route("admin/subscriptions/approve", admin_views.ApproveView.as_view(), "api-subscriptions-approve"),
    route("admin/subscriptions/deny", admin_views.DenyView.as_view(), "api-subscriptions-deny"),
]
