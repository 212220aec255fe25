"""Rows for every table, made from nothing but its columns: a new model is filled by itself.

Values mean nothing, so checks are dropped first, in a transaction that is taken back. What could let somebody in is
filled with a mark that pages must not show.
"""

import hashlib
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from accounts.audit.partitions import ensure_month
from usage.partitions import ensure_partitions

ROWS = 50
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
# Wider than the rule of the pages, so that it is no copy of it.
_SECRET = re.compile(
    r"secret|sealed|token|hash|digest|salt|password|signature|session_key|fingerprint|gateway_id"
)
# What bears such a name and is public.
_PUBLIC = {"secret_prefix", "secret_suffix"}
_CHECKS = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE contype = 'c' AND coninhcount = 0 AND connamespace = 'public'::regnamespace
"""


def is_secret(field: Any) -> bool:
    if isinstance(field, models.BinaryField):
        return True
    return bool(_SECRET.search(field.name)) and field.name not in _PUBLIC and _is_text(field)


def _is_text(field: Any) -> bool:
    return isinstance(field, models.CharField | models.TextField) and not field.choices


def marks_of(model: type[models.Model], number: int) -> list[str]:
    """What must not be on a page that shows row `number`."""
    return [_mark(model, field, number) for field in model._meta.concrete_fields if is_secret(field)]


def _mark(model: type[models.Model], field: Any, number: int) -> str:
    length = min(getattr(field, "max_length", None) or 64, 64)
    return hashlib.sha256(f"{model._meta.label}.{field.name}.{number}".encode()).hexdigest()[:length]


class Filled:
    """`rows[model]` are the fifty rows of a model."""

    def __init__(self, kinds: list[type[models.Model]]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_CHECKS)
            for table, name in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        ensure_month(NOW)
        ensure_partitions([NOW])
        self.rows: dict[type[models.Model], list[models.Model]] = {}
        for model in kinds:
            self._fill(model)

    def _fill(self, model: type[models.Model]) -> list[models.Model]:
        if model not in self.rows:
            self.rows[model] = []
            fields = [
                f
                for f in model._meta.concrete_fields
                if not isinstance(f, models.AutoField | models.BigAutoField)
            ]
            made = [model(**{f.attname: self._value(model, f, n) for f in fields}) for n in range(ROWS)]
            # Where a column that must differ has few values, there are fewer.
            model._base_manager.bulk_create(made, ignore_conflicts=True)
            self.rows[model] = list(model._base_manager.order_by("pk")[:ROWS])
        return self.rows[model]

    def _value(self, model: type[models.Model], field: Any, number: int) -> Any:
        if field.remote_field:
            there = self._fill(field.related_model)
            # A row that names its own kind names nothing.
            return there[number % len(there)].pk if there else None
        if is_secret(field):
            mark = _mark(model, field, number)
            return mark.encode() if isinstance(field, models.BinaryField) else mark
        return _plain(field, number)


def _plain(field: Any, number: int) -> Any:
    if field.choices:
        return field.choices[number % len(field.choices)][0]
    if isinstance(field, ArrayField):
        return [_plain(field.base_field, number)]
    for kind, value in _BY_KIND:
        if isinstance(field, kind):
            return value(number)
    length = field.max_length or 100
    return f"{field.name} {number}"[-length:]


_BY_KIND: tuple[tuple[Any, Any], ...] = (
    (models.UUIDField, lambda n: uuid.UUID(int=n + 1000)),
    (models.BooleanField, lambda n: n % 2 == 0),
    (models.DateTimeField, lambda n: NOW + timedelta(minutes=n)),
    (models.DateField, lambda n: date(2026, 1, 1) + timedelta(days=n)),
    (models.DecimalField, lambda n: Decimal(n)),
    (models.IntegerField, lambda n: n + 1),
    (models.JSONField, lambda n: {}),
    (models.GenericIPAddressField, lambda n: f"192.0.2.{n}"),
)


def kinds() -> list[type[models.Model]]:
    """Every model of the program."""
    return [model for model in apps.get_models() if not model._meta.proxy]
