"""Usage as a file, from a dialog that says what will be in it. What is large is made by a job."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from usage.exports.files import ROWS_AT_ONCE, Export, start_export
from usage.exports.formats import FORMATS
from usage.exports.sizes import size_of
from usage.questions import Question
from usage.scopes import Scope
from usage.web.filters import PeriodFilter, UsageFilter
from usage.web.operator_filter import OperatorFilter

# What each kind of file is called, and what it is for.
_FORMS = (
    ("csv", "CSV", _("For spreadsheets.")),
    ("json", "JSON", _("For programs.")),
    ("parquet", "Parquet", _("For data tools; the smallest file.")),
    ("focus", "FOCUS", _("Cost rows of the FinOps specification, as CSV.")),
)


def _own(request: PageRequest, now: datetime) -> tuple[PeriodFilter, Export]:
    if not request.user.may("usage:export"):
        raise errors.Forbidden(requiredPermission="usage:export")
    chosen = UsageFilter(request.GET, user=request.user, now=now)
    _refuse_wrong_dates(chosen)
    question = Question(Scope.of(request.user), chosen.chosen, chosen.filters)
    return chosen, Export(question, "marked", _form(request), "usage-export")


def _everybodys(request: PageRequest, now: datetime) -> tuple[PeriodFilter, Export]:
    if not request.user.may("admin:usage"):
        raise errors.NotFound
    chosen = OperatorFilter(request.GET, actor=request.user, now=now)
    _refuse_wrong_dates(chosen)
    question = Question(Scope.visible_to(request.user), chosen.chosen, chosen.filters)
    return chosen, Export(question, "detail", _form(request), "admin-usage-export")


def _refuse_wrong_dates(chosen: PeriodFilter) -> None:
    """A page may show other days and say so; a file must not hold them."""
    if chosen.problem:
        raise errors.InvalidInput(chosen.problem)


def _form(request: PageRequest) -> str:
    asked = request.GET.get("format", "")
    return asked if asked in FORMATS else "csv"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def own(request: PageRequest) -> HttpResponseBase:
    now = timezone.now()
    return _dialog(request, *_own(request, now), "usage", now)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def everybodys(request: PageRequest) -> HttpResponseBase:
    now = timezone.now()
    return _dialog(request, *_everybodys(request, now), "operations_usage", now)


def _dialog(
    request: PageRequest, chosen: PeriodFilter, export: Export, page: str, now: datetime
) -> HttpResponseBase:
    if request.method == "POST":
        with transaction.atomic():
            job = start_export(export, actor=request.user, now=now)
        return redirect("job_page", job.pk)
    size = size_of(export.reader(now))
    is_large = size.rows > ROWS_AT_ONCE
    values: dict[str, Any] = {
        "filter": chosen,
        "period": export.question.period,
        "size": size,
        "is_large": is_large,
        "forms": [(name, why, _address(request, form, is_large)) for form, name, why in _FORMS],
        "back": _with_query(reverse(page), request),
    }
    return render(request, "usage/export.html", values)


def _address(request: PageRequest, form: str, is_large: bool) -> str:
    """Of the file, or of the form that starts the job."""
    query = request.GET.copy()
    query["format"] = form
    return f"{request.path}{'' if is_large else '/file'}?{query.urlencode()}"


def _with_query(address: str, request: PageRequest) -> str:
    query = request.GET.copy()
    query.pop("format", None)
    return f"{address}?{query.urlencode()}" if query else address


@require_GET
@signed_in
def own_file(request: PageRequest) -> HttpResponseBase:
    now = timezone.now()
    return _file(request, _own(request, now)[1], "export_usage", now)


@require_GET
@signed_in
def everybodys_file(request: PageRequest) -> HttpResponseBase:
    now = timezone.now()
    return _file(request, _everybodys(request, now)[1], "export_everybodys_usage", now)


def _file(request: PageRequest, export: Export, dialog: str, now: datetime) -> HttpResponseBase:
    """At once; what has grown too large meanwhile goes back to the dialog, which offers the job."""
    if size_of(export.reader(now)).rows > ROWS_AT_ONCE:
        return redirect(_with_query(reverse(dialog), request))
    answer = StreamingHttpResponse(export.content(now), content_type=export.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    return answer
