"""What operators do from the page of everybody's usage: read now, and read days again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from usage import operators
from usage.periods import MAX_ADMIN_DAYS, read_period


@require_POST
@signed_in
def refresh(request: PageRequest) -> HttpResponse:
    counts = operators.refresh_usage(actor=request.user, now=timezone.now())
    said = ngettext("%(n)s call was added.", "%(n)s calls were added.", counts.added) % {"n": counts.added}
    messages.success(request, said)
    return redirect(_back(request))


@require_POST
@signed_in
def reread(request: PageRequest) -> HttpResponse:
    now = timezone.now()
    if not request.user.may("admin:usage:write"):
        raise errors.Forbidden(requiredPermission="admin:usage:write")
    period = read_period(
        request.POST.get("first"), request.POST.get("last"), now=now, max_days=MAX_ADMIN_DAYS
    )
    job = operators.reread(actor=request.user, first=period.first, last=period.last, now=now)
    if job is None:
        messages.info(request, _("All days of this period have been read, and none differs."))
        return redirect(_back(request))
    return redirect("job_page", job.pk)


def _back(request: PageRequest) -> str:
    """The page with its filters, as the form names it."""
    back = request.POST.get("back", "")
    is_ours = back.startswith("/operations/usage") and url_has_allowed_host_and_scheme(back, None)
    return back if is_ours else "/operations/usage"
