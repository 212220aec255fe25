"""The synchronisation by hand. The catalogue's pages need subscriptions, so they are in `portal.web.catalogue`."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.web.pages import PageRequest, signed_in
from catalog.errors import SyncSafetyStop
from catalog.models import SyncRun
from catalog.sync import Summary
from catalog.sync_jobs import sync_now
from litemaas import errors


class SyncForm(forms.Form):
    marks_missing = forms.BooleanField(
        label=_("Mark models that the gateway no longer lists as unavailable"),
        required=False,
        initial=True,
        help_text=_("Without it they stay as they are, and no safety stop is needed."),
    )
    force = forms.BooleanField(
        label=_("Update all models, also those without a change"),
        required=False,
        help_text=_("Facts and prices are written anew, and each model counts as updated."),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def sync(request: PageRequest) -> HttpResponse:
    """Read the gateway's models now. A safety stop comes back to this page, which explains and asks."""
    if not request.user.may("admin:models"):
        raise errors.Forbidden
    if request.method != "POST":
        return _ask(request)
    try:
        done = sync_now(
            actor=request.user,
            trigger="button",
            confirm=request.POST.get("confirm") == "yes",
            # Left as they are where the box was there and is empty.
            marks_missing="marks_missing" in request.POST or "asked" not in request.POST,
            rewrites="force" in request.POST,
        )
    except SyncSafetyStop:
        return redirect(f"{reverse('sync_models')}?stopped=1")
    if isinstance(done, Summary):
        messages.success(request, _said(done))
    else:
        messages.info(request, gettext("The models are being read. You are notified when that has ended."))
    return redirect("manage_models")


def _ask(request: PageRequest) -> HttpResponse:
    last = SyncRun.objects.order_by("-started_at").first()
    stopped = "stopped" in request.GET and last is not None and last.state == SyncRun.State.STOPPED
    return render(request, "catalog/sync.html", {"last": last, "stopped": stopped, "form": SyncForm()})


def _said(summary: Summary) -> str:
    """Whole sentences, one after the other."""
    said = ngettext(
        "%(n)s model read from the gateway: %(new)s new, %(updated)s updated, %(unavailable)s unavailable, "
        "%(restored)s restored.",
        "%(n)s models read from the gateway: %(new)s new, %(updated)s updated, %(unavailable)s unavailable, "
        "%(restored)s restored.",
        summary.total,
    )
    counts = {name: len(getattr(summary, name)) for name in ("new", "updated", "unavailable", "restored")}
    sentences = [said % {"n": summary.total, **counts}]
    if summary.left_out:
        left_out = ngettext(
            "%(n)s entry could not be used.", "%(n)s entries could not be used.", len(summary.left_out)
        )
        sentences.append(left_out % {"n": len(summary.left_out)})
    return " ".join(sentences)
