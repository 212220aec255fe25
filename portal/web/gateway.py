"""Portal and gateway for operators: where the two differ, and what waits. Read-only administrators look."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.web.pages import PageRequest, require, signed_in
from litellm_sync import registry
from litellm_sync.findings import policy_of
from litellm_sync.models import Finding, GatewayObject, SyncRun
from litellm_sync.progress import progress
from litemaas import errors
from litemaas.web.forms import show_refusal
from litemaas.web.paging import page_of
from portal.sync import comparing, operations, standing
from portal.web.gateway_forms import KINDS, CompareForm, FindingFilter, IgnoreForm, QueueFilter
from portal.web.gateway_tables import FINDINGS, QUEUE, rows_of_findings, rows_of_wishes

READ = "admin:system:read"
_MOST_AT_ONCE = 500


@require_GET
@signed_in
def findings(request: PageRequest) -> HttpResponseBase:
    require(request, READ)
    now = timezone.now()
    chosen = FindingFilter(request.GET)
    table = FINDINGS.shown_to(request)
    found = table.sorted(chosen.apply(Finding.objects.all(), now))
    if table.wants_file:
        return table.file(found, of=rows_of_findings)
    page = page_of(found, request.GET)
    values = {
        "filter": chosen,
        "table": table,
        "page": page,
        "rows": rows_of_findings(page),
        "last_run": standing.last_run(),
        "is_plain": not any(chosen.cleaned_data.values()),
        **_common(request),
    }
    return render(request, "portal/gateway/findings.html", values)


@require_GET
@signed_in
def finding(request: PageRequest, finding_id: int) -> HttpResponse:
    require(request, READ)
    return _show(request, Finding.objects.get_or_refuse(finding_id), IgnoreForm())


def _show(request: PageRequest, row: Finding, form: IgnoreForm) -> HttpResponse:
    mirror = registry.mirror_of(row.kind)
    values = {
        "row": rows_of_findings([row])[0],
        "form": form,
        "policy": policy_of(row.kind).value,
        "is_ignored": row.is_ignored(timezone.now()),
        "may_adopt": row.verdict != Finding.Verdict.MISSING and mirror.adopt is not None,
        **_common(request),
    }
    return render(request, "portal/gateway/finding.html", values)


@require_POST
@signed_in
def repair(request: PageRequest) -> HttpResponse:
    """The chosen findings; strangers among them are left alone."""
    ids = _chosen(request.POST)
    count = operations.repair_findings(actor=request.user, ids=ids, now=timezone.now())
    if count:
        said = ngettext("%(n)s object is being repaired.", "%(n)s objects are being repaired.", count)
        messages.success(request, said % {"n": count})
    else:
        messages.info(request, _("Choose at least one object of the portal first."))
    return redirect("gateway_findings")


@require_POST
@signed_in
def adopt(request: PageRequest, finding_id: int) -> HttpResponse:
    try:
        row = operations.adopt_finding(actor=request.user, finding_id=finding_id, now=timezone.now())
    except (errors.Forbidden, errors.NotFound):
        raise
    except errors.DomainError as refusal:
        messages.error(request, _told(refusal))
        return redirect("gateway_finding", finding_id)
    messages.success(request, _("Taken over: %(name)s.") % {"name": row.label or row.gateway_id})
    return redirect("gateway_findings")


def _told(refusal: errors.DomainError) -> str:
    fields = refusal.fields if isinstance(refusal, errors.InvalidInput) else {}
    return " ".join(fields.values()) or refusal.message


@require_POST
@signed_in
def ignore(request: PageRequest, finding_id: int) -> HttpResponse:
    """Until the day that was chosen; with `stop` it is shown again."""
    form, until = IgnoreForm(request.POST), None
    if "stop" not in request.POST:
        if not request.user.may(operations.WRITE):
            raise errors.Forbidden(requiredPermission=operations.WRITE)
        if not form.is_valid():
            return _show(request, Finding.objects.get_or_refuse(finding_id), form)
        until = form.cleaned_data["until"]
    try:
        operations.ignore_finding(actor=request.user, finding_id=finding_id, until=until, now=timezone.now())
    except errors.Conflict as refusal:
        show_refusal(form, refusal)
        return _show(request, Finding.objects.get_or_refuse(finding_id), form)
    messages.success(request, _("It is ignored.") if until else _("It is shown again."))
    return redirect("gateway_findings")


@require_http_methods(["GET", "POST"])
@signed_in
def compare(request: PageRequest) -> HttpResponse:
    """Ask for what is to be compared; a POST that says nothing of it compares everything."""
    if not request.user.may(operations.WRITE):
        raise errors.Forbidden(requiredPermission=operations.WRITE)
    form = CompareForm(request.POST if "asked" in request.POST else None)
    if request.method != "POST" or (form.is_bound and not form.is_valid()):
        return render(request, "portal/gateway/compare.html", {"form": form})
    kinds = form.kinds if form.is_bound else registry.reconciled_kinds()
    force = form.is_bound and form.cleaned_data["force"]
    done = comparing.compare(actor=request.user, kinds=kinds, force=force, now=timezone.now())
    if done.run is None:
        messages.info(
            request, _("Portal and gateway are being compared. You are notified when that has ended.")
        )
    elif done.run.state == SyncRun.State.COMPLETED:
        messages.success(request, _("Portal and gateway were compared."))
    else:
        messages.warning(request, _("Portal and gateway were compared as far as the gateway answered."))
    return redirect("gateway_findings")


@require_GET
@signed_in
def queue(request: PageRequest) -> HttpResponseBase:
    require(request, READ)
    now = timezone.now()
    chosen = QueueFilter(request.GET)
    table = QUEUE.shown_to(request)
    found = table.sorted(chosen.apply(GatewayObject.objects.all()))
    if table.wants_file:
        return table.file(found, of=rows_of_wishes)
    page = page_of(found, request.GET)
    values = {
        "filter": chosen,
        "table": table,
        "page": page,
        "rows": rows_of_wishes(page),
        "is_plain": not any(chosen.cleaned_data.values()),
        **_progress(now),
        **_common(request),
    }
    return render(request, "portal/gateway/queue.html", values)


@require_GET
@signed_in
def queue_progress(request: PageRequest) -> HttpResponse:
    """The part of the queue's page that asks again while something waits."""
    require(request, READ)
    if not request.htmx:
        return redirect("gateway_queue")
    return render(request, "portal/gateway/_progress.html", _progress(timezone.now()))


@require_POST
@signed_in
def decide(request: PageRequest) -> HttpResponse:
    """Try the chosen wishes again, or (`act=drop`) give up those that the gateway refused for good."""
    ids, now = _chosen(request.POST or request.GET), timezone.now()
    if request.POST.get("act", request.GET.get("act")) == "drop":
        count = operations.drop_wishes(actor=request.user, ids=ids, now=now)
        said = ngettext("%(n)s change was given up.", "%(n)s changes were given up.", count)
    else:
        count = operations.retry_wishes(actor=request.user, ids=ids, now=now)
        said = ngettext("%(n)s change is tried again.", "%(n)s changes are tried again.", count)
    if count:
        messages.success(request, said % {"n": count})
    else:
        messages.info(request, _("Nothing among what was chosen can be treated like this."))
    return redirect("gateway_queue")


def _common(request: PageRequest) -> dict[str, Any]:
    return {
        "may_decide": request.user.may(operations.WRITE),
        "open_findings": Finding.objects.shown(timezone.now()).count(),
        "refused": GatewayObject.objects.parked().count(),
    }


def _progress(now: datetime) -> dict[str, Any]:
    state = progress(now=now)
    return {
        "progress": state,
        "by_kind": [(str(KINDS[kind]), count) for kind, count in state.by_kind.items()],
        "minutes_left": None if state.seconds_left is None else -(-state.seconds_left // 60),
    }


def _chosen(query: QueryDict) -> list[int]:
    wanted = [text for text in query.getlist("chosen") if text.isdecimal() and len(text) < 19]
    return [int(text) for text in wanted][:_MOST_AT_ONCE]
