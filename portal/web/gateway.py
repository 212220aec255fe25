"""Portal and gateway for operators: where the two differ, and what waits. Read-only administrators look."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.web.pages import PageRequest, signed_in
from litellm_sync import registry
from litellm_sync.findings import policy_of
from litellm_sync.models import Finding, GatewayObject, SyncRun
from litellm_sync.progress import progress
from litemaas import errors
from litemaas.web.forms import show_refusal
from litemaas.web.paging import page_of
from portal.sync import comparing, operations, standing
from portal.sync.naming import Named, names_of
from portal.web.gateway_forms import KINDS, VERDICTS, FindingFilter, IgnoreForm, QueueFilter, kind_text

READ = "admin:system:read"
_MOST_AT_ONCE = 500


@dataclass(frozen=True)
class Row:
    """A finding or a wish as a list shows it."""

    item: Any
    kind: str
    name: str
    state: str = ""

    @property
    def verdict(self) -> str:
        return str(VERDICTS.get(self.item.verdict, self.item.verdict))

    @property
    def differences(self) -> list[tuple[str, str | None, str | None]]:
        """Field, and both values as texts."""
        return [
            (item["field"], _plain(item["portal"]), _plain(item["gateway"])) for item in self.item.differences
        ]


def _plain(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@require_GET
@signed_in
def findings(request: PageRequest) -> HttpResponse:
    _require_reader(request)
    now = timezone.now()
    chosen = FindingFilter(request.GET)
    page = page_of(chosen.apply(Finding.objects.all(), now).order_by("-found_at", "-pk"), request.GET)
    names = names_of((row.kind, row.object_id) for row in page)
    values = {
        "filter": chosen,
        "page": page,
        "rows": [Row(row, kind_text(row), _name(row, names)) for row in page],
        "last_run": standing.last_run(),
        "is_plain": not any(chosen.cleaned_data.values()),
        **_common(request),
    }
    return render(request, "portal/gateway/findings.html", values)


@require_GET
@signed_in
def finding(request: PageRequest, finding_id: int) -> HttpResponse:
    _require_reader(request)
    return _show(request, Finding.objects.get_or_refuse(finding_id), IgnoreForm())


def _show(request: PageRequest, row: Finding, form: IgnoreForm) -> HttpResponse:
    mirror = registry.mirror_of(row.kind)
    values = {
        "row": Row(row, kind_text(row), _name(row, names_of([(row.kind, row.object_id)]))),
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


@require_POST
@signed_in
def compare(request: PageRequest) -> HttpResponse:
    done = comparing.compare(actor=request.user, kinds=registry.reconciled_kinds(), now=timezone.now())
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
def queue(request: PageRequest) -> HttpResponse:
    _require_reader(request)
    now = timezone.now()
    chosen = QueueFilter(request.GET)
    order = (F("parked_at").desc(nulls_last=True), "dirty_since", "pk")
    page = page_of(chosen.apply(GatewayObject.objects.all()).order_by(*order), request.GET)
    names = names_of((row.kind, row.object_id) for row in page)
    values = {
        "filter": chosen,
        "page": page,
        "rows": [
            Row(row, kind_text(row), names.get((row.kind, row.object_id)) or str(row.object_id), _state(row))
            for row in page
        ],
        "is_plain": not any(chosen.cleaned_data.values()),
        **_progress(now),
        **_common(request),
    }
    return render(request, "portal/gateway/queue.html", values)


@require_GET
@signed_in
def queue_progress(request: PageRequest) -> HttpResponse:
    """The part of the queue's page that asks again while something waits."""
    _require_reader(request)
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


def _require_reader(request: PageRequest) -> None:
    if not request.user.may(READ):
        raise errors.Forbidden(requiredPermission=READ)


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


def _name(row: Finding, names: Named) -> str:
    known = names.get((row.kind, row.object_id)) if row.object_id else None
    return known or row.label or row.gateway_id


def _state(row: GatewayObject) -> str:
    if row.dropped_at:
        return _("Given up")
    if row.parked_at:
        return _("Refused for good")
    return _("Failed, will be tried again") if row.attempts else _("Waiting")
