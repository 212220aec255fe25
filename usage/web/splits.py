"""Everybody's usage split by one dimension, a page at a time or whole as a file."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import is_valid_path, reverse
from django.utils.translation import gettext as _

from litemaas.web.paging import USUAL_SIZES, page_of
from usage import breakdowns
from usage.breakdowns import Slice
from usage.cubes.answers import Order, groups_of, ranking
from usage.figures import Figures
from usage.models import NOBODY
from usage.naming import UserName, user_names
from usage.questions import Question
from usage.web.tables import EVERYBODY, MEASURE_OF, Listed, Row, day_row

_ROWS_AT_ONCE = 500
_FARTHEST = 1_000_000
Part = tuple[list[Row], int]


def listed(
    request: HttpRequest, tab: str, question: Question, now: datetime
) -> Listed | StreamingHttpResponse:
    shown = EVERYBODY[tab].shown_to(request)
    order = Order(MEASURE_OF[shown.sort.removeprefix("-")], descending=shown.sort.startswith("-"))
    if shown.wants_file:
        return shown.file(_all(tab, question, order, now))
    size, number = _asked(request)
    rows, count = _SPLITS[tab](question, Slice(order, size, (number - 1) * size), now)
    page: Page[Any] = page_of(range(count), request.GET)
    if page.number != number:
        # Beyond the end is the last page.
        rows, _count = _SPLITS[tab](question, Slice(order, size, (page.number - 1) * size), now)
    return Listed(shown, page, rows)


def _asked(request: HttpRequest) -> tuple[int, int]:
    """Rows of a page, and its number, before anybody knows how many there are."""
    size, number = request.GET.get("page_size", ""), request.GET.get("page", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 8
    return (
        int(size) if size in {str(one) for one in USUAL_SIZES} else USUAL_SIZES[0],
        min(max(int(number), 1), _FARTHEST) if is_number else 1,
    )


def _all(tab: str, question: Question, order: Order, now: datetime) -> Iterator[Row]:
    first, count = 0, 1
    while first < count:
        rows, count = _SPLITS[tab](question, Slice(order, _ROWS_AT_ONCE, first), now)
        yield from rows
        first += _ROWS_AT_ONCE


def top_users(question: Question, limit: int, now: datetime) -> Part:
    """The dearest ones, and how many there are with what is nobody's."""
    return _by_user(question, Slice(Order("cost"), limit), now)


def _by_user(question: Question, part: Slice, now: datetime) -> Part:
    page = ranking(question, "user", now=now, order=part.order, limit=part.limit, offset=part.first)
    ids = list(page.values)
    if not ids:
        return [], page.total
    groups = groups_of(question.narrowed(user=ids), ("user",), now=now)
    figures, names = {group.labels[0]: group.figures for group in groups}, user_names(ids)
    address = _page_of_people()
    rows = [
        Row(
            _shown(names[pk]),
            figures.get(pk, Figures()),
            "" if names[pk].id == NOBODY or not address else f"{address}{names[pk].id}",
            email=names[pk].email,
            note=_("Service keys of teams, and keys that the portal does not know") if pk == NOBODY else "",
        )
        for pk in ids
    ]
    return rows, page.total


def _shown(user: UserName) -> str:
    return _("Unknown user") if user.id == NOBODY else user.username


def _page_of_people() -> str:
    """Where the pages of people are, which an app above this one has; empty where there is none."""
    address = "/operations/users/"
    return address if is_valid_path(f"{address}{NOBODY}") else ""


def _by_model(question: Question, part: Slice, now: datetime) -> Part:
    found = breakdowns.by_model(question, part, now=now)
    return [
        Row(line.model or _("Unknown model"), line.figures, provider=line.provider, users=line.users)
        for line in found.rows
    ], found.total


def _by_provider(question: Question, part: Slice, now: datetime) -> Part:
    found = breakdowns.by_provider(question, part, now=now)
    return [
        Row(line.provider or _("Unknown"), line.figures, users=line.users, models=line.models)
        for line in found.rows
    ], found.total


def _by_team(question: Question, part: Slice, now: datetime) -> Part:
    found = breakdowns.by_team(question, part, now=now)
    return [
        Row(
            line.name or _("Unknown"),
            line.figures,
            "" if line.team_id == NOBODY or not line.name else reverse("team", args=[line.team_id]),
            users=line.users,
        )
        for line in found.rows
    ], found.total


def _by_key(question: Question, part: Slice, now: datetime) -> Part:
    found = breakdowns.by_key(question, part, now=now)
    return [
        Row(
            line.key.name if line.key else _("Unknown key"),
            line.figures,
            reverse("api_key", args=[line.key.id]) if line.key else "",
            email=_("The team (service key)") if line.key and not line.key.user_id else _shown(line.user),
        )
        for line in found.rows
    ], found.total


def _by_day(question: Question, part: Slice, now: datetime) -> Part:
    found, quality = breakdowns.by_day(question, part, now=now)
    return [day_row(line.day, line.figures, quality, line.users) for line in found.rows], found.total


_SPLITS: Mapping[str, Callable[[Question, Slice, datetime], Part]] = {
    "user": _by_user,
    "model": _by_model,
    "provider": _by_provider,
    "team": _by_team,
    "key": _by_key,
    "day": _by_day,
}
