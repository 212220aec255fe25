"""How rows are listed and shown that only use cases change."""

import csv
from collections.abc import Iterator
from html import unescape
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import strip_tags

from litemaas.administration import referring
from litemaas.administration.acting import may_act
from litemaas.administration.columns import Column, Columns
from litemaas.administration.hiding import is_hidden
from litemaas.administration.searching import BriefPaginator, holding, words_of
from litemaas.administration.wording import column_text
from litemaas.cells import cell


class _Line:
    """What a CSV writer writes to: it gives the line back."""

    def write(self, line: str) -> str:
        return line


class NamingList(ChangeList):
    """A page of a list, with the names of what its rows stand for."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        page: Any = self.model_admin
        if page.refers:
            referring.gather(self.result_list, page.refers)


class Listed(Columns, admin.ModelAdmin[Any]):
    """Lists that stay quick with millions of rows, as a file too, and linked with the portal."""

    show_full_result_count = False
    # Each count beside a filter is a pass over the table.
    show_facets = admin.ShowFacets.NEVER
    paginator = BriefPaginator
    list_per_page = 50
    actions_selection_counter = True
    change_list_template = "admin/rows.html"
    change_form_template = "admin/form.html"
    # The portal's page of a row: the name of its address, and the place in it that the row's key takes.
    in_portal: ClassVar[tuple[str, str] | None] = None
    # What a row is called by, where it has no name of its own.
    titled_by: ClassVar[tuple[str, ...]] = ()
    # What one row is called, and several: said by these pages alone, so it is no business of a migration.
    named: ClassVar[tuple[Any, Any] | None] = None
    # What an index of `search_fields` leads with, so that it can be asked.
    search_within: ClassVar[dict[str, Any]] = {}

    def __init__(self, model: type[Any], admin_site: admin.AdminSite) -> None:
        if self.named:
            model._meta.verbose_name, model._meta.verbose_name_plural = self.named
        super().__init__(model, admin_site)

    def title_of(self, row: Any) -> str:
        """What the row is called where nothing else of it is shown."""
        return ": ".join(self._said(name, row) for name in self.titled_by) or str(row)

    def _said(self, name: str, row: Any) -> str:
        value = getattr(row, name, None)
        if isinstance(value, Model):
            return referring.title_of(value)
        say = self.row_columns.get(name) or getattr(self, name, None)
        if isinstance(say, Column) and isinstance(say.field, ForeignKey):
            # By its key: asking for the other row's name would take a statement for each row.
            return str(say.plain(row) or "-")
        return unescape(strip_tags(str(say(row) if say else value)))

    def get_list_display(self, request: HttpRequest) -> Any:
        return [self.listed_columns.get(name, name) for name in self.list_display]

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return NamingList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        for shown in listed.filter_specs:
            if field := getattr(shown, "field", None):
                shown.title = column_text(field)
        return listed

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return super().changelist_view(
            request, {"title": self.opts.verbose_name_plural, **(extra_context or {})}
        )

    def render_change_form(self, request: Any, context: dict[str, Any], *args: Any, **options: Any) -> Any:
        if row := context.get("original"):
            context |= {"title": self.title_of(row), "subtitle": self.opts.verbose_name}
        return super().render_change_form(request, context, *args, **options)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **options: Any) -> Any:
        options.setdefault("label", column_text(db_field))
        return super().formfield_for_dbfield(db_field, request, **options)

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

    def _value(self, name: Any, row: Any) -> Any:
        if isinstance(name, Column):
            return name.plain(row)
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
            return [self.row_columns.get(name, name) for name in self.fields]
        left_out = self.exclude or ()
        names = [f.name for f in self.opts.concrete_fields if not is_hidden(f) and f.name not in left_out]
        names += [name for name in self.readonly_fields if name not in names]
        return [self.row_columns.get(name, name) for name in names]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **options: Any) -> Any:
        # What is said beside the columns is for programmers.
        quiet = dict.fromkeys((field.name for field in self.opts.concrete_fields), "")
        return super().get_form(request, obj, change, help_texts=quiet, **options)

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
