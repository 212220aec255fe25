"""The record of acts, for operators: filtered, opened row by row, as a file, and with filters that one keeps."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import saved_filters
from accounts.audit import queries
from accounts.audit.queries import Filter
from accounts.saved_filters import SavedFilter
from accounts.web.audit_filters import AuditFilter, SaveForm
from accounts.web.audit_rows import Events, Row, rows_of
from accounts.web.pages import PageRequest, require, signed_in
from accounts.web.suggesting import people_like
from litemaas import errors
from litemaas.api.rendering import dumps
from litemaas.web.addresses import address_with
from litemaas.web.forms import show_refusal
from litemaas.web.tables import Column, Table

READ, REDACT = "admin:audit", "admin:settings"
# As many as the API's export.
MOST_EXPORTED = 10_000
_SIZES = (20, 10, 50, 100)
_LIST = SavedFilter.List.AUDIT

TABLE: Table[Row] = Table(
    "audit",
    [
        Column("time", gettext_lazy("Time"), lambda row: row.event["createdAt"], is_fixed=True),
        Column("user", gettext_lazy("User"), lambda row: row.event["username"]),
        Column("action", gettext_lazy("Action"), lambda row: row.event["action"], is_fixed=True),
        Column("category", gettext_lazy("Category"), lambda row: row.event["resourceType"]),
        Column("object", gettext_lazy("Object"), lambda row: row.name or row.event["resourceId"]),
        Column("result", gettext_lazy("Result"), lambda row: row.event["success"]),
        Column("object_id", gettext_lazy("Object id"), lambda row: row.event["resourceId"], is_extra=True),
        Column("error", gettext_lazy("Error"), lambda row: row.event["errorMessage"], is_extra=True),
        Column("address", gettext_lazy("Address"), lambda row: row.event["ipAddress"], is_extra=True),
        Column("credential", gettext_lazy("Credential"), lambda row: row.event["authMethod"], is_extra=True),
        Column("request", gettext_lazy("Request id"), lambda row: row.event["requestId"], is_extra=True),
    ],
)


@require_GET
@signed_in
def audit_events(request: PageRequest) -> HttpResponseBase:
    require(request, READ)
    chosen, table = AuditFilter(request.GET), TABLE.shown_to(request)
    asked = chosen.asked
    if table.wants_file:
        return table.file(_exported(asked), of=rows_of)
    similar = people_like(chosen.unknown_user, actor=request.user)
    values = {
        "filter": chosen,
        "similar": [(one, address_with(request, user=one.username, page=None)) for one in similar],
        "table": table,
        "page": page_of_events(Events(asked) if asked else [], request.GET),
        "saved": SavedFilter.objects.visible_to(request.user).filter(list=_LIST).order_by("name"),
        "query": chosen.query,
        "most_exported": MOST_EXPORTED,
        "may_redact": request.user.may(REDACT),
        "column_count": len(table.columns) + 1,
    }
    return render(request, "account/audit/list.html", values)


def page_of_events(events: Any, query: QueryDict) -> Any:
    """The page that the address asks for, as `litemaas.web.paging` does for querysets."""
    wanted = query.get("page_size", "")
    size = int(wanted) if wanted in {str(size) for size in _SIZES} else _SIZES[0]
    return Paginator(events, size).get_page(query.get("page"))


def _exported(asked: Filter | None) -> list[queries.Json]:
    return queries.page(asked, limit=MOST_EXPORTED, offset=0) if asked else []


@require_GET
@signed_in
def export_audit_events(request: PageRequest) -> HttpResponse:
    """All fields of the newest rows that fit, as JSON."""
    require(request, READ)
    answer = HttpResponse(dumps(_exported(AuditFilter(request.GET).asked)), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="audit-{timezone.localdate().isoformat()}.json"'
    return answer


@require_http_methods(["GET", "POST"])
@signed_in
def save_audit_filter(request: PageRequest) -> HttpResponse:
    """Keep the filters of the address under a name."""
    require(request, READ)
    here = AuditFilter(request.GET).query
    form = SaveForm(request.POST if request.method == "POST" else None, initial={"query": here})
    if request.method == "POST" and form.is_valid():
        query = AuditFilter(QueryDict(form.cleaned_data["query"])).query
        try:
            row = saved_filters.save_filter(
                actor=request.user, of=_LIST, name=form.cleaned_data["name"], query=query, now=timezone.now()
            )
        except errors.InvalidInput as error:
            show_refusal(form, error)
        else:
            messages.success(request, _("The filter “%(name)s” is saved.") % {"name": row.name})
            return redirect(f"{reverse('audit_events')}?{row.query}")
    back = form.data.get("query", here) if form.is_bound else here
    saved = SavedFilter.objects.visible_to(request.user).filter(list=_LIST).order_by("name")
    return render(request, "account/audit/save.html", {"form": form, "query": back, "saved": saved})


@require_POST
@signed_in
def delete_audit_filter(request: PageRequest, filter_id: int) -> HttpResponse:
    require(request, READ)
    saved_filters.delete_filter(actor=request.user, filter_id=filter_id)
    messages.success(request, _("The filter is deleted."))
    return redirect("audit_events")
