"""A job's page, its line that other pages show too, and its end before time."""

import json
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.pages import PageRequest, signed_in
from jobs import services
from jobs.models import Job
from jobs.web.lines import line_of, name_of, page_of
from litemaas import errors


@require_GET
@signed_in
def job(request: PageRequest, job_id: UUID) -> HttpResponse:
    found = Job.objects.visible_to(request.user).select_related("created_by").get_or_refuse(job_id)
    line = line_of(found, reader=request.user, now=timezone.now(), links=False)
    values = {"job": found, "name": name_of(found), "line": line, "page_address": page_of(found)}
    return render(request, "jobs/job.html", values)


@require_GET
@signed_in
def line(request: PageRequest, job_id: UUID) -> HttpResponse:
    """What a line asks for while it goes on."""
    found = Job.objects.visible_to(request.user).get_or_refuse(job_id)
    shown = line_of(found, reader=request.user, now=timezone.now())
    response = render(request, "jobs/_line.html", {"line": shown})
    if found.is_finished:
        # Lists beside the line look again ({% look_again %}).
        response["HX-Trigger"] = json.dumps({"job-finished": shown.id})
    return response


@require_POST
@signed_in
def cancel(request: PageRequest, job_id: UUID) -> HttpResponse:
    try:
        services.cancel_job(actor=request.user, job_id=job_id, now=timezone.now())
    except errors.Conflict:
        messages.info(request, _("This job has finished."))
    else:
        messages.success(request, _("The job ends at its next step."))
    return redirect("job_page", job_id)
