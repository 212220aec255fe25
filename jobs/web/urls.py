from django.urls import path

from jobs.web import views

urlpatterns = [
    path("jobs/<uuid:job_id>", views.job, name="job_page"),
    path("jobs/<uuid:job_id>/line", views.line, name="job_line"),
    path("jobs/<uuid:job_id>/cancel", views.cancel, name="cancel_job"),
]
