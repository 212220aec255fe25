"""The tab of banners: the list with its switches, the editor with its preview, the history."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.web.pages import PageRequest, require, signed_in
from litemaas import errors
from litemaas.web import conflicts
from litemaas.web.paging import page_of
from portal import banners
from portal.look import shown
from portal.models import Banner, BannerChange
from portal.web.settings.banner_forms import FIELDS, BannerForm
from portal.web.settings.banner_rows import TABLE, Change, rows_of
from portal.web.settings.frame import show

READ, WRITE = "admin:banners:read", "admin:banners:write"
_MOST_CHANGES = 50


@require_GET
@signed_in
def listed(request: PageRequest) -> HttpResponseBase:
    require(request, READ)
    table = TABLE.shown_to(request)
    found = table.sorted(Banner.objects.in_order().select_related("updated_by"))
    if table.wants_file:
        return table.file(found, of=rows_of)
    page = page_of(found, request.GET)
    values = {
        "table": table,
        "page": page,
        "rows": rows_of(page),
        "allows_several": Banner.objects.filter(is_active=True).count() > 1,
    }
    return show(request, "banners", values, may=WRITE)


@require_POST
@signed_in
def visibility(request: PageRequest) -> HttpResponse:
    """All switches of the page at once: `listed` names the banners that were on it, `visible` those switched on."""
    require(request, WRITE)
    wanted = set(request.POST.getlist("visible"))
    rows = Banner.objects.filter(pk__in=_ids(request.POST.getlist("listed")))
    changed = {row.pk: str(row.pk) in wanted for row in rows if row.is_active != (str(row.pk) in wanted)}
    several = "several" in request.POST
    kept = [row for row in rows if row.is_active and str(row.pk) in wanted]
    if not changed:
        messages.info(request, _("Nothing was switched."))
        return redirect("system_banners")
    if not several and len(kept) + sum(changed.values()) > 1:
        messages.error(
            request, _("One banner is visible at a time. Switch the others off, or allow several.")
        )
        return redirect("system_banners")
    banners.set_visibility(actor=request.user, visible=changed, exclusive=not several, now=timezone.now())
    messages.success(request, _("The banners were switched."))
    return redirect("system_banners")


def _ids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts[:1000]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    require(request, WRITE)
    form = BannerForm(request.POST if request.method == "POST" else None, None)

    def save() -> None:
        with _by_its_fields():
            banners.create_banner(actor=request.user, values=form.values(), now=timezone.now())

    if conflicts.saved(request, form, lambda: BannerForm(None, None), save):
        messages.success(request, _("The banner was created."))
        return redirect("system_banners")
    return _editor(request, form, None)


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: PageRequest, banner_id: UUID) -> HttpResponse:
    """Read-only administrators look at it."""
    require(request, READ if request.method == "GET" else WRITE)
    banner = Banner.objects.get_or_refuse(banner_id)
    may_change = request.user.may(WRITE)
    was_closed = request.method == "POST" and banner.dismissals.exists()
    form = BannerForm(request.POST if request.method == "POST" else None, banner, may_change=may_change)

    def save() -> None:
        with _by_its_fields():
            banners.change_banner(
                actor=request.user, banner_id=banner_id, values=form.values(), now=timezone.now()
            )

    def fresh() -> BannerForm:
        return BannerForm(None, Banner.objects.get_or_refuse(banner_id))

    if conflicts.saved(request, form, fresh, save):
        is_news = was_closed and not banner.dismissals.exists()
        messages.success(
            request,
            _("The banner was changed. Whoever had closed it sees it again.") if is_news else _("Saved."),
        )
        return redirect("system_banners")
    return _editor(request, form, banner)


@contextmanager
def _by_its_fields() -> Iterator[None]:
    """What the use case refuses is named as the form names it."""
    try:
        yield
    except errors.InvalidInput as refusal:
        fields = {FIELDS.get(name, name): text for name, text in refusal.fields.items()}
        raise errors.InvalidInput(refusal.message, fields=fields) from refusal


def _editor(request: PageRequest, form: BannerForm, banner: Banner | None) -> HttpResponse:
    changes: list[Change] = []
    if banner is not None:
        rows = BannerChange.objects.filter(banner_id=banner.pk).select_related("changed_by")
        changes = [Change(row) for row in rows.order_by("-changed_at", "id")[:_MOST_CHANGES]]
    values = {
        "form": form,
        "banner": banner,
        "changes": changes,
        "sketch": shown(form.sketch()),
    }
    return show(request, "banners", values, may=WRITE, template="portal/settings/banner.html")


@require_POST
@signed_in
def preview(request: PageRequest) -> HttpResponse:
    """The banner of the fields that were sent, as a reader of this language would see it."""
    require(request, READ)
    sketch = shown(BannerForm(request.POST, None).sketch(), get_language())
    return render(request, "portal/settings/_banner_preview.html", {"sketch": sketch})


@require_http_methods(["GET", "POST"])
@signed_in
def delete(request: PageRequest, banner_id: UUID) -> HttpResponse:
    require(request, WRITE)
    banner = Banner.objects.get_or_refuse(banner_id)
    if request.method == "POST":
        banners.delete_banner(actor=request.user, banner_id=banner_id, now=timezone.now())
        messages.success(request, _("The banner was deleted. Its history stays in the audit record."))
        return redirect("system_banners")
    return render(request, "portal/settings/banner_delete.html", {"banner": banner})


@require_POST
@signed_in
def dismiss(request: PageRequest, banner_id: UUID) -> HttpResponse:
    """Somebody closes a banner: asked by a script the strip goes and the focus moves on, else the page comes again."""
    banners.dismiss_banner(actor=request.user, banner_id=banner_id, now=timezone.now())
    if request.htmx:
        return HttpResponse(headers={"HX-Trigger-After-Swap": "focus-content"})
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return redirect(back if is_ours else "home")
