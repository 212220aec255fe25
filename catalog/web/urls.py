from django.urls import path

from catalog.web import views

urlpatterns = [path("operations/models/sync", views.sync, name="sync_models")]
