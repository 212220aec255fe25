"""The synchronisation by hand. The catalogue's pages need subscriptions, so they are in `portal.web.catalogue`."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.web.pages import PageRequest, signed_in
from catalog.errors import SyncSafetyStop
from catalog.models import SyncRun
from catalog.sync import Summary
from catalog.sync_jobs import sync_now
from litemaas import errors


@require_http_methods(["GET", "POST"])
@signed_in
def sync(request: PageRequest) -> HttpResponse:
    """Read the gateway's models now. A safety stop comes back to this page, which explains and asks."""
    if not request.user.may("admin:models"):
        raise errors.Forbidden
    if request.method != "POST":
        return _ask(request)
    try:
        confirmed = request.POST.get("confirm") == "yes"
        done = sync_now(actor=request.user, trigger="button", confirm=confirmed)
    except SyncSafetyStop:
        return redirect(f"{reverse('sync_models')}?stopped=1")
    if isinstance(done, Summary):
        messages.success(request, _said(done))
    else:
        messages.info(request, _("The models are being read. You are notified when that has ended."))
    return redirect("manage_models")


def _ask(request: PageRequest) -> HttpResponse:
    last = SyncRun.objects.order_by("-started_at").first()
    stopped = "stopped" in request.GET and last is not None and last.state == SyncRun.State.STOPPED
    return render(request, "catalog/sync.html", {"last": last, "stopped": stopped})


def _said(summary: Summary) -> str:
    counts = _("%(new)s new, %(updated)s updated, %(unavailable)s unavailable, %(restored)s restored.") % {
        name: len(getattr(summary, name)) for name in ("new", "updated", "unavailable", "restored")
    }
    text = ngettext(
        "%(n)s model read from the gateway:", "%(n)s models read from the gateway:", summary.total
    )
    left_out = ngettext(
        "%(n)s entry could not be used.", "%(n)s entries could not be used.", len(summary.problems)
    )
    said = f"{text % {'n': summary.total}} {counts}"
    return f"{said} {left_out % {'n': len(summary.problems)}}" if summary.problems else said
