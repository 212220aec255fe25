"""The tab of backups: make, look, download, try, restore, delete; the schedule; how long they are kept."""

import base64
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.web.pages import PageRequest, require, signed_in
from jobs.models import Job
from jobs.web.lines import line_of
from litemaas import errors
from litemaas.web.forms import WholeNumber, show_refusal
from litemaas.web.paging import page_of
from litemaas.web.progress import JobLine
from litemaas.web.tables import Column, Shown, Table
from portal.backups import plan, services
from portal.backups.servers import DATABASES, PORTAL
from portal.backups.services import READ, WRITE, Capability
from portal.backups.store import Backup
from portal.web.settings.forms import SettingsForm
from portal.web.settings.frame import WRITE as WRITE_SETTINGS
from portal.web.settings.frame import show
from portal.web.settings.options_form import OptionsForm


class PlanForm(SettingsForm):
    backup_schedule = forms.ChoiceField(
        label=gettext_lazy("Backups by themselves"),
        choices=[
            (plan.NEVER, gettext_lazy("Never")),
            (plan.DAILY, gettext_lazy("Daily")),
            (plan.WEEKLY, gettext_lazy("Weekly, on Sunday")),
        ],
    )
    backup_hour = WholeNumber(
        label=gettext_lazy("Hour of the day"),
        min_value=0,
        max_value=23,
        help_text=gettext_lazy("0 to 23, UTC."),
    )
    backup_keep_days = WholeNumber(
        label=gettext_lazy("Days that backups are kept"),
        min_value=1,
        max_value=3650,
        help_text=gettext_lazy("The newest three of each database are always kept."),
    )


_PLAN = OptionsForm(
    PlanForm,
    {
        "backup_schedule": "backupSchedule",
        "backup_hour": "backupHour",
        "backup_keep_days": "backupKeepDays",
    },
    "UPDATE_PORTAL_SETTINGS",
)


class TrialForm(forms.Form):
    name = forms.RegexField(
        r"^[a-z_][a-z0-9_]{0,62}$",
        label=gettext_lazy("Database for the test"),
        max_length=63,
        help_text=gettext_lazy("It is made beside the real one and dropped afterwards."),
        error_messages={
            "invalid": gettext_lazy("Use small letters, digits and underscores, and begin with no digit.")
        },
    )
    keep = forms.BooleanField(label=gettext_lazy("Keep it afterwards"), required=False)


class RestoreForm(forms.Form):
    """The name of the database, typed."""

    confirm = forms.CharField(
        max_length=63, widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, data: Any, database: str) -> None:
        super().__init__(data)
        self.database = database
        self.fields["confirm"].label = _("Type %(name)s to confirm") % {"name": database}

    def clean_confirm(self) -> str:
        if self.cleaned_data["confirm"].strip() != self.database:
            raise forms.ValidationError(_("The text does not match."))
        return self.database


@dataclass(frozen=True)
class Card:
    """One database: what can be done with it, and what was made of it last."""

    capability: Capability
    backups: list[Backup]

    @property
    def title(self) -> str:
        return str(services.TITLES[self.capability.database])

    @property
    def newest(self) -> Backup | None:
        return self.backups[0] if self.backups else None


@dataclass(frozen=True)
class Row:
    """A backup as the list shows it."""

    item: Backup

    @property
    def database(self) -> str:
        return str(services.TITLES[self.item.database])

    @property
    def rows(self) -> int:
        return sum(self.item.row_counts.values())


TABLE: Table[Row] = Table(
    "backups",
    [
        Column(
            "time", gettext_lazy("Time"), lambda row: row.item.taken_at, order="item.taken_at", is_fixed=True
        ),
        Column("database", gettext_lazy("Database"), lambda row: row.database, order="database"),
        Column(
            "size",
            gettext_lazy("Size"),
            lambda row: row.item.content_size,
            order="item.content_size",
            numeric=True,
        ),
        Column("rows", gettext_lazy("Rows"), lambda row: row.rows, order="rows", numeric=True),
        Column("checksum", gettext_lazy("Checksum"), lambda row: row.item.content_sha256),
        Column("name", gettext_lazy("Backup"), lambda row: row.item.id, order="item.id"),
        Column("version", gettext_lazy("Version"), lambda row: row.item.app_version, is_extra=True),
    ],
    sort="-time",
)


@dataclass(frozen=True)
class Line:
    """A job's line, and what a test or a restore found."""

    shown: JobLine
    result: dict[str, Any] | None


@require_http_methods(["GET", "POST"])
@signed_in
def page(request: PageRequest) -> HttpResponseBase:
    """A POST saves the plan."""
    require(request, READ if request.method == "GET" else WRITE_SETTINGS)
    form = _PLAN.sent(request)
    if _PLAN.saved(request, form):
        return redirect("system_backup")
    found = services.list_backups(actor=request.user)
    table = TABLE.shown_to(request)
    rows = table.ordered(Row(backup) for backup in found)
    if table.wants_file:
        return table.file(rows)
    return _page(request, form, found, table, rows)


def _page(
    request: PageRequest, form: PlanForm, found: list[Backup], table: Shown[Row], rows: list[Row]
) -> HttpResponse:
    shown = page_of(rows, request.GET)
    line = _line(request)
    values = {
        "cards": [
            Card(capability, [b for b in found if b.database == capability.database])
            for capability in services.capabilities(actor=request.user)
        ],
        "table": table,
        "page": shown,
        "rows": list(shown),
        "line": line,
        "is_busy": line is not None and not line.shown.is_finished,
        "form": form,
        "next_turn": plan.turn_after(
            timezone.now(), {option: form.present[name] for name, option in _PLAN.fields.items()}
        ),
        "may_plan": request.user.may(WRITE_SETTINGS),
    }
    return show(request, "backup", values, may=WRITE)


def _line(request: PageRequest) -> Line | None:
    job = services.newest_job(actor=request.user)
    if job is None:
        return None
    is_told = job.state == Job.State.SUCCEEDED and job.kind in {services.TRY, services.RESTORE}
    return Line(line_of(job, reader=request.user, now=timezone.now()), job.result if is_told else None)


@require_POST
@signed_in
def start(request: PageRequest, database: str) -> HttpResponse:
    require(request, WRITE)
    if database not in DATABASES:
        raise errors.NotFound
    services.start_backup(actor=request.user, database=database, now=timezone.now())
    messages.info(request, _("The backup is being made. You may leave this page."))
    return redirect("system_backup")


@require_GET
@signed_in
def download(request: PageRequest, backup_id: str) -> StreamingHttpResponse:
    """The dump, opened and streamed."""
    backup = services.open_backup(actor=request.user, backup_id=backup_id, now=timezone.now())
    digest = base64.b64encode(bytes.fromhex(backup.content_sha256)).decode()
    return StreamingHttpResponse(
        backup.content(),
        content_type="application/gzip",
        headers={
            "Content-Disposition": content_disposition_header(True, backup.id) or "attachment",
            "Content-Length": str(backup.content_size),
            "Repr-Digest": f"sha-256=:{digest}:",
        },
    )


@require_http_methods(["GET", "POST"])
@signed_in
def try_out(request: PageRequest, backup_id: str) -> HttpResponse:
    """Restore it beside the real one and compare the rows."""
    require(request, WRITE)
    backup = services.read_backup(actor=request.user, backup_id=backup_id)
    now = timezone.now()
    name = f"{backup.database}_test_{now:%Y%m%d_%H%M%S}"
    form = TrialForm(request.POST) if request.method == "POST" else TrialForm(initial={"name": name})
    if request.method == "POST" and form.is_valid():
        try:
            services.start_trial(
                actor=request.user,
                backup_id=backup.id,
                database=backup.database,
                name=form.cleaned_data["name"],
                keeps=form.cleaned_data["keep"],
                now=now,
            )
        except errors.Conflict as refusal:
            show_refusal(form, refusal)
        else:
            messages.info(request, _("The backup is being tested. You may leave this page."))
            return redirect("system_backup")
    return render(request, "portal/settings/backup_try.html", {"form": form, "backup": backup})


@require_http_methods(["GET", "POST"])
@signed_in
def restore(request: PageRequest, backup_id: str) -> HttpResponse:
    """Everything of it, over what is there now."""
    require(request, WRITE)
    backup = services.read_backup(actor=request.user, backup_id=backup_id)
    form = RestoreForm(request.POST if request.method == "POST" else None, backup.database)
    if request.method == "POST" and form.is_valid():
        try:
            services.start_restore(
                actor=request.user, backup_id=backup.id, database=backup.database, now=timezone.now()
            )
        except errors.Conflict as refusal:
            show_refusal(form, refusal)
        else:
            messages.warning(request, _("The backup is being restored."))
            return redirect("system_backup")
    rows = sum(backup.row_counts.values())
    values = {"form": form, "backup": backup, "rows": rows, "is_portal": backup.database == PORTAL}
    return render(request, "portal/settings/backup_restore.html", values)


@require_http_methods(["GET", "POST"])
@signed_in
def delete(request: PageRequest, backup_id: str) -> HttpResponse:
    require(request, WRITE)
    backup = services.read_backup(actor=request.user, backup_id=backup_id)
    if request.method == "POST":
        services.delete_backup(actor=request.user, backup_id=backup.id, now=timezone.now())
        messages.success(request, _("The backup is deleted."))
        return redirect("system_backup")
    return render(request, "portal/settings/backup_delete.html", {"backup": backup})
