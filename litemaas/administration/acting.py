"""Actions: use cases on chosen rows, each in a transaction of its own."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from litemaas.errors import DomainError

# Of one action: the browser waits for it. For more there are the jobs of the portal.
MOST_ROWS = 200
# What a page says of a reason that is told to whom it concerns.
READ_BY_USER = _("The user reads it.")
# A row, and `actor`, `now` and, where it was asked for, `reason`.
UseCase = Callable[..., Any]
Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


def may_act(request: HttpRequest) -> bool:
    """Whether the reader may run actions: read-only administrators see them nowhere."""
    return bool(getattr(request.user, "is_admin", False))


def act(description: Any, use_case: UseCase, *, confirm: Any = None, reason: Any = None) -> Action:
    """An action of a list. `confirm` is the title of a page that names the rows first. With `reason` it asks why; that is
    what it says about it, perhaps nothing."""

    @admin.action(description=description)
    def run(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = list(queryset[: MOST_ROWS + 1])
        if len(rows) > MOST_ROWS:
            messages.error(request, _("Choose at most %(n)s rows.") % {"n": MOST_ROWS})
            return None
        form = _Asked(request.POST if "confirmed" in request.POST else None, reason=reason)
        if confirm and not form.is_valid():
            return _asking(model_admin, request, rows, form, confirm)
        by: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        if reason is not None:
            by["reason"] = form.cleaned_data["reason"]
        _run_each(model_admin, request, rows, lambda row: use_case(row, **by))
        return None

    return run


class _Asked(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
    )

    def __init__(self, data: Any, *, reason: Any) -> None:
        super().__init__(data)
        self.fields["reason"].help_text = reason or ""
        if reason is None:
            del self.fields["reason"]


def _asking(
    model_admin: Any, request: HttpRequest, rows: list[Any], form: forms.Form, title: Any
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        "rows": [(row.pk, model_admin.title_of(row)) for row in rows],
        "form": form,
        "action": request.POST["action"],
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/reason.html", context)


def _run_each(
    model_admin: Any, request: HttpRequest, rows: Iterable[Any], use_case: Callable[[Any], Any]
) -> None:
    """Run a use case on each row, and say how it went."""
    done = 0
    for row in rows:
        try:
            use_case(row)
            done += 1
        except DomainError as error:
            messages.error(request, f"{model_admin.title_of(row)}: {error.message}")
    if done:
        messages.success(request, ngettext("Done for %d row.", "Done for %d rows.", done) % done)
