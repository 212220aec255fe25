"""What the portal says of a model in other languages than English, which is the gateway's."""

from collections.abc import Mapping

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.web.pages import PageRequest, signed_in
from catalog.describing import LANGUAGES, LONGEST, column_of, describe_model
from catalog.errors import ModelNotFound
from catalog.models import Model, ModelText
from litemaas import errors
from litemaas.web import conflicts
from litemaas.web.language_tabs import LanguageTab

READ, WRITE = "admin:models:read", "admin:models"


class TextsForm(forms.Form):
    version: str

    def __init__(self, data: QueryDict | None, *, initial: Mapping[str, str]) -> None:
        super().__init__(data, initial=dict(initial))
        for language in LANGUAGES:
            self.fields[column_of(language)] = forms.CharField(
                label=_("Description"),
                required=False,
                max_length=LONGEST,
                widget=forms.Textarea({"rows": 4, "lang": language}),
            )

    def tabs(self) -> list[LanguageTab]:
        titles = dict(settings.LANGUAGES)
        return [
            LanguageTab(slug=code, title=str(titles[code]), fields=[self[column_of(code)]])
            for code in LANGUAGES
        ]

    def descriptions(self) -> dict[str, str]:
        return {language: self.cleaned_data[column_of(language)] for language in LANGUAGES}


@require_http_methods(["GET", "POST"])
@signed_in
def describe(request: PageRequest, model_id: str) -> HttpResponse:
    """Read-only administrators look at it."""
    needed = READ if request.method == "GET" else WRITE
    if not request.user.may(needed):
        raise errors.Forbidden(requiredPermission=needed)
    model = Model.objects.filter(pk=model_id, retired_at=None).first()
    if model is None:
        raise ModelNotFound
    form = TextsForm(request.POST if request.method == "POST" else None, initial=_stored(model))

    def save() -> None:
        describe_model(
            actor=request.user, model_id=model.pk, descriptions=form.descriptions(), now=timezone.now()
        )

    if conflicts.saved(request, form, lambda: TextsForm(None, initial=_stored(model)), save):
        messages.success(request, _("Saved."))
        return redirect("edit_model", model.pk)
    may_manage = request.user.may(WRITE)
    if not may_manage:
        for field in form.fields.values():
            field.disabled = True
    return render(request, "catalog/texts.html", {"model": model, "form": form, "may_manage": may_manage})


def _stored(model: Model) -> dict[str, str]:
    text = ModelText.objects.filter(model=model).first()
    return {column_of(code): getattr(text, column_of(code), None) or "" for code in LANGUAGES}
