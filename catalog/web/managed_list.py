"""The list of all models for those who manage them, with the synchronisation. Read-only administrators look."""

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from catalog.models import Deployment, ManagedDeployment, Model
from catalog.sync_jobs import JOB
from catalog.web.model_forms import ManagedFilter, per_million
from catalog.web.runs import last_runs
from jobs.models import Job
from jobs.web.lines import line_of
from litemaas import errors
from litemaas.web.paging import page_of
from litemaas.web.tables import Column, Table

_RUNS = 5


def _state(row: Model) -> str:
    if row.retired_at is not None:
        return "retired"
    return "available" if row.is_available else "missing"


# `is_managed`, `api_base` and `subscribers` are annotations.
MODELS: Table[Model] = Table(
    "models",
    [
        Column("name", _("Name"), lambda row: row.pk, order="id", is_fixed=True),
        Column("type", _("Type"), lambda row: row.get_model_type_display(), order="model_type"),
        Column("state", _("State"), _state),
        Column("provider", _("Provider"), lambda row: row.provider, order="provider", is_extra=True),
        Column("address", _("API address"), lambda row: vars(row)["api_base"], is_extra=True),
        Column(
            "input_price",
            _("Price in / out"),
            lambda row: per_million(row.input_cost_per_token),
            order="input_cost_per_token",
        ),
        Column(
            "output_price",
            _("Price of a million output tokens"),
            lambda row: per_million(row.output_cost_per_token),
            order="output_cost_per_token",
            numeric=True,
            is_extra=True,
        ),
        Column("rpm", _("RPM"), lambda row: row.rpm, order="rpm", numeric=True),
        Column("tpm", _("TPM"), lambda row: row.tpm, order="tpm", numeric=True),
        Column(
            "longest",
            _("Max tokens"),
            lambda row: row.max_output_tokens,
            order="max_output_tokens",
            numeric=True,
        ),
        Column("capabilities", _("Capabilities"), lambda row: " ".join(row.capabilities), is_extra=True),
        Column(
            "restricted",
            _("Restricted"),
            lambda row: row.restricted_access,
            order="restricted_access",
            is_extra=True,
        ),
        Column(
            "subscribers",
            _("Subscribers"),
            lambda row: vars(row)["subscribers"],
            order="subscribers",
            numeric=True,
        ),
        Column("managed", _("Managed here"), lambda row: vars(row)["is_managed"], is_extra=True),
        Column("seen", _("Last sync"), lambda row: row.last_seen_at, order="last_seen_at"),
    ],
    sort="name",
)


@require_GET
@signed_in
def models(request: PageRequest) -> HttpResponseBase:
    if not request.user.may("admin:models:read"):
        raise errors.Forbidden
    chosen = ManagedFilter(request.GET)
    serving = Deployment.objects.filter(model=OuterRef("pk"), vanished_at=None).order_by("id")
    rows = chosen.apply(Model.objects.all()).annotate(
        is_managed=Exists(ManagedDeployment.objects.kept().filter(model=OuterRef("pk"))),
        api_base=Subquery(serving.values("api_base")[:1]),
        subscribers=Count("subscriptions", filter=Q(subscriptions__status="active")),
    )
    table = MODELS.shown_to(request)
    found = table.sorted(rows)
    if table.wants_file:
        return table.file(found)
    page = page_of(found, request.GET)
    running = Job.objects.open().filter(kind=JOB).order_by("-created_at").first()
    values = {
        "filter": chosen,
        "table": table,
        "page": page,
        "may_manage": request.user.may("admin:models"),
        "has_any": page.paginator.count > 0 or Model.objects.exists(),
        "runs": last_runs(_RUNS),
        "job": line_of(running, reader=request.user, now=timezone.now()) if running else None,
    }
    return render(request, "catalog/manage.html", values)
