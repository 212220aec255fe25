"""What all pages about one person share."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.web.pages import PageRequest, require
from portal import people
from portal.sync.operations import WRITE as PUSH
from portal.web.people.words import ROLES

READ, WRITE = "users:read", "users:write"
WRITE_KEYS = "admin:api_keys"
WRITE_SUBSCRIPTIONS = "admin:subscriptions:write"


def person_for(request: PageRequest, user_id: UUID) -> Any:
    """Somebody with `spend`, `resets_at` and `sync`. Only operators get here, whatever they may do then."""
    require(request, READ)
    return people.user_seen_by(request.user, user_id)


_TABS = (
    ("user", _("Profile")),
    ("user_limits", _("Budget and limits")),
    ("user_keys", _("API keys")),
    ("user_subscriptions", _("Subscriptions")),
    ("user_teams", _("Teams")),
    ("user_activity", _("Activity")),
)


def shown(request: PageRequest, template: str, person: User, **values: Any) -> HttpResponse:
    """`locked` and its kin say why a button can't be used; empty where it can."""
    reason = str(_("Only administrators can change this."))
    may = request.user.may
    page = {
        "person": person,
        "roles": [(role, str(ROLES.get(role, role)), role.startswith("admin")) for role in person.roles],
        "tabs": [_tab(request, name, label, person) for name, label in _TABS],
        "locked": "" if may(WRITE) else reason,
        "keys_locked": "" if may(WRITE_KEYS) else reason,
        "subscriptions_locked": "" if may(WRITE_SUBSCRIPTIONS) else reason,
        "push_locked": "" if may(PUSH) else reason,
        **values,
    }
    return render(request, f"portal/people/{template}.html", page)


def _tab(request: PageRequest, name: str, label: str | Promise, person: User) -> tuple[str, str, bool]:
    address = reverse(name, args=[person.pk])
    return str(label), address, request.path == address
