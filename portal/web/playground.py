"""Trying a model out in the browser. The page holds no secret: it talks to the API, which adds it."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from apikeys.models import ApiKey, ApiKeyModel
from catalog.models import Model
from litemaas.web.forms import WholeNumber

_MOST_CHOICES = 1000


class SettingsForm(forms.Form):
    """What a chat is called with. `target` is a key and a model in one choice."""

    target = forms.ChoiceField(label=_("Key and model"))
    system = forms.CharField(
        label=_("System prompt"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    temperature = forms.DecimalField(
        label=_("Temperature"),
        required=False,
        min_value=0,
        max_value=2,
        help_text=_("From 0 (always alike) to 2 (full of surprises)."),
        widget=forms.NumberInput(attrs={"step": "0.1"}),
    )
    max_tokens = WholeNumber(
        label=_("Longest answer, in tokens"), required=False, min_value=1, max_value=128_000
    )

    def __init__(self, choices: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fields["target"].choices = choices  # type: ignore[attr-defined]


@require_GET
@signed_in
def playground(request: PageRequest) -> HttpResponse:
    choices = _choices(request.user) if request.user.may("api_keys:write") else []
    wanted = request.GET.get("model", "")
    first = next((value for _name, group in choices for value, label in group if label == wanted), None)
    initial = {"temperature": "0.7", "max_tokens": 1024, "target": first}
    has_keys = bool(choices) or ApiKey.objects.filter(owner=request.user).live(timezone.now()).exists()
    form = SettingsForm(choices, initial=initial, auto_id="play-%s")
    return render(
        request, "portal/playground.html", {"form": form, "can_chat": bool(choices), "has_keys": has_keys}
    )


def _choices(user: User) -> list[tuple[str, list[tuple[str, str]]]]:
    """By the key's name: the chat models that it opens now."""
    keys = ApiKey.objects.filter(owner=user, is_blocked=False).live(timezone.now())
    opened = (
        ApiKeyModel.objects.effective()
        .filter(api_key__in=keys, model__model_type=Model.Type.CHAT)
        .order_by("-api_key__created_at", "api_key_id", "model_id")
        .values_list("api_key_id", "api_key__name", "model_id")
    )
    groups: dict[Any, tuple[str, list[tuple[str, str]]]] = {}
    for key_id, name, model_id in opened[:_MOST_CHOICES]:
        groups.setdefault(key_id, (name, []))[1].append((f"{key_id} {model_id}", model_id))
    return list(groups.values())
