"""The pages that join several apps."""

from django.urls import path
from django.views.generic import RedirectView

from portal.web import home, models, subscriptions

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="home", query_string=True)),
    path("home", home.home, name="home"),
    path("models", models.model_list, name="models"),
    path("models/sync", models.sync, name="sync_models"),
    path("models/<path:model_id>", models.model_detail, name="model"),
    path("subscriptions", subscriptions.subscription_list, name="subscriptions"),
    path("subscriptions/new", subscriptions.subscribe, name="subscribe"),
    path("subscriptions/<uuid:pk>/cancel", subscriptions.cancel, name="cancel_subscription"),
    path("subscriptions/<uuid:pk>/ask-again", subscriptions.ask_again, name="ask_again"),
]
