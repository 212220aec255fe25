"""Pages of the gateway's lists."""

from dataclasses import dataclass
from typing import Any

from litellm_sync.errors import GatewayGarbage

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Keys as /key/list gives them with `return_full_object`:

    `token` (the hash), `key_alias`, `spend`, `models` …
    """

    keys: list[Json]
    total: int
    page: int
    total_pages: int

    @property
    def rows(self) -> list[Json]:
        return self.keys


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rows of a list of users or teams, newest first. `total` counts all pages together."""

    rows: list[Json]
    total: int
    page: int
    total_pages: int


@dataclass(frozen=True, slots=True)
class SpendLogPage:
    """Spend-log rows: one per call, `spend` in US dollars: a float that
    holds all that was written, a Decimal where it could not, an int, or NaN where the gateway wrote that.

    `total_is_capped`: there are more rows than `total` says (1.109 stops counting at 10,000); ask for a
    smaller window.
    """

    rows: list[Json]
    total: int
    page: int
    total_pages: int
    total_is_capped: bool


@dataclass(frozen=True, slots=True)
class DailyActivityPage:
    """Daily sums. A page counts raw rows (day × key × model × provider), not days.

    So one day can be spread over several pages and `totals` are the sums *of this page*: add the pages up.
    """

    results: list[Json]
    totals: Json
    page: int
    total_pages: int

    @property
    def has_more(self) -> bool:
        return self.page < self.total_pages


def objects(value: Any, where: str) -> list[Json]:
    """`value` as a list of JSON objects. Raises GatewayGarbage when it is something else."""
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise GatewayGarbage(f"{where} is not a list of objects")


def list_page(answer: Any, where: str, name: str) -> ListPage:
    """A page of `/user/list` or `/v2/team/list`. Raises GatewayGarbage when it is something else."""
    page = record(answer, where)
    return ListPage(
        rows=objects(page.get(name), f"{where} {name}"),
        total=count(page.get("total"), f"{where} total"),
        page=count(page.get("page"), f"{where} page"),
        total_pages=count(page.get("total_pages"), f"{where} total_pages"),
    )


def count(value: Any, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise GatewayGarbage(f"{where} is not a count")


def record(value: Any, where: str) -> Json:
    """`value` as one JSON object. Raises GatewayGarbage when it is something else."""
    if isinstance(value, dict):
        return value
    raise GatewayGarbage(f"{where} is not an object")
