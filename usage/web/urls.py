from django.urls import path

from usage.web import views

urlpatterns = [path("usage", views.usage, name="usage")]
