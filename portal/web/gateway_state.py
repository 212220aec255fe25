"""How the gateway is: what is wrong, what to do about it, and the facts. For operators who were woken by it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, require, signed_in
from catalog.models import SyncRun as ModelRun
from litellm_sync.client import gateway
from litellm_sync.failed_calls import FailedCall
from litellm_sync.models import Finding, SyncRun
from litellm_sync.progress import Progress, progress
from litemaas.web.templatetags.formats import number_text, relative
from portal.sync import operations, standing
from portal.sync.checking import Check, check

READ = "admin:system:read"
_COMPARISONS = 5
# Usage is asked for several times each minute: a key that is still refused is refused again soon.
_RECENT = timedelta(minutes=5)


@dataclass(frozen=True)
class Trouble:
    """What is wrong, in a line, and what to do. `href` leads to where that can be done."""

    title: str
    advice: str
    tone: str = "warning"
    href: str = ""
    link: str = ""


@require_GET
@signed_in
def state(request: PageRequest) -> HttpResponse:
    """The gateway is asked by the part below, which comes later; with `check` (no script) before the page comes."""
    require(request, READ)
    now = timezone.now()
    found = check(now=now) if "check" in request.GET else None
    values = {
        **_live(request, now, found),
        "comparisons": _comparisons(),
        "last_run": standing.last_run(),
    }
    tabs = {"open_findings": values["findings"], "refused": values["progress"].parked}
    return render(request, "portal/gateway/state.html", {**values, **tabs})


@require_GET
@signed_in
def asked(request: PageRequest) -> HttpResponse:
    """The part of the page that asks the gateway, and comes again."""
    require(request, READ)
    if not request.htmx:
        return redirect(f"{reverse('gateway_state')}?check=now")
    now = timezone.now()
    values = _live(request, now, check(now=now))
    response = render(request, "portal/gateway/_state.html", values)
    if values["standing"] != request.GET.get("was"):
        response["HX-Trigger"] = json.dumps({"announce": values["told"]})
    return response


def _live(request: PageRequest, now: datetime, found: Check | None) -> dict[str, Any]:
    queue, breaker = progress(now=now), gateway().breaker
    failed, away_since = breaker.failed_calls, breaker.away_since
    troubles = list(_troubles(now, found, failed, away_since, queue))
    return {
        # What a reader of the screen hears when it becomes another one.
        "standing": f"{len(troubles)}-{found.is_up}" if found else "",
        "told": "; ".join(trouble.title for trouble in troubles) or _("All is well"),
        "check": found,
        "may_decide": request.user.may(operations.WRITE),
        "address": settings.LITELLM_API_URL,
        "away_since": away_since,
        "progress": queue,
        "oldest": _("The oldest: %(since)s") % {"since": relative(queue.oldest_since, now)}
        if queue.oldest_since
        else "",
        "findings": Finding.objects.shown(now).count(),
        "failed_calls": failed,
        "troubles": troubles,
    }


def _troubles(
    now: datetime,
    found: Check | None,
    failed: list[FailedCall],
    away_since: datetime | None,
    queue: Progress,
) -> Iterator[Trouble]:
    """The worst first."""
    yield from _of_the_gateway(now, found, failed, away_since)
    yield from _of_the_queue(now, queue, is_away=away_since is not None or bool(found and not found.is_up))
    yield from _of_the_models()
    yield from _of_the_comparison(now)


def _of_the_gateway(
    now: datetime, found: Check | None, failed: list[FailedCall], away_since: datetime | None
) -> Iterator[Trouble]:
    last = failed[0] if failed else None
    if away_since is not None or (found is not None and not found.is_up):
        advice = _(
            "Look at the gateway’s process, its database, and the network between it and the portal. Nothing is lost: "
            "pages show what was read last, and changes wait in the queue and go out by themselves once it answers."
        )
        reason = _("Last failure: %(reason)s.") % {"reason": last.reason.rstrip(".")} if last else ""
        yield Trouble(_("The gateway does not answer"), f"{advice} {reason}".strip(), "danger")
    if any(call.is_our_key_refused and now - call.at < _RECENT for call in failed):
        yield Trouble(
            _("The gateway refuses the portal’s own key"),
            _("Set LITELLM_API_KEY to an administration key that the gateway knows, and restart the portal."),
            "danger",
        )
    if found is not None and found.has_database is False:
        yield Trouble(
            _("The gateway has no database"),
            _("It may still answer calls of models, but no change reaches it. Look at its DATABASE_URL."),
            "danger",
        )
    if found is not None and found.is_too_old:
        yield Trouble(
            _("The gateway is too old"), _("LiteLLM 1.80 or newer is needed. Update the gateway."), "danger"
        )


def _of_the_queue(now: datetime, queue: Progress, *, is_away: bool) -> Iterator[Trouble]:
    if queue.parked:
        title = ngettext(
            "The gateway refused %(n)s change for good",
            "The gateway refused %(n)s changes for good",
            queue.parked,
        )
        yield Trouble(
            title % {"n": number_text(queue.parked)},
            _("Until somebody decides, access is not what the portal says."),
            "danger",
            f"{reverse('gateway_queue')}?state=refused",
            _("See what was refused"),
        )
    if queue.oldest_since and now - queue.oldest_since > standing.LONG_WAIT and not is_away:
        title = ngettext("%(n)s change waits for too long", "%(n)s changes wait for too long", queue.waiting)
        yield Trouble(
            title % {"n": number_text(queue.waiting)},
            _("The gateway answers, so look whether a worker runs, and at the reasons in the queue."),
            "warning",
            reverse("gateway_queue"),
            _("See the queue"),
        )


def _of_the_models() -> Iterator[Trouble]:
    run = ModelRun.objects.order_by("-started_at", "-pk").first()
    if run is None or run.state not in {ModelRun.State.FAILED, ModelRun.State.STOPPED}:
        return
    is_stopped = run.state == ModelRun.State.STOPPED
    title = _("The sync of models stopped for safety") if is_stopped else _("The last sync of models failed")
    yield Trouble(title, run.finding, "warning", reverse("system_sync"), _("See the synchronisations"))


def _of_the_comparison(now: datetime) -> Iterator[Trouble]:
    for alert in standing.of_the_comparison(now):
        advice = _("Differences may not be known yet. Compare now, and look at the log of the worker.")
        yield Trouble(alert.message, advice)


@dataclass(frozen=True)
class Comparison:
    """One comparison of portal and gateway, all kinds together."""

    item: SyncRun

    def _sum(self, name: str) -> int:
        return sum(int(report.get(name) or 0) for report in self.item.results.values())

    @property
    def there(self) -> int:
        return self._sum("there")

    @property
    def missing(self) -> int:
        return self._sum("missing")

    @property
    def different(self) -> int:
        return self._sum("different")

    @property
    def unknown(self) -> int:
        return self._sum("unknown")

    @property
    def took(self) -> timedelta | None:
        return self.item.finished_at - self.item.started_at if self.item.finished_at else None

    @property
    def why(self) -> str:
        """Why it did not reach its end."""
        reports = self.item.results.values()
        return self.item.error or next((report["error"] for report in reports if report.get("error")), "")


def _comparisons() -> list[Comparison]:
    rows = SyncRun.objects.filter(is_dry_run=False).order_by("-started_at")[:_COMPARISONS]
    return [Comparison(row) for row in rows]
