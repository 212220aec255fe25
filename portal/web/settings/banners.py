"""The tab of banners: the list with its switches, the editor with its preview, the history."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import strip_tags
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.web.pages import PageRequest, require, signed_in
from litemaas import errors
from litemaas.web import conflicts
from litemaas.web.paging import page_of
from litemaas.web.tables import Column, Table
from portal import banners
from portal.look import shown
from portal.models import Banner, BannerChange
from portal.web.people.words import ROLES
from portal.web.settings.banner_forms import FIELDS, VARIANTS, BannerForm
from portal.web.settings.frame import show

READ, WRITE = "admin:banners:read", "admin:banners:write"
_MOST_CHANGES = 50
_ACTIONS = {
    "create": gettext_lazy("Created"),
    "update": gettext_lazy("Changed"),
    "delete": gettext_lazy("Deleted"),
    "activate": gettext_lazy("Shown"),
    "deactivate": gettext_lazy("Hidden"),
}
_TITLES = {
    "name": gettext_lazy("Name"),
    "is_active": gettext_lazy("Visible"),
    "priority": gettext_lazy("Priority"),
    "content": gettext_lazy("Text"),
    "variant": gettext_lazy("Style"),
    "is_dismissible": gettext_lazy("Readers may close it"),
    "dismiss_hours": gettext_lazy("Comes back after so many hours"),
    "starts_at": gettext_lazy("Shown from"),
    "ends_at": gettext_lazy("Shown until"),
    "target_roles": gettext_lazy("Only for roles"),
    "target_user_ids": gettext_lazy("Only for users"),
    "link_url": gettext_lazy("Link"),
    "link_text": gettext_lazy("Text of the link"),
    "is_markdown": gettext_lazy("The text is Markdown"),
}


@dataclass(frozen=True)
class Row:
    """A banner as the list shows it."""

    item: Banner

    @property
    def variant(self) -> str:
        return str(dict(VARIANTS)[self.item.variant])

    @property
    def state(self) -> str:
        """now, later, over or hidden: whether anybody sees it."""
        now = timezone.now()
        if not self.item.is_active:
            return "hidden"
        if self.item.starts_at and self.item.starts_at > now:
            return "later"
        return "over" if self.item.ends_at and self.item.ends_at <= now else "now"

    @property
    def excerpt(self) -> str:
        """The English text without the marks of Markdown."""
        return " ".join(unescape(strip_tags(shown(self.item, "en").html)).split())

    @property
    def targets(self) -> str:
        meant = [_roles(self.item.target_roles), _people(self.item.target_user_ids)]
        return ", ".join(part for part in meant if part) or _("Everybody")


@dataclass
class Change:
    """One line of the history. `differences`: title, value before, value after."""

    item: BannerChange

    @property
    def action(self) -> str:
        return str(_ACTIONS[self.item.action])

    @cached_property
    def differences(self) -> list[tuple[str, str, str]]:
        old, new = self.item.previous_state or {}, self.item.new_state or {}
        if self.item.action != BannerChange.Action.UPDATE:
            return []
        return [
            (str(title), _told(old.get(name), name), _told(new.get(name), name))
            for name, title in _TITLES.items()
            if old.get(name) != new.get(name)
        ]


def _roles(codes: list[str]) -> str:
    return ", ".join(str(ROLES.get(code, code)) for code in codes)


def _people(ids: list[Any]) -> str:
    return ngettext("%(n)s user", "%(n)s users", len(ids)) % {"n": len(ids)} if ids else ""


def _told(value: Any, name: str) -> str:
    if name == "target_roles":
        return _roles(value or []) or "–"
    if name == "target_user_ids":
        return _people(value or []) or "–"
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, dict):
        return "; ".join(f"{code}: {text}" for code, text in sorted(value.items())) or "–"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)


TABLE: Table[Row] = Table(
    "banners",
    [
        Column(
            "visible",
            gettext_lazy("Visible"),
            lambda row: row.item.is_active,
            order="is_active",
            is_fixed=True,
        ),
        Column("name", gettext_lazy("Name"), lambda row: row.item.name, order="name", is_fixed=True),
        Column("style", gettext_lazy("Style"), lambda row: row.variant, order="variant"),
        Column(
            "priority",
            gettext_lazy("Priority"),
            lambda row: row.item.priority,
            order="priority",
            numeric=True,
        ),
        Column("starts", gettext_lazy("Shown from"), lambda row: row.item.starts_at, order="starts_at"),
        Column("ends", gettext_lazy("Shown until"), lambda row: row.item.ends_at, order="ends_at"),
        Column("targets", gettext_lazy("For"), lambda row: row.targets),
        Column("updated", gettext_lazy("Updated"), lambda row: row.item.updated_at, order="updated_at"),
    ],
    sort="-priority",
)


@require_GET
@signed_in
def listed(request: PageRequest) -> HttpResponseBase:
    require(request, READ)
    table = TABLE.shown_to(request)
    found = table.sorted(Banner.objects.in_order().select_related("updated_by"))
    if table.wants_file:
        return table.file(found, of=_rows)
    page = page_of(found, request.GET)
    values = {
        "table": table,
        "page": page,
        "rows": _rows(page),
        "allows_several": Banner.objects.filter(is_active=True).count() > 1,
    }
    return show(request, "banners", values, may=WRITE)


def _rows(found: Iterable[Banner]) -> list[Row]:
    return [Row(banner) for banner in found]


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
    form = BannerForm(request.POST if request.method == "POST" else None, banner, may_change=may_change)

    def save() -> None:
        with _by_its_fields():
            banners.change_banner(
                actor=request.user, banner_id=banner_id, values=form.values(), now=timezone.now()
            )

    def fresh() -> BannerForm:
        return BannerForm(None, Banner.objects.get_or_refuse(banner_id))

    if conflicts.saved(request, form, fresh, save):
        messages.success(request, _("The banner was changed. Whoever had closed it sees it again."))
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
