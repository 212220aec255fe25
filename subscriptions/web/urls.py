from django.urls import path

from subscriptions.web import deciding, detail, requests, views

_ONE = "subscriptions/<uuid:subscription_id>"
_OPERATIONS = "operations/subscriptions"

urlpatterns = [
    path("subscriptions", views.subscriptions, name="subscriptions"),
    path("subscriptions/new", views.subscribe, name="subscribe"),
    path(f"{_ONE}/history", detail.history, name="subscription_history"),
    path(f"{_ONE}/review", views.review, name="review_subscription"),
    path(f"{_ONE}/suspend", detail.suspend, name="suspend_subscription"),
    path(f"{_ONE}/resume", detail.resume, name="resume_subscription"),
    path(f"{_ONE}/quotas", detail.quotas, name="change_quotas"),
    path(_OPERATIONS, requests.requests, name="subscription_requests"),
    path(f"{_OPERATIONS}/decide", deciding.decide, name="decide_subscriptions"),
    path(f"{_OPERATIONS}/decided", deciding.decided, name="decided_subscriptions"),
    path(f"{_OPERATIONS}/<uuid:subscription_id>/revert", requests.revert, name="revert_subscription"),
    path(f"{_OPERATIONS}/<uuid:subscription_id>/delete", requests.delete, name="delete_subscription"),
]
