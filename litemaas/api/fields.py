"""Body fields that take no liberties: a number is no name, `true` is no number (contract §1.1)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework import serializers


class Text(serializers.CharField):
    """A JSON string, outer blanks cut off. Always give `max_length`."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Identifier(serializers.UUIDField):
    """A UUID in its usual form; DRF alone makes one of any number."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        found: UUID = super().to_internal_value(data)
        return found


class Whole(serializers.IntegerField):
    """A whole number, or a string of one; within what the database holds unless told otherwise."""

    def __init__(self, *, min_value: int = 0, max_value: int = 2**31 - 1, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)


class Exact(serializers.DecimalField):
    """A number, or a string of one. An empty string is none, and no null either, which would clear a limit."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if isinstance(data, str) and not data.strip():
            self.fail("invalid")
        return super().validate_empty_values(data)


class Amount(Exact):
    """Money with at most ten decimals."""

    def __init__(self, *, max_value: Decimal | int = 1_000_000_000, **kwargs: Any) -> None:
        super().__init__(max_digits=20, decimal_places=10, min_value=0, max_value=max_value, **kwargs)


class Flag(serializers.BooleanField):
    """`true` or `false`, nothing that looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data
