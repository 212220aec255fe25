from django.urls import path

from usage.web import team, views

urlpatterns = [
    path("usage", views.usage, name="usage"),
    path("teams/<uuid:team_id>/usage", team.team_usage, name="team_usage"),
    path("operations/usage", views.operations, name="operations_usage"),
]
