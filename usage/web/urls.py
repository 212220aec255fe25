from django.urls import path

from usage.web import views

urlpatterns = [
    path("usage", views.usage, name="usage"),
    path("operations/usage", views.operations, name="operations_usage"),
]
