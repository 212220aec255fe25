"""Daily activity. A page counts raw rows (day × key × model × provider × user or team), not days."""

import math
import re
from collections.abc import Callable, Iterable
from operator import itemgetter

from litellm_sync.simulated.access import Caller
from litellm_sync.simulated.http import Request, refuse_in_detail
from litellm_sync.simulated.ledger import DailyKey, add_metrics
from litellm_sync.simulated.routing import route
from litellm_sync.simulated.shapes import Json, new
from litellm_sync.simulated.state import State

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# Places in a DailyKey.
_USER, _TEAM, _TOKEN, _MODEL, _GROUP, _PROVIDER, _ENDPOINT = range(1, 8)
_BREAKDOWNS = {"models": _MODEL, "model_groups": _GROUP, "providers": _PROVIDER, "endpoints": _ENDPOINT}
Row = tuple[DailyKey, Json]


@route("GET", "/user/daily/activity", audience="self")
def by_user(state: State, caller: Caller, request: Request) -> Json:
    page, size = request.number("page", 1), request.number("page_size", 50, 1000)
    return _paged(state, _rows(state, caller, request), page, size, _USER)


@route("GET", "/user/daily/activity/aggregated", audience="self")
def by_user_at_once(state: State, caller: Caller, request: Request) -> Json:
    rows = _rows(state, caller, request)
    answer = _paged(state, rows, 1, max(1, len(rows)), _USER)
    keys = {key[_TOKEN] for key, _metrics in rows}
    answer["metadata"] |= {"api_key_limit": 100, "total_api_keys": len(keys)}
    return answer


@route("GET", "/team/daily/activity")
def by_team(state: State, caller: Caller, request: Request) -> Json:
    """Only calls with keys of teams."""
    page, size = request.number("page", 1), request.number("page_size", 10)
    teams = [pk for pk in request.query.get("team_ids", "").split(",") if pk]
    rows = [row for row in _rows(state, caller, request) if row[0][_TEAM]]
    rows = [row for row in rows if not teams or row[0][_TEAM] in teams]
    return _paged(state, rows, page, size, _TEAM)


def _rows(state: State, caller: Caller, request: Request) -> list[Row]:
    start, end = request.query.get("start_date"), request.query.get("end_date")
    if not start or not end:
        raise refuse_in_detail(400, {"error": "Please provide start_date and end_date"})
    if not _DATE.fullmatch(start) or not _DATE.fullmatch(end):
        raise refuse_in_detail(400, {"error": "start_date and end_date must be valid YYYY-MM-DD dates"})
    user_id = request.query.get("user_id") if caller.is_admin else caller.user_id or "nobody"
    wanted = {_USER: user_id, _TOKEN: request.query.get("api_key"), _MODEL: request.query.get("model")}
    rows = state.ledger.daily_rows(start, end)
    return [row for row in rows if all(value is None or row[0][at] == value for at, value in wanted.items())]


def _paged(state: State, rows: list[Row], page: int, size: int, entity: int) -> Json:
    chosen = rows[(page - 1) * size : page * size]
    total = _sum(chosen)
    pages = math.ceil(len(rows) / size)
    totals = {f"total_{name.removeprefix('total_')}": value for name, value in total.items()}
    return {
        "results": [
            _day(state, date, chosen, entity) for date in sorted({k[0] for k, _ in chosen}, reverse=True)
        ],
        "metadata": new("daily_totals", **totals, page=page, total_pages=pages, has_more=page < pages),
    }


def _day(state: State, date: str, rows: list[Row], entity: int) -> Json:
    own = [row for row in rows if row[0][0] == date]
    breakdown = {
        "mcp_servers": {},
        **{name: _groups(state, own, itemgetter(at)) for name, at in _BREAKDOWNS.items()},
        "api_keys": _by_key(state, own),
        "entities": _groups(state, own, lambda key: key[entity] or "Unassigned"),
        "guardrails": {},
    }
    return {"date": date, "metrics": _sum(own), "breakdown": breakdown}


def _groups(state: State, rows: list[Row], name_of: Callable[[DailyKey], str]) -> Json:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(name_of(row[0]), []).append(row)
    return {
        name: {"metrics": _sum(part), "metadata": {}, "api_key_breakdown": _by_key(state, part)}
        for name, part in groups.items()
        if name
    }


def _by_key(state: State, rows: list[Row]) -> Json:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[0][_TOKEN], []).append(row)
    return {
        token or "unattributed": {"metrics": _sum(part), "metadata": _about_key(state, token)}
        for token, part in groups.items()
    }


def _about_key(state: State, token: str) -> Json:
    key = state.keys.get(token) or state.archive.get(token) or {}
    user = state.users.get(key.get("user_id") or "") or {}
    return {
        "key_alias": key.get("key_alias") if token else "Unattributed",
        "team_id": key.get("team_id"),
        "user_id": key.get("user_id"),
        "user_email": user.get("user_email"),
        "key_exists": token in state.keys,
    }


def _sum(rows: Iterable[Row]) -> Json:
    return add_metrics(new("daily_metrics"), (metrics for _key, metrics in rows))
