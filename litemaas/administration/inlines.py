"""Rows that belong to another one, to be seen beside it."""

from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import Media
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse

from litemaas.administration import referring
from litemaas.administration.columns import Columns
from litemaas.administration.hiding import is_hidden


class _FirstRows(BaseInlineFormSet):  # type: ignore[type-arg]
    """Of thousands of rows the page shows the first; all are in their own list."""

    LONGEST = 50

    def get_queryset(self) -> Any:
        if not hasattr(self, "_shown"):
            self._shown = super().get_queryset()[: self.LONGEST]
            for row in self._shown:
                row.admin_address = referring.address_of(self._rows_of, row.pk)
        return self._shown

    @property
    def _rows_of(self) -> type[Model]:
        assert self.model is not None  # noqa: S101 - Django names it when it makes the class
        return self.model

    @property
    def address(self) -> str | None:
        """Of the list of all of them; None where only this page shows them."""
        if self._rows_of not in admin.site._registry:
            return None
        meta = self._rows_of._meta
        listed = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        return (
            f"{listed}?{urlencode({f'{self.fk.name}__{self.fk.target_field.name}__exact': self.instance.pk})}"
        )


class ReadOnlyInline(Columns, admin.TabularInline[Any, Any]):
    """Rows that belong to another one, to be seen beside it."""

    extra = 0
    can_delete = False
    show_change_link = True
    template = "admin/edit_inline/rows.html"
    formset = _FirstRows
    # What the rows and their names name, so that it takes one statement.
    select_related: ClassVar[tuple[str, ...]] = ()

    @property
    def media(self) -> Media:
        return Media()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.select_related) if self.select_related else rows

    @cached_property
    def shown(self) -> list[Any]:
        """Every column but those that nobody may see, or those that are named."""
        columns = self.columns("beside")
        names = self.fields or [
            f.name for f in self.opts.concrete_fields if not is_hidden(f) and not f.primary_key
        ]
        return [columns.get(name, name) for name in names]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
