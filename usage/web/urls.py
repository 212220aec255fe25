from django.urls import path

from usage.web import acts, everybody, exporting, team, unattributed, views, what_if

urlpatterns = [
    path("usage", views.usage, name="usage"),
    path("usage/what-if", what_if.what_if_page, name="what_if"),
    path("usage/export", exporting.own, name="export_usage"),
    path("usage/export/file", exporting.own_file, name="export_usage_file"),
    path("teams/<uuid:team_id>/usage", team.team_usage, name="team_usage"),
    path("operations/usage", everybody.operations, name="operations_usage"),
    path("operations/usage/refresh", acts.refresh, name="refresh_usage"),
    path("operations/usage/reread", acts.reread, name="reread_usage"),
    path("operations/usage/unattributed", unattributed.unattributed_usage, name="unattributed_usage"),
    path("operations/usage/attribute", unattributed.attribute_usage, name="attribute_usage"),
    path("operations/usage/export", exporting.everybodys, name="export_everybodys_usage"),
    path("operations/usage/export/file", exporting.everybodys_file, name="export_everybodys_usage_file"),
]
