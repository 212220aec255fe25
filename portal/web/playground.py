"""Trying models out in the browser. The page holds no secret: it talks to the API, which adds it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from apikeys.models import ApiKey, ApiKeyModel
from apikeys.web.limits import of_key
from catalog.models import Model
from litemaas.errors import NotFound
from portal.web.playground_texts import EXAMPLES, TEXTS

Json = dict[str, Any]
_MOST_CHOICES = 1000


class _CallForm(forms.Form):
    """With which key, and which model."""

    key = forms.ChoiceField(label=_("API key"))
    model = forms.ChoiceField(label=_("Model"))

    def __init__(self, keys: list[Json], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fields["key"].choices = [(key["id"], key["label"]) for key in keys]  # type: ignore[attr-defined]


class SettingsForm(_CallForm):
    """What a chat is called with."""

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
    max_tokens = forms.IntegerField(
        label=_("Longest answer, in tokens"), required=False, min_value=1, max_value=128_000
    )
    top_p = forms.DecimalField(
        label=_("Top-p"),
        required=False,
        min_value=0,
        max_value=1,
        help_text=_("From 0 to 1: chooses among the likeliest words only. Leave it empty if in doubt."),
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )
    stop = forms.CharField(
        label=_("Stop at"),
        required=False,
        help_text=_("Up to four texts, one on each line. The answer ends where one of them would come."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    stream = forms.BooleanField(label=_("Show the answer as it is written"), required=False)


class EmbeddingsForm(_CallForm):
    """One text becomes a vector, two can be compared."""

    first = forms.CharField(label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}))
    second = forms.CharField(
        label=_("Text to compare with"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class ConversionForm(_CallForm):
    url = forms.URLField(
        label=_("Address of the document"),
        max_length=2000,
        assume_scheme="https",
        help_text=_("A page, a PDF or an office document that the conversion service can reach."),
    )


_FORMS: dict[str, type[_CallForm]] = {
    "chat": SettingsForm,
    "embeddings": EmbeddingsForm,
    "convert": ConversionForm,
}
_SCRIPTS = {
    "chat": ("calls", "settings", "markdown", "figures", "talk", "kept", "page"),
    "embeddings": ("calls", "settings", "once", "embeddings"),
    "convert": ("calls", "settings", "markdown", "once", "convert"),
}


@require_GET
@signed_in
def playground(request: PageRequest) -> HttpResponse:
    tab = str(request.GET.get("tab", ""))
    kind = tab if tab in _FORMS else Model.Type.CHAT.value
    may_call = request.user.may("api_keys:write")
    keys = _keys(request.user) if may_call else []
    fitting = [key for key in keys if any(model["type"] == kind for model in key["models"])]
    # Keys that fit first: what is chosen at the beginning should work.
    keys = [*fitting, *(key for key in keys if key not in fitting)]
    tried = str(request.GET.get("key", ""))
    first = next((key["id"] for key in fitting if key["id"] == tried), fitting[0]["id"] if fitting else "")
    initial = {"key": first} if kind != Model.Type.CHAT else _initial(request.user) | {"key": first}
    form = _FORMS[kind](keys, initial=initial, auto_id="play-%s")
    values = {
        "form": form,
        "kind": kind,
        "scripts": [f"js/playground/{name}.js" for name in _SCRIPTS[kind]],
        "may_call": may_call,
        "can_play": bool(fitting),
        "keys": keys,
        "has_keys": bool(keys) or ApiKey.objects.filter(owner=request.user).live(timezone.now()).exists(),
        "facts": _facts(request.user, keys, kind),
    }
    return render(request, "portal/playground.html", values)


@require_GET
@signed_in
def standing(request: PageRequest) -> HttpResponse:
    """A part of the page: what limits the key that was refused. `key`: its id."""
    own = (
        ApiKey.objects.filter(owner=request.user).select_related("owner", "team").prefetch_related("secrets")
    )
    try:
        wanted = UUID(request.GET.get("key", ""))
    except ValueError:
        raise NotFound from None
    key = own.get_or_refuse(wanted)
    view = of_key(key, request.user, now=timezone.now())
    return render(request, "portal/playground_standing.html", {"view": view})


def _initial(user: User) -> Json:
    """The person's own defaults (`preferences.playground`) over the product's."""
    own = user.preferences.get("playground")
    own = own if isinstance(own, dict) else {}
    return {
        "system": own.get("system") or "",
        "temperature": own.get("temperature", "0.7"),
        "max_tokens": own.get("maxTokens") or 1024,
        "top_p": own.get("topP"),
        "stop": own.get("stop") or "",
        "stream": own.get("stream") is not False,
    }


def _facts(user: User, keys: list[Json], kind: str) -> Json:
    """For the script."""
    own = user.preferences.get("playground")
    return {
        "keys": keys,
        "kind": kind,
        "keep": isinstance(own, dict) and own.get("keepConversations") is True,
        "texts": TEXTS,
        "examples": EXAMPLES,
        "keyPage": reverse("api_keys"),
        "standing": reverse("playground_standing"),
        "signIn": f"{reverse('account_login')}?next={reverse('playground')}",
    }


def _keys(user: User) -> list[Json]:
    """Newest first, with what each opens now; keys that open nothing are left out."""
    keys = ApiKey.objects.filter(owner=user, is_blocked=False).live(timezone.now())
    opened = (
        ApiKeyModel.objects.effective()
        .filter(api_key__in=keys)
        .order_by("-api_key__created_at", "api_key_id", "model_id")
        .values_list("api_key_id", "api_key__name", "model_id", "model__model_type")
    )
    return list(_grouped(opened[:_MOST_CHOICES]))


def _grouped(rows: Iterable[tuple[Any, str, str, str]]) -> Iterable[Json]:
    found: dict[str, Json] = {}
    for key_id, name, model_id, model_type in rows:
        key = found.setdefault(str(key_id), {"id": str(key_id), "name": name, "models": []})
        key["models"].append({"id": model_id, "type": model_type})
    for key in found.values():
        count = len(key["models"])
        words = ngettext("%(name)s (%(count)s model)", "%(name)s (%(count)s models)", count)
        types = dict.fromkeys(Model.Type(model["type"]) for model in key["models"])
        yield {
            **key,
            "label": words % {"name": key["name"], "count": count},
            "type_names": ", ".join(str(TEXTS["types"][one.value]) for one in types),
        }
