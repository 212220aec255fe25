"""Jobs: one's own, and for operators everybody's (contract §20)."""

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from jobs import services
from jobs.api import schema
from jobs.api.presenters import job_row
from jobs.models import Job
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import page_of
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView


class JobsView(ContractView):
    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(
        parameters=[
            OpenApiParameter("kind", str),
            OpenApiParameter("state", str, enum=Job.State.values),
            *page_parameters(),
        ],
        responses=schema.JobPageOut,
        operation_id="list_jobs",
    )
    def get(self, request: Request) -> Response:
        rows = Job.objects.visible_to(actor_of(request)).order_by("-created_at", "id")
        if kind := params.text(request, "kind", longest=40):
            rows = rows.filter(kind=kind)
        if state := params.choice(request, "state", ("", *Job.State.values), ""):
            rows = rows.filter(state=state)
        return Response(page_of(request, rows, job_row))


class JobView(ContractView):
    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(responses=schema.JobOut, operation_id="read_job")
    def get(self, request: Request, job_id: str) -> Response:
        return Response(job_row(Job.objects.visible_to(actor_of(request)).get_or_refuse(job_id)))


class CancelView(ContractView):
    permissions_needed = {"POST": SIGNED_IN}

    @extend_schema(request=None, responses=schema.JobOut, operation_id="cancel_job")
    def post(self, request: Request, job_id: str) -> Response:
        job = services.cancel_job(actor=actor_of(request), job_id=job_id, now=timezone.now())
        return Response(job_row(job))


class FileView(ContractView):
    """Only for whoever asked for it: an export holds what its author may see."""

    permissions_needed = {"GET": SIGNED_IN}

    @extend_schema(
        responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)},
        operation_id="read_job_file",
    )
    def get(self, request: Request, job_id: str) -> StreamingHttpResponse:
        actor = actor_of(request)
        job = Job.objects.filter(created_by=actor).get_or_refuse(job_id)
        if job.state != Job.State.SUCCEEDED or not job.file_name:
            raise errors.NotFound("This job has no file.")
        return StreamingHttpResponse(
            services.file_of(job),
            content_type=job.file_type,
            headers={
                "Content-Disposition": content_disposition_header(True, job.file_name) or "attachment",
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )
