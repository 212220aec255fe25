"""Routes of subscriptions, below /api/v1."""

from litemaas.api.routes import route
from subscriptions.api import admin_views, views

_ONE = "subscriptions/<uuid:subscription_id>"
_ADMIN = "admin/subscriptions"

urlpatterns = [
    route("subscriptions", views.SubscriptionsView.as_view(), "api-subscriptions"),
    route("subscriptions/stats", views.StatsView.as_view(), "api-subscription-stats"),
    route("subscriptions/admin/all", admin_views.AllView.as_view(), "api-subscriptions-all"),
    route(
        "subscriptions/admin/reset-quotas", admin_views.ResetQuotasView.as_view(), "api-subscriptions-reset"
    ),
    route(_ONE, views.SubscriptionView.as_view(), "api-subscription"),
    route(f"{_ONE}/cancel", views.CancelView.as_view(), "api-subscription-cancel"),
    route(f"{_ONE}/suspend", views.SuspendView.as_view(), "api-subscription-suspend"),
    route(f"{_ONE}/resume", views.ResumeView.as_view(), "api-subscription-resume"),
    route(f"{_ONE}/request-review", views.ReviewView.as_view(), "api-subscription-review"),
    route(f"{_ONE}/quotas", views.QuotasView.as_view(), "api-subscription-quotas"),
    route(f"{_ONE}/quota", views.QuotaView.as_view(), "api-subscription-quota"),
    route(f"{_ONE}/pricing", views.PricingView.as_view(), "api-subscription-pricing"),
    route(f"{_ONE}/usage", views.UsageView.as_view(), "api-subscription-usage"),
    route(f"{_ONE}/history", views.HistoryView.as_view(), "api-subscription-history"),
    route(_ADMIN, admin_views.RequestsView.as_view(), "api-subscription-requests"),
    route(f"{_ADMIN}/stats", admin_views.RequestStatsView.as_view(), "api-subscription-request-stats"),
    route(f"{_ADMIN}/approve", admin_views.ApproveView.as_view(), "api-subscriptions-approve"),
    route(f"{_ADMIN}/deny", admin_views.DenyView.as_view(), "api-subscriptions-deny"),
    route(f"{_ADMIN}/<uuid:subscription_id>", admin_views.RequestView.as_view(), "api-subscription-request"),
    route(
        f"{_ADMIN}/<uuid:subscription_id>/revert",
        admin_views.RevertView.as_view(),
        "api-subscription-revert",
    ),
    route(
        "admin/users/<uuid:user_id>/subscriptions",
        admin_views.UserSubscriptionsView.as_view(),
        "api-user-subscriptions",
    ),
]
