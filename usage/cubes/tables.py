"""Which rollups there are, and which of them can answer a question with the fewest rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from usage.cubes.covers import Grain

COLUMN_OF = {
    "user": "user_id",
    "team": "team_id",
    "apiKey": "api_key_id",
    "model": "model",
    "provider": "provider",
    "status": "status",
    "errorClass": "error_class",
    "costCenter": "cost_center",
}
TYPE_OF = {"user": "uuid", "team": "uuid", "apiKey": "uuid"}
TIME_COLUMN: Mapping[Grain, str] = {"quarter": "bucket", "day": "day", "month": "month"}


@dataclass(frozen=True, slots=True)
class Cube:
    """One family of rollups that agree in their dimensions; `tables` by grain.

    Families without the dimension status hold `successes` and `failures` as measures. `has_many_rows`: of a time it has
    thousands of rows, which are read from their pages in the order they lie in.
    """

    dimensions: frozenset[str]
    tables: Mapping[Grain, str]
    has_histograms: bool = False
    has_many_rows: bool = False

    def when(self, grain: Grain) -> str:
        """SQL of a row's time, to be compared with.

        The primary key begins with it and would be the planner's choice: it takes its rows to lie in its order. They lie
        in the order in which people came. Of the sum only the BRIN index of these tables knows.
        """
        return f"({TIME_COLUMN[grain]} + 0)" if self.has_many_rows else TIME_COLUMN[grain]

    def answers(self, wanted: Collection[str], *, histograms: bool) -> bool:
        return self.dimensions.issuperset(wanted) and (self.has_histograms or not histograms)


def _cube(
    dimensions: str, tables: Mapping[Grain, str], *, has_histograms: bool = False, has_many_rows: bool = False
) -> Cube:
    return Cube(frozenset(dimensions.split()), tables, has_histograms, has_many_rows)


FINE = _cube(
    "user team apiKey model provider status errorClass costCenter",
    {
        "quarter": "usage_quarters t JOIN usage_series s ON s.id = t.series_id",
        "day": "usage_days t JOIN usage_series s ON s.id = t.series_id",
        "month": "usage_months t JOIN usage_series s ON s.id = t.series_id",
    },
    has_histograms=True,
)
# The coarsest first: the first one that can answer is the cheapest.
_COARSE = (
    _cube(
        "status",
        {"quarter": "usage_total_quarters", "day": "usage_total_days", "month": "usage_total_months"},
        has_histograms=True,
    ),
    _cube("team", {"day": "usage_team_days", "month": "usage_team_months"}),
    _cube(
        "model provider status errorClass",
        {"day": "usage_model_days", "month": "usage_model_months"},
        has_histograms=True,
    ),
    _cube("user", {"day": "usage_user_days", "month": "usage_user_months"}, has_many_rows=True),
    _cube("apiKey user team", {"day": "usage_key_days", "month": "usage_key_months"}, has_many_rows=True),
)


def cube_for(grain: Grain, wanted: Collection[str], *, histograms: bool, is_narrow: bool) -> Cube:
    """The smallest family that keeps these dimensions in this grain.

    `is_narrow`: only the rows of some people or keys are wanted. The fine rollups find those by their series; the
    coarse ones are kept by time, for questions about everybody.
    """
    for cube in () if is_narrow else _COARSE:
        if grain in cube.tables and cube.answers(wanted, histograms=histograms):
            return cube
    return FINE
