"""Jobs, for operators."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs import services
from jobs.models import Job, JobChunk
from litemaas.administration import ReadOnlyAdmin, run_each


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    named = (_("Job"), _("Jobs"))
    list_display = ["kind", "state", "done", "total", "unit", "created_by", "created_at", "finished_at"]
    list_filter = ["state"]
    search_fields = ["created_by__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["created_by"]
    ordering = ["-created_at"]
    actions = ["cancel"]

    @admin.action(description=_("Cancel"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        actor: Any = request.user
        run_each(
            request,
            queryset,
            lambda row: services.cancel_job(actor=actor, job_id=row.pk, now=timezone.now()),
        )


@admin.register(JobChunk)
class JobChunkAdmin(ReadOnlyAdmin):
    """Pieces of the files that jobs made, without what is in them."""

    named = (_("Part of a job's file"), _("Parts of jobs' files"))
    list_display = ["job", "attempt", "position"]
    list_select_related = ["job"]
    ordering = ["-pk"]
