"""The list of people, for operators."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Case, IntegerField, Value, When
from django.db.models.functions import Lower, NullIf
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import Role, User
from accounts.web.pages import PageRequest, signed_in
from litemaas import errors
from litemaas.web.paging import page_of
from litemaas.web.tables import Column, Table
from portal import roster
from portal.web.people.words import ROLES

READ = "users:read"
PAGE_SIZES = (10, 20, 50, 100)


class PeopleFilter(forms.Form):
    """Wrong values are ignored: an old or mistyped address still shows a list."""

    search = forms.CharField(
        label=_("Search by name or e-mail"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search"}),
    )
    role = forms.ChoiceField(label=_("Role"), required=False, choices=[("", ""), *ROLES.items()])
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", ""), ("active", _("Active")), ("inactive", _("Inactive"))],
    )
    budget = forms.ChoiceField(
        label=_("Budget"),
        required=False,
        choices=[("", ""), ("over", _("Used up")), ("near", _("80 % or more used"))],
    )
    sync = forms.ChoiceField(
        label=_("Gateway"),
        required=False,
        choices=[("", ""), ("error", _("Refused a change")), ("pending", _("Waiting"))],
    )

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.full_clean()

    def wanted(self) -> roster.Wanted:
        chosen: dict[str, Any] = self.cleaned_data
        status = chosen.get("status", "")
        return roster.Wanted(
            search=chosen.get("search", "").strip(),
            role=chosen.get("role", ""),
            is_active=None if not status else status == "active",
            budget=chosen.get("budget", ""),
            sync=chosen.get("sync", ""),
        )


class Row:
    """Somebody as the list shows them; `user` comes from the roster."""

    def __init__(self, user: User) -> None:
        self.user: Any = user

    @property
    def roles(self) -> list[tuple[str, str, bool]]:
        """Code, word, and whether it is one of the administrators' roles."""
        return [(role, str(ROLES.get(role, role)), role.startswith("admin")) for role in self.user.roles]

    @property
    def is_quiet(self) -> bool:
        return not self.user.is_active


# By the highest role: an administrator comes first.
_RANK = Case(
    *(When(roles__contains=[role.value], then=Value(at)) for at, role in enumerate(Role)),
    default=Value(len(Role)),
    output_field=IntegerField(),
)
_ACTIVE_FIRST = Case(When(is_active=True, then=Value(0)), default=Value(1), output_field=IntegerField())
TABLE: Table[Row] = Table(
    "users",
    [
        Column(
            "username", _("User name"), lambda row: row.user.username, order=Lower("username"), is_fixed=True
        ),
        Column("email", _("E-mail"), lambda row: row.user.email, order=Lower(NullIf("email", Value("")))),
        # Without its column the full name stands below the user name.
        Column(
            "name",
            _("Full name"),
            lambda row: row.user.full_name,
            order=Lower(NullIf("full_name", Value(""))),
            is_extra=True,
        ),
        Column("roles", _("Roles"), lambda row: " ".join(row.user.roles), order=_RANK),
        Column("status", _("Status"), lambda row: row.user.is_active, order=_ACTIVE_FIRST),
        Column("seen", _("Last sign-in"), lambda row: row.user.last_login, order="last_login"),
        Column("spend", _("Budget"), lambda row: row.user.spend, order="spend"),
        Column("keys", _("Keys"), lambda row: row.user.live_keys, order="live_keys", numeric=True),
        Column(
            "teams",
            _("Teams"),
            lambda row: row.user.team_count,
            order="team_count",
            numeric=True,
            is_extra=True,
        ),
        Column("limit", _("Limit"), lambda row: row.user.max_budget, order="max_budget", is_extra=True),
        Column("sync", _("Gateway"), lambda row: row.user.sync, order="sync", is_extra=True),
        Column("created", _("Created"), lambda row: row.user.created_at, order="created_at", is_extra=True),
    ],
    sort="username",
)


@require_GET
@signed_in
def people(request: PageRequest) -> HttpResponseBase:
    if not request.user.may(READ):
        raise errors.Forbidden(requiredPermission=READ)
    chosen, table = PeopleFilter(request.GET), TABLE.shown_to(request)
    found = table.sorted(roster.people_seen_by(request.user, chosen.wanted()))
    if table.wants_file:
        return table.file(found, of=_rows)
    page = page_of(found, request.GET, PAGE_SIZES)
    values = {"filter": chosen, "table": table, "page": page, "rows": _rows(page)}
    return render(request, "portal/people/list.html", values)


def _rows(users: Iterable[User]) -> list[Row]:
    return [Row(user) for user in users]
