from jobs.api import views
from litemaas.api.routes import route

# Below /api/v1
urlpatterns = [
    route("jobs", views.JobsView.as_view(), "jobs"),
    route("jobs/<uuid:job_id>", views.JobView.as_view(), "job"),
    route("jobs/<uuid:job_id>/cancel", views.CancelView.as_view(), "job-cancel"),
    route("jobs/<uuid:job_id>/file", views.FileView.as_view(), "job-file"),
]
