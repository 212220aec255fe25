"""Rows that are named by an id alone, without a foreign key: whose name they bear is asked once for a page."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html

# The label of the model whose row it is; None for a kind that has none.
Refers = Callable[[Any], str | None]
# What the gateway knows, by the names that its kinds have here.
KINDS = {
    "user": "accounts.User",
    "team": "teams.Team",
    "member": "teams.Member",
    "key": "apikeys.ApiKey",
    "model": "catalog.ManagedDeployment",
}
_NOBODY = UUID(int=0)
# Of a row that is gone, and of one whose name was not asked for.
_SHOWN = 8


def to(label: str) -> Refers:
    return lambda row: label


def by_kind(row: Any) -> str | None:
    return KINDS.get(row.kind)


def gather(rows: Iterable[Any], columns: dict[str, Refers]) -> None:
    """Ask for the names behind the ids in these rows: one statement for each kind of them."""
    wanted: dict[str, set[Any]] = {}
    rows = list(rows)
    for row in rows:
        row._referred = {}
        for name, refers in columns.items():
            label, key = refers(row), getattr(row, name)
            if label and key:
                wanted.setdefault(label, set()).add(key)
    names = {label: _names(label, keys) for label, keys in wanted.items()}
    for row in rows:
        row._referred = names


def _names(label: str, keys: set[Any]) -> dict[str, str]:
    model: Any = apps.get_model(label)
    page: Any = admin.site._registry[model]
    related = page.list_select_related
    rows = model._base_manager.filter(pk__in=[key for key in keys if _is_key(model, key)])
    if isinstance(related, list | tuple):
        rows = rows.select_related(*related)
    return {str(row.pk): page.title_of(row) for row in rows}


def title_of(row: Model) -> str:
    """What the row is called on these pages."""
    page: Any = admin.site._registry.get(type(row))
    return page.title_of(row) if page else str(row)


def _is_key(model: Any, key: Any) -> bool:
    try:
        model._meta.pk.to_python(key)
    except ValidationError:
        return False
    return True


def shown(row: Any, label: str | None, key: Any) -> Any:
    """The name, with a link to the row's page here; of a row that is gone the beginning of its id."""
    if key == _NOBODY:
        return None
    if not label:
        return str(key)
    if label not in (referred := row.__dict__.get("_referred", {})):
        referred = {label: _names(label, {key})}
    name = referred[label].get(str(key))
    if name is None:
        return str(key) if len(str(key)) <= _SHOWN else f"{str(key)[:_SHOWN]}…"
    return format_html('<a href="{}">{}</a>', address_of(apps.get_model(label), key), name)


def address_of(model: type[Model], key: Any) -> str | None:
    """Of a row's page here; None where it has none."""
    if model not in admin.site._registry:
        return None
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(key)])
