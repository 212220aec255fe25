"""The list of people, as one statement of plain rows."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Lookup, Q, QuerySet
from django.db.models.functions import Upper
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from accounts.permissions import ADMIN_READONLY, ROLES
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import Listing
from litemaas.api.statements import Json, Values, run_prepared

SORTS = {"username": "username", "email": "email", "createdAt": "created_at", "lastLoginAt": "last_login"}
_COLUMNS = ("id", "username", "email", "full_name", "roles", "is_active", "last_login", "created_at")
_WILD = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


@dataclass(frozen=True, slots=True)
class _Shape:
    role: str
    is_active: bool | None
    sort: str
    is_ascending: bool


class _Holds(Lookup):
    """`upper(column) LIKE upper(pattern)`, as `icontains` writes it, with a pattern that reaches the database as it is:
    so one statement serves every search, by the same index."""

    lookup_name = "holds"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        column, names = self.process_lhs(compiler, connection)
        return f"{column} LIKE upper(%s)", (*names, self.rhs)


def page(request: Request) -> Json:
    """The page of `GET /users` that the query asks for."""
    role = params.text(request, "role")
    if role and role_of(role) not in ROLES:
        raise errors.InvalidInput(fields={"role": f"role must be one of {', '.join(ROLES)}."})
    shape = _Shape(
        role=role_of(role),
        is_active=params.boolean(request, "isActive", None),
        sort=SORTS[params.choice(request, "sortBy", tuple(SORTS), "createdAt")],
        is_ascending=params.choice(request, "sortOrder", ("asc", "desc"), "desc") == "asc",
    )
    values: dict[str, Any] = {}
    actor = actor_of(request)
    if not actor.sees_everything:
        values["actor"] = actor.pk
    if term := params.text(request, "search"):
        values["pattern"] = f"%{term.translate(_WILD)}%"
    return _LISTING.page(request, shape, values, lambda rows: [_listed(row) for row in rows])


def names() -> tuple[str, int]:
    """Everybody's id and names, for filters, as JSON that the database writes; and how many they are."""
    ((text, count),) = run_prepared(_NAMES, [])
    return f"[{text}]", count


def role_of(text: str) -> str:
    """Also the alias that older clients send."""
    return ADMIN_READONLY if text == "adminReadonly" else text


def _filtered(shape: _Shape, values: Values) -> QuerySet[User]:
    """People only: service accounts are the business of what they serve."""
    rows = User.objects.filter(is_service=False)
    if "actor" in values:
        rows = rows.filter(pk=values["actor"])
    if "pattern" in values:
        found = Q()
        for column in ("username", "email", "full_name"):
            found |= Q(_Holds(Upper(column), values["pattern"]))
        rows = rows.filter(found)
    if shape.role:
        rows = rows.filter(roles__contains=[shape.role])
    if shape.is_active is not None:
        rows = rows.filter(is_active=shape.is_active)
    by = F(shape.sort)
    order = by.asc(nulls_first=True) if shape.is_ascending else by.desc(nulls_last=True)
    ordered: QuerySet[User] = rows.order_by(order, "id")
    return ordered


def _listed(row: Json) -> Json:
    return {
        "id": row["id"],
        "username": row["username"],
        "email": row["email"],
        "fullName": row["full_name"] or None,
        "roles": row["roles"],
        "createdAt": row["created_at"],
        "isActive": row["is_active"],
        "lastLoginAt": row["last_login"],
    }


_LISTING = Listing(_filtered, lambda _shape, rows: rows.values(*_COLUMNS))
_NAMES = """
    SELECT coalesce(string_agg(row_to_json(named)::text, ',' ORDER BY username, "userId"), ''), count(*)
    FROM (SELECT id AS "userId", username, email FROM users WHERE NOT is_service) named
"""
