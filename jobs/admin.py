"""Jobs, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from jobs import registry, services
from jobs.models import Job, JobChunk
from litemaas.administration import ReadOnlyAdmin, act


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    named = (_("Job"), _("Jobs"))
    titled_by = ("kind",)
    in_words = {"kind": registry.label_of}
    list_display = ["kind", "state", "done", "total", "unit", "created_by", "created_at", "finished_at"]
    list_filter = ["state"]
    search_fields = ["created_by__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["created_by"]
    ordering = ["-created_at"]
    actions = ["cancel"]

    cancel = act(_("Cancel"), lambda job, **by: services.cancel_job(job_id=job.pk, **by))


@admin.register(JobChunk)
class JobChunkAdmin(ReadOnlyAdmin):
    """Pieces of the files that jobs made, without what is in them."""

    named = (_("Part of a job's file"), _("Parts of jobs' files"))
    titled_by = ("job", "position")
    list_display = ["job", "attempt", "position"]
    list_select_related = ["job"]
    ordering = ["-pk"]
