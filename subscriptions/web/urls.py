from django.urls import path

from subscriptions.web import views

urlpatterns = [
    path("subscriptions", views.subscriptions, name="subscriptions"),
    path("subscriptions/new", views.subscribe, name="subscribe"),
    path("subscriptions/<uuid:subscription_id>/review", views.review, name="review_subscription"),
]
