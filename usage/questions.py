"""A question to the ledger: whose usage, when, and of what."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from usage.periods import Period
from usage.scopes import Scope

# The dimensions by which usage is split and narrowed, as the API names them.
DIMENSIONS = ("user", "team", "apiKey", "model", "provider", "status", "errorClass", "costCenter")
Value = UUID | str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Exact values. Empty means no restriction; None among the values means "not known"."""

    user: Sequence[UUID | None] = ()
    team: Sequence[UUID | None] = ()
    apiKey: Sequence[UUID | None] = ()
    model: Sequence[str] = ()
    provider: Sequence[str] = ()
    status: Sequence[str] = ()
    errorClass: Sequence[str] = ()
    costCenter: Sequence[str] = ()

    def of(self, dimension: str) -> Sequence[Value]:
        values: Sequence[Value] = getattr(self, dimension)
        return values

    @property
    def used(self) -> list[str]:
        return [dimension for dimension in DIMENSIONS if self.of(dimension)]


@dataclass(frozen=True, slots=True)
class Question:
    scope: Scope
    period: Period
    filters: Filters = field(default_factory=Filters)

    @property
    def is_narrow(self) -> bool:
        """Whether only the rows of some people or keys are asked for."""
        return self.scope.user_id is not None or bool(self.filters.user or self.filters.apiKey)

    @property
    def before(self) -> "Question":
        """The same of the period directly before."""
        return replace(self, period=self.period.before)

    def narrowed(self, **values: Sequence[Any]) -> "Question":
        """The same of these values only; they must lie within the filters that are there."""
        return replace(self, filters=replace(self.filters, **values))
