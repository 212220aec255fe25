"""Actions: use cases on chosen rows, each in a transaction of its own."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from litemaas.errors import DomainError


def may_act(request: HttpRequest) -> bool:
    """Whether the reader may run actions: read-only administrators see them nowhere."""
    return bool(getattr(request.user, "is_admin", False))


def run_each(request: HttpRequest, rows: Iterable[Any], use_case: Callable[[Any], Any]) -> None:
    """Run a use case on each row, and say how it went."""
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
