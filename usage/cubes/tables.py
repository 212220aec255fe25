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
}
TYPE_OF = {"user": "uuid", "team": "uuid", "apiKey": "uuid"}
TIME_COLUMN: Mapping[Grain, str] = {"quarter": "bucket", "day": "day", "month": "month"}


@dataclass(frozen=True, slots=True)
class Cube:
    """One family of rollups that agree in their dimensions; `tables` by grain.

    Families without the dimension status hold `successes` and `failures` as measures.
    """

    dimensions: frozenset[str]
    tables: Mapping[Grain, str]
    has_histograms: bool = False

    def answers(self, wanted: Collection[str], *, histograms: bool) -> bool:
        return self.dimensions.issuperset(wanted) and (self.has_histograms or not histograms)


def _cube(dimensions: str, tables: Mapping[Grain, str], *, has_histograms: bool = False) -> Cube:
    return Cube(frozenset(dimensions.split()), tables, has_histograms)


FINE = _cube(
    "user team apiKey model provider status errorClass",
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
    _cube("user", {"day": "usage_user_days", "month": "usage_user_months"}),
    _cube("apiKey user team", {"day": "usage_key_days", "month": "usage_key_months"}),
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
