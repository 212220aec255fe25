"""Usage as tables: by model, key, user and so on, each with the same measures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.core.paginator import Page
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from litemaas.web.paging import page_of
from litemaas.web.tables import Column, Shown, Table
from usage.figures import Figures, grouped
from usage.naming import key_names
from usage.quality import Coverage
from usage.web.facts import Facts, OwnFacts

# The first ones stand on the page itself; the rest is a tab away.
FEW = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A line of any of these tables; what a table has no column for stays empty. `email` is a person's. `differs`: a day
    whose figures the gateway's own sums contradict. `note` says what a name without a page of its own stands for."""

    name: str
    figures: Figures
    href: str = ""
    provider: str = ""
    email: str = ""
    users: int | None = None
    models: int | None = None
    differs: bool = False
    note: str = ""

    def measure(self, by: str) -> Any:
        value = getattr(self.figures, by)
        return -1 if value is None else value


def _figure(name: str) -> Callable[[Row], Any]:
    return lambda row: getattr(row.figures, name)


_MEASURES = {
    "requests": ("requests", gettext_lazy("Requests")),
    "prompt": ("prompt_tokens", gettext_lazy("Prompt tokens")),
    "completion": ("completion_tokens", gettext_lazy("Completion tokens")),
    "tokens": ("total_tokens", gettext_lazy("Total tokens")),
    "cost": ("cost", gettext_lazy("Cost")),
    "success": ("success_rate", gettext_lazy("Success rate")),
}
# What a heading sorts by, as the ledger calls it.
MEASURE_OF = {"name": "label", **{name: measure for name, (measure, _title) in _MEASURES.items()}}


def _table(name: str, title: Any, *extra: Column[Row], sort: str = "-cost") -> Table[Row]:
    columns: list[Column[Row]] = [
        Column("name", title, lambda row: row.name, order="label", is_fixed=True),
        *extra,
        *(
            Column(key, text, _figure(measure), order=measure, numeric=True, is_extra=key == "success")
            for key, (measure, text) in _MEASURES.items()
        ),
    ]
    return Table(f"usage-by-{name}", columns, sort=sort)


_USERS: Column[Row] = Column("users", gettext_lazy("Users"), lambda row: row.users, numeric=True)
_PROVIDER: Column[Row] = Column("provider", gettext_lazy("Provider"), lambda row: row.provider)
_EMAIL: Column[Row] = Column("email", gettext_lazy("E-mail"), lambda row: row.email, is_extra=True)
_OWNER: Column[Row] = Column("owner", gettext_lazy("User"), lambda row: row.email)
_MODELS: Column[Row] = Column("models", gettext_lazy("Models"), lambda row: row.models, numeric=True)

OWN: Mapping[str, Table[Row]] = {
    "model": _table("model", gettext_lazy("Model"), _PROVIDER),
    "key": _table("key", gettext_lazy("API key")),
    "day": _table("day", gettext_lazy("Day"), sort="-name"),
    "member": _table("member", gettext_lazy("User"), _EMAIL),
}
EVERYBODY: Mapping[str, Table[Row]] = {
    "user": _table("user", gettext_lazy("User"), _EMAIL),
    "model": _table("model", gettext_lazy("Model"), _PROVIDER, _USERS),
    "provider": _table("provider", gettext_lazy("Provider"), _MODELS, _USERS),
    "team": _table("team", gettext_lazy("Team"), _USERS),
    "key": _table("key", gettext_lazy("API key"), _OWNER),
    "day": _table("day", gettext_lazy("Day"), _USERS, sort="-name"),
}


def by_model(facts: Facts) -> list[Row]:
    return [
        Row(name or _("Unknown model"), figures, provider=facts.providers.get(name, ""))
        for name, figures in facts.models.items()
    ]


def by_key(facts: OwnFacts, linked: Callable[[Any], bool] = lambda _key: True) -> list[Row]:
    """`linked` tells whether the reader has a page of a key."""
    sums = grouped(facts.lines, lambda line: line.api_key_id)
    names = key_names(sums)
    found = []
    for pk, figures in sums.items():
        key = names.get(pk) if pk else None
        href = reverse("api_key", args=[key.id]) if key and linked(key) else ""
        found.append(Row(key.name if key else _("Unknown key"), figures, href))
    return found


def by_day(facts: Facts, quality: Coverage) -> list[Row]:
    """Every day of the period, but those that were not read."""
    gone = set(quality.missing_days)
    return [
        day_row(day, facts.days.get(day, Figures()), quality)
        for day in facts.question.period
        if day in facts.days or day not in gone
    ]


def day_row(day: date, figures: Figures, quality: Coverage, users: int | None = None) -> Row:
    return Row(day.isoformat(), figures, users=users, differs=quality.by_day.get(day) == "differs")


def first_of(rows: list[Row]) -> list[Row]:
    """The dearest ones."""
    return sorted(rows, key=lambda row: (-row.figures.cost, -row.figures.requests, row.name))[:FEW]


def in_order(rows: list[Row], shown: Shown[Row]) -> list[Row]:
    by = MEASURE_OF[shown.sort.removeprefix("-")]
    is_down = shown.sort.startswith("-")
    if by == "label":
        return sorted(rows, key=lambda row: row.name.lower(), reverse=is_down)
    # Ties in the order of the names, whichever way round.
    return sorted(sorted(rows, key=lambda row: row.name), key=lambda row: row.measure(by), reverse=is_down)


@dataclass(frozen=True)
class Listed:
    """A table, and the page of it that the address asks for."""

    table: Shown[Row]
    page: Page[Any]
    rows: Sequence[Row]


def listed(request: HttpRequest, table: Table[Row], rows: list[Row]) -> Listed | StreamingHttpResponse:
    """The page of a list that is at hand, or the whole of it as a file."""
    shown = table.shown_to(request)
    ordered = in_order(rows, shown)
    if shown.wants_file:
        return shown.file(ordered)
    page = page_of(cast("Any", ordered), request.GET)
    return Listed(shown, page, list(page))
