"""Reading the record: pages, totals and files that stay quick however long it gets."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.core.cache import cache
from django.db import connection
from redis.exceptions import RedisError

Json = dict[str, Any]
# Up to here a total is counted for each page; a longer one is counted once and kept. One of a search takes longest.
_COUNTED = 10_000
_QUICK = 200
_KEPT_SECONDS, _KEPT_SEARCH_SECONDS = 30, 300
_KINDS_SECONDS = 60
CATEGORIES = (
    *("AUTH", "SECURITY", "API_KEY", "API_KEY_OPERATION", "SUBSCRIPTION", "USER", "MODEL", "TEAM"),
    *("SYSTEM_SETTINGS", "USAGE_LOG", "API_ACCESS", "backup", "BANNER", "BRANDING"),
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for; None and empty mean "all". `since` and `until` are [since, until)."""

    actions: tuple[str, ...] = ()
    resource_type: str = ""
    without_types: tuple[str, ...] = ()
    user_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""
    success: bool | None = None

    def conditions(self) -> tuple[str, list[Any]]:
        """SQL over `e`, and its parameters."""
        found: list[tuple[str, Any]] = []
        if self.actions:
            found.append(("e.action = ANY(%s)", list(self.actions)))
        if self.resource_type:
            found.append(("e.resource_type = %s", self.resource_type))
        if self.without_types:
            found.append(("e.resource_type <> ALL(%s)", list(self.without_types)))
        if self.user_id:
            found.append(("e.actor_id = %s", self.user_id))
        if self.since:
            found.append(("e.at >= %s", self.since))
        if self.until:
            found.append(("e.at < %s", self.until))
        if self.search:
            found.append((f"{_SEARCHED} LIKE upper(%s)", f"%{_escaped(self.search)}%"))
        if self.success is not None:
            found.append(("e.success = %s", self.success))
        return " AND ".join(sql for sql, _value in found) or "true", [value for _sql, value in found]


# The expression of the index `audit_search`, letter for letter.
_SEARCHED = "upper(e.action || ' ' || e.resource_id || ' ' || e.metadata::text)"
_WILD = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def _escaped(text: str) -> str:
    return text.translate(_WILD)


_COLUMNS = (
    *(
        "id",
        "at",
        "userId",
        "username",
        "email",
        "action",
        "resourceType",
        "resourceId",
        "success",
        "errorMessage",
    ),
    *("metadata", "oldValues", "newValues", "ipAddress", "userAgent", "requestId", "authMethod"),
)
_SELECT = """SELECT e.id, e.at, e.actor_id, e.actor_name, u.email, e.action, e.resource_type, e.resource_id, e.success,
    e.error_message, e.metadata, e.old_values, e.new_values, host(e.ip_address), e.user_agent, e.request_id, e.credential
    FROM (SELECT * FROM audit_logs e WHERE {where} ORDER BY e.at DESC, e.id DESC LIMIT %s OFFSET %s) e
    LEFT JOIN users u ON u.id = e.actor_id ORDER BY e.at DESC, e.id DESC"""


def page(asked: Filter, *, limit: int, offset: int) -> list[Json]:
    """Rows, newest first, with the names of the contract (§16)."""
    where, values = asked.conditions()
    with connection.cursor() as cursor:
        cursor.execute(_SELECT.format(where=where), [*values, limit, offset])
        return [_present(row) for row in cursor.fetchall()]


# Of whoever they are about, this many of the newest are listed.
MOST_ABOUT = 1_000
_ABOUT = """WITH k AS MATERIALIZED ({arms} ORDER BY at DESC, id DESC LIMIT {most})
    SELECT e.id, e.at, e.actor_id, e.actor_name, u.email, e.action, e.resource_type, e.resource_id, e.success,
    e.error_message, e.metadata, e.old_values, e.new_values, host(e.ip_address), e.user_agent, e.request_id, e.credential,
    (SELECT count(*) FROM k)
    FROM (SELECT * FROM k ORDER BY at DESC, id DESC LIMIT %s OFFSET %s) p
    JOIN audit_logs e ON e.id = p.id AND e.at = p.at
    LEFT JOIN users u ON u.id = e.actor_id ORDER BY e.at DESC, e.id DESC"""
_ARM = "(SELECT e.id, e.at FROM audit_logs e WHERE {where} ORDER BY e.at DESC, e.id DESC LIMIT {most})"


def page_about(
    user_id: UUID, objects: Mapping[str, Sequence[str]], *, limit: int, offset: int
) -> tuple[list[Json], int]:
    """What somebody did and what was done to them and to their `objects` (type → ids), newest first, without API
    requests; and how many there are, at most MOST_ABOUT. Each part comes from its own index: one statement."""
    parts: list[tuple[str, list[Any]]] = [
        ("e.actor_id = %s AND e.resource_type <> 'API_ACCESS'", [user_id]),
        ("e.resource_type = 'USER' AND e.resource_id = %s", [str(user_id)]),
    ]
    parts += [
        ("e.resource_type = %s AND e.resource_id = ANY(%s)", [kind, list(ids)])
        for kind, ids in objects.items()
        if ids
    ]
    arms = " UNION ".join(_ARM.format(where=where, most=MOST_ABOUT) for where, _values in parts)
    values = [value for _where, values in parts for value in values]
    with connection.cursor() as cursor:
        cursor.execute(_ABOUT.format(arms=arms, most=MOST_ABOUT), [*values, limit, offset])
        rows = cursor.fetchall()
    return [_present(row[:-1]) for row in rows], int(rows[0][-1]) if rows else 0


def _present(row: tuple[Any, ...]) -> Json:
    found = dict(zip(_COLUMNS, row, strict=True))
    found["createdAt"] = found.pop("at")
    for name in ("metadata", "oldValues", "newValues"):
        found[name] = orjson.loads(found[name]) if found[name] is not None else None
    for name in ("username", "email", "resourceId", "errorMessage", "userAgent", "requestId", "authMethod"):
        found[name] = found[name] or None
    return found


def total(asked: Filter) -> int:
    """How many rows there are; of a long list, how many there were a moment ago."""
    where, values = asked.conditions()
    key = f"audit-total:{hashlib.sha256(repr(astuple(asked)).encode()).hexdigest()}"
    if (kept := _recall(key)) is not None:
        return int(kept)
    few = f"SELECT FROM audit_logs e WHERE {where} LIMIT {_COUNTED + 1}"
    counted = _scalar(f"SELECT count(*) FROM ({few}) AS few", values)  # noqa: S608
    if asked.search and counted > _QUICK:
        # Each of the rows had to be looked at; whoever turns the pages should not pay for that again and again.
        _remember(key, counted, _KEPT_SECONDS)
    if counted > _COUNTED:
        counted = _scalar(f"SELECT count(*) FROM audit_logs e WHERE {where}", values)  # noqa: S608
        _remember(key, counted, _KEPT_SEARCH_SECONDS if asked.search else _KEPT_SECONDS)
    return counted


def actions(*, resource_type: str = "", without_types: tuple[str, ...] = ()) -> list[str]:
    """The action codes that occur, sorted."""
    return sorted(
        {
            action
            for action, kind in _kinds()
            if (not resource_type or kind == resource_type) and kind not in without_types
        }
    )


def categories() -> list[str]:
    """The contract's, and whatever else occurs."""
    return [*CATEGORIES, *sorted({kind for _action, kind in _kinds() if kind} - set(CATEGORIES))]


def _kinds() -> list[tuple[str, str]]:
    """Which actions there are on which types. Kept for a minute: they are few, and read from all rows."""
    if (kept := _recall("audit-kinds")) is not None:
        return [(action, kind) for action, kind in kept]
    with connection.cursor() as cursor:
        cursor.execute("SELECT action, resource_type FROM audit_logs GROUP BY 1, 2")
        kinds: list[tuple[str, str]] = cursor.fetchall()
    _remember("audit-kinds", kinds, _KINDS_SECONDS)
    return kinds


def _scalar(sql: str, values: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _recall(key: str) -> Any:
    """Without Valkey everything is counted anew."""
    try:
        return cache.get(key)
    except RedisError:
        return None


def _remember(key: str, value: Any, seconds: int) -> None:
    try:
        cache.set(key, value, seconds)
    except RedisError:
        return
