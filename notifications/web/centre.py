"""The notification centre: a drawer from the bell, and a page of its own."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from accounts.sessions import seconds_left
from accounts.web.pages import PageRequest, signed_in
from litemaas.web.paging import page_of
from notifications import services
from notifications.kinds import MESSAGE, kind_of
from notifications.models import Notification

_IN_DRAWER = 20
_DRAWER = "drawer-content"


@require_GET
@signed_in
def listed(request: PageRequest) -> HttpResponse:
    """All of one's own, newest first; `show=unread` leaves out what was read."""
    return render(request, "notifications/list.html", _page(request))


@require_GET
@signed_in
def drawer(request: PageRequest) -> HttpResponse:
    """The newest of them, for the panel beside the page."""
    return render(request, "notifications/drawer.html", _drawer(request))


@require_GET
@signed_in
def bell(request: PageRequest) -> HttpResponse:
    """The bell with its number, asked again and again: it says what is new since `known`, and when the session ends."""
    count = Notification.objects.visible_to(request.user).unread().count()
    response = render(request, "notifications/bell.html", {"unread": count})
    known = request.GET.get("known", "")
    if known.isdecimal() and len(known) < 10 and count > int(known):
        text = ngettext("%(count)d new notification", "%(count)d new notifications", count - int(known))
        trigger_client_event(response, "announce", {"value": text % {"count": count - int(known)}})
    left = seconds_left(request.session.session_key, now=timezone.now())
    if left is not None:
        trigger_client_event(response, "sessionEnds", {"value": left})
    return response


@require_POST
@signed_in
def read(request: PageRequest, notification_id: str) -> HttpResponse:
    services.mark_read(actor=request.user, notification_id=notification_id, now=timezone.now())
    return _again(request)


@require_POST
@signed_in
def remove(request: PageRequest, notification_id: str) -> HttpResponse:
    services.remove(actor=request.user, notification_id=notification_id)
    return _again(request, _("Removed"))


@require_POST
@signed_in
def read_all(request: PageRequest) -> HttpResponse:
    services.mark_all_read(actor=request.user, now=timezone.now())
    return _again(request, _("All are marked as read."))


@require_POST
@signed_in
def clear_read(request: PageRequest) -> HttpResponse:
    count = services.clear_read(actor=request.user)
    text = ngettext("%(count)d notification removed", "%(count)d notifications removed", count)
    return _again(request, text % {"count": count})


def _again(request: PageRequest, said: str = "") -> HttpResponse:
    """The list as it is now, where the act was asked for: the drawer, or the page of all."""
    if request.htmx and request.htmx.target == _DRAWER:
        response = render(request, "notifications/drawer.html", _drawer(request) | {"with_bell": True})
        return trigger_client_event(response, "announce", {"value": said}) if said else response
    address = reverse("notifications")
    return redirect(f"{address}?show={show}" if (show := _show(request)) else address)


def _show(request: PageRequest) -> str:
    asked = request.POST.get("show") if request.method == "POST" else request.GET.get("show")
    return "unread" if asked == "unread" else ""


def _shared(request: PageRequest) -> dict[str, Any]:
    own = Notification.objects.visible_to(request.user)
    unread = own.unread().count()
    return {"rows": own, "unread": unread, "show": _show(request)}


def _page(request: PageRequest) -> dict[str, Any]:
    values = _shared(request)
    own = values.pop("rows")
    rows = own.unread() if values["show"] else own
    page = page_of(rows.order_by("-created_at", "id"), request.GET, (20, 10, 50, 100))
    return values | {"page": page, "items": [_item(row) for row in page]}


def _drawer(request: PageRequest) -> dict[str, Any]:
    values = _shared(request)
    own = values.pop("rows")
    rows = own.unread() if values["show"] else own
    found = list(rows.order_by("-created_at", "id")[: _IN_DRAWER + 1])
    return values | {"items": [_item(row) for row in found[:_IN_DRAWER]], "has_more": len(found) > _IN_DRAWER}


def _item(row: Notification) -> dict[str, Any]:
    kind = kind_of(row.kind)
    return {
        "id": row.pk,
        "variant": row.variant,
        "kind": "" if kind in {None, MESSAGE} else kind.label,
        "title": row.title_text,
        "body": row.body_text,
        "link": row.link,
        "created_at": row.created_at,
        "is_read": row.read_at is not None,
    }
