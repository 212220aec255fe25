from django.urls import path
from django.views.generic import RedirectView

from portal.web import catalogue, home

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="home", permanent=True, query_string=True), name="root"),
    path("home", home.home, name="home"),
    path("models", catalogue.models, name="models"),
    # A model's name may hold slashes, so this matches everything below.
    path("models/<path:model_id>", catalogue.model, name="model"),
]
