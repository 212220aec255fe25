"""How rows are listed and shown that only use cases change."""

import csv
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.forms import Media
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse

from litemaas.administration.acting import may_act
from litemaas.administration.hiding import is_hidden
from litemaas.administration.searching import BriefPaginator, holding, words_of
from litemaas.cells import cell


class _Line:
    """What a CSV writer writes to: it gives the line back."""

    def write(self, line: str) -> str:
        return line


class Listed(admin.ModelAdmin[Any]):
    """Lists that stay quick with millions of rows, as a file too, and linked with the portal."""

    show_full_result_count = False
    # Each count beside a filter is a pass over the table.
    show_facets = admin.ShowFacets.NEVER
    paginator = BriefPaginator
    list_per_page = 50
    actions_selection_counter = True
    change_list_template = "admin/rows.html"
    # The portal's page of a row: the name of its address, and the place in it that the row's key takes.
    in_portal: ClassVar[tuple[str, str] | None] = None
    # What one row is called, and several: said by these pages alone, so it is no business of a migration.
    named: ClassVar[tuple[Any, Any] | None] = None
    # What an index of `search_fields` leads with, so that it can be asked.
    search_within: ClassVar[dict[str, Any]] = {}

    def __init__(self, model: type[Any], admin_site: admin.AdminSite) -> None:
        if self.named:
            model._meta.verbose_name, model._meta.verbose_name_plural = self.named
        super().__init__(model, admin_site)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        fields = self.get_search_fields(request)
        for word in words_of(search_term) if fields else ():
            queryset = queryset.filter(pk__in=self.holding(fields, word))
        return queryset, False

    def holding(self, fields: Any, word: str) -> QuerySet[Any]:
        """The primary keys that one word of a search finds."""
        return holding(self.model, fields, word, within=self.search_within)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export), name=name), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """The list as a CSV file, as filtered, searched and sorted, up to where it is counted."""
        if not self.has_view_permission(request):
            return HttpResponse(status=403)
        listed = self.get_changelist_instance(request)
        rows = listed.queryset[: BriefPaginator.LONGEST]
        answer = StreamingHttpResponse(
            self._lines(listed.list_display, rows), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="{self.opts.db_table}.csv"'
        return answer

    def _lines(self, names: Any, rows: QuerySet[Any]) -> Iterator[str]:
        names = [name for name in names if name != "action_checkbox"]
        lines = csv.writer(_Line())
        yield lines.writerow([str(label_for_field(name, self.model, self)) for name in names])
        for row in rows.iterator(chunk_size=1000):
            yield lines.writerow([cell(self._value(name, row)) for name in names])

    def _value(self, name: str, row: Any) -> Any:
        try:
            _field, _attribute, value = lookup_field(name, row, self)
        except ObjectDoesNotExist:
            return None
        return value if value is None or isinstance(value, int | float | list | dict) else str(value)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        if obj is None or self.in_portal is None:
            return None
        name, place = self.in_portal
        return reverse(name, kwargs={place: obj.pk})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What happened to a row stands in the record of acts, whoever did it and wherever."""
        record = reverse("admin:accounts_auditevent_changelist")
        kind = getattr(self.model, "audit_type", self.opts.model_name or "").upper()
        return HttpResponseRedirect(f"{record}?resource_type__exact={kind}&resource_id__exact={object_id}")


class ReadOnlyAdmin(Listed):
    """For rows that only use cases change: everything is seen and searched, nothing is edited by hand.

    Actions call use cases, and administrators alone have them.
    """

    change_form_template = "admin/row.html"

    @property
    def media(self) -> Media:
        """What choosing rows needs. The rest of Django's script is for forms, and weighs five times as much."""
        return Media(js=["admin/js/core.js", "admin/js/actions.js"])

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All columns, but for those that nobody may see."""
        if self.fields:
            return self.fields
        left_out = self.exclude or ()
        names = [f.name for f in self.opts.concrete_fields if not is_hidden(f) and f.name not in left_out]
        return [*names, *(name for name in self.readonly_fields if name not in names)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nothing is typed, so there is no form."""
        return [field.name for field in self.opts.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return dict(super().get_actions(request)) if may_act(request) else {}


class _FirstRows(BaseInlineFormSet):  # type: ignore[type-arg]
    """Of thousands of rows the page shows the first; all are in their own list."""

    LONGEST = 50

    def get_queryset(self) -> Any:
        if not hasattr(self, "_shown"):
            self._shown = super().get_queryset()[: self.LONGEST]
        return self._shown


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows that belong to another one, to be seen beside it."""

    extra = 0
    can_delete = False
    show_change_link = True
    formset = _FirstRows
    # What the rows and their names name, so that it takes one statement.
    select_related: ClassVar[tuple[str, ...]] = ()

    @property
    def media(self) -> Media:
        return Media()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.select_related) if self.select_related else rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if self.fields:
            return self.fields
        return [f.name for f in self.opts.concrete_fields if not is_hidden(f) and not f.primary_key]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
