"""Every column that holds sealed values, so that the ring can turn: they are counted by master key, and renewed.

An app registers its own in `AppConfig.ready`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import models

from litemaas.crypto.sealing import CannotOpen, key_name_of, rewrapped, ring

_BATCH = 500


@dataclass(frozen=True)
class SealedColumn:
    """`bound_to(row)` is what the value was sealed for; `row` has the columns of `needs` besides the primary key."""

    model: type[models.Model]
    name: str
    bound_to: Callable[[Any], str]
    needs: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.model._meta.db_table}.{self.name}"

    def rows(self) -> Iterator[Any]:
        """All that hold a value, in batches by primary key."""
        found = (
            self.model._default_manager.exclude(**{self.name: None})
            .order_by("pk")
            .only("pk", self.name, *self.needs)
        )
        last: Any = None
        while batch := list((found.filter(pk__gt=last) if last is not None else found)[:_BATCH]):
            yield from batch
            last = batch[-1].pk

    def sealed_in(self, row: Any) -> list[bytes]:
        return [bytes(getattr(row, self.name))]

    def renew(self, row: Any) -> bool:
        """Whether something was put under the first master key. A change that came first wins. Raises CannotOpen."""
        old = bytes(getattr(row, self.name))
        new = rewrapped(old, bound_to=self.bound_to(row))
        same = self.model._default_manager.filter(pk=row.pk, **{self.name: old})
        return new is not None and bool(same.update(**{self.name: new}))


class SealedPlace(Protocol):
    """Where sealed values are: a column, or something else that can be counted and renewed in the same way."""

    @property
    def label(self) -> str: ...

    def rows(self) -> Iterator[Any]: ...

    def sealed_in(self, row: Any) -> list[bytes]: ...

    def renew(self, row: Any) -> bool: ...


_columns: list[SealedPlace] = []


def register(column: SealedPlace) -> None:
    """Registering again changes nothing."""
    if column.label not in {known.label for known in _columns}:
        _columns.append(column)


def registered() -> list[SealedPlace]:
    return list(_columns)


def count_by_key() -> dict[str, Counter[str]]:
    """How many values each master key still holds, by column."""
    return {
        column.label: Counter(
            key_name_of(sealed) for row in column.rows() for sealed in column.sealed_in(row)
        )
        for column in _columns
    }


@dataclass
class Renewal:
    """`unreadable` names rows that no key of the ring opens."""

    seen: int = 0
    renewed: int = 0
    unreadable: list[str] = field(default_factory=list)


def renew(progress: Callable[[Renewal], None] = lambda _so_far: None) -> Renewal:
    """Put every value under the first master key. May be repeated, interrupted, and run twice at once."""
    ring()
    so_far = Renewal()
    for column in _columns:
        for row in column.rows():
            so_far.seen += 1
            try:
                so_far.renewed += column.renew(row)
            except CannotOpen:
                so_far.unreadable.append(f"{column.label} of {row.pk}")
            if so_far.seen % _BATCH == 0:
                progress(so_far)
    progress(so_far)
    return so_far
