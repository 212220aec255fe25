from django.urls import path
from django.views.generic import RedirectView

from portal.web import (
    catalogue,
    gateway,
    gateway_state,
    guides,
    home,
    own,
    playground,
    reviewing,
    subscription,
)
from portal.web import model as model_page
from portal.web.people.urls import urlpatterns as people_urls
from portal.web.settings.urls import urlpatterns as settings_pages

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="home", permanent=True, query_string=True), name="root"),
    *settings_pages,
    path("home", home.home, name="home"),
    path("help", guides.user_guide, name="user_guide"),
    path("operations/help", guides.operator_guide, name="operator_guide"),
    path("settings/limits", own.limits, name="own_limits"),
    path("settings/notifications", own.notifications, name="settings_notifications"),
    path("settings/data", own.data, name="settings_data"),
    path("settings/data/export", own.export, name="export_own_data"),
    path("settings/data/clear-conversations", own.clear_conversations, name="clear_conversations"),
    path("playground", playground.playground, name="playground"),
    path("playground/standing", playground.standing, name="playground_standing"),
    *people_urls,
    path("operations/gateway", gateway_state.state, name="gateway_state"),
    path("operations/gateway/asked", gateway_state.asked, name="gateway_asked"),
    path("operations/gateway/differences", gateway.findings, name="gateway_findings"),
    path("operations/gateway/compare", gateway.compare, name="compare_gateway"),
    path("operations/gateway/repair", gateway.repair, name="repair_findings"),
    path("operations/gateway/queue", gateway.queue, name="gateway_queue"),
    path("operations/gateway/queue/progress", gateway.queue_progress, name="gateway_queue_progress"),
    path("operations/gateway/queue/decide", gateway.decide, name="decide_wishes"),
    path("operations/gateway/<int:finding_id>", gateway.finding, name="gateway_finding"),
    path("operations/gateway/<int:finding_id>/adopt", gateway.adopt, name="adopt_finding"),
    path("operations/gateway/<int:finding_id>/ignore", gateway.ignore, name="ignore_finding"),
    path("operations/subscriptions/review", reviewing.review, name="review_requests"),
    path("subscriptions/<uuid:subscription_id>", subscription.subscription, name="subscription"),
    path("models", catalogue.models, name="models"),
    # A model's name may hold slashes, so this matches everything below.
    path("models/<path:model_id>", model_page.model, name="model"),
]

# Before Django admin, which has everything else below /admin/: what the former front end called its tools.
before_administration = [
    path(
        "admin/tools",
        RedirectView.as_view(pattern_name="system_settings", permanent=True, query_string=True),
        name="former_tools",
    ),
]
