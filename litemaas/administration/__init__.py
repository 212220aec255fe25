"""Django admin as the operators' second surface, under our name and our roles."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from litemaas.errors import DomainError


class LiteMaaSAdminSite(admin.AdminSite):
    site_header = _("LiteMaaS administration")
    site_title = _("LiteMaaS")
    index_title = _("Everything, as it is in the database")
    site_url = "/home"
    enable_nav_sidebar = True

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one sign-in, the portal's."""
        from django.contrib.auth.views import redirect_to_login

        return redirect_to_login(request.get_full_path())


class LiteMaaSAdminConfig(AdminConfig):
    default_site = "litemaas.administration.LiteMaaSAdminSite"


def may_act(request: HttpRequest) -> bool:
    """Whether the reader may run actions: read-only administrators see them nowhere."""
    return bool(getattr(request.user, "is_admin", False))


class BriefPaginator(Paginator):  # type: ignore[type-arg]
    """Counts to ten thousand and no further: an exact count of a long table costs a pass over it on every page."""

    LONGEST = 10_000

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[: self.LONGEST].count()


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """For rows that only use cases change: everything is seen and searched, nothing is edited by hand.

    Actions call use cases, and administrators alone have them.
    """

    show_full_result_count = False
    paginator = BriefPaginator
    list_per_page = 50
    actions_selection_counter = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return dict(super().get_actions(request)) if may_act(request) else {}


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows that belong to another one, to be seen beside it."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def run_each(request: HttpRequest, rows: Iterable[Any], use_case: Callable[[Any], Any]) -> None:
    """Run a use case on each row, each in a transaction of its own, and say how it went."""
    done = 0
    for row in rows:
        try:
            use_case(row)
            done += 1
        except DomainError as error:
            messages.error(request, f"{row}: {error.message}")
    if done:
        messages.success(request, ngettext("Done for %d row.", "Done for %d rows.", done) % done)


class _ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text=_("The user reads it."),
    )


def ask_reason(
    model_admin: admin.ModelAdmin[Any],
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    action: str,
    title: Any,
    use_case: Callable[[Any, str], Any],
) -> HttpResponse | None:
    """The page between an action and its effect that asks why; then the action itself."""
    form = _ReasonForm(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        run_each(request, rows, lambda row: use_case(row, reason))
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "rows": rows,
        "form": form,
        "action": action,
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/reason.html", context)
