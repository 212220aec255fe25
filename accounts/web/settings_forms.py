"""Forms of one's own settings."""

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from litemaas.web.forms import WholeNumber

THEMES = [("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))]
START_PAGES = [
    ("home", _("Home")),
    ("models", _("Models")),
    ("subscriptions", _("Subscriptions")),
    ("api_keys", _("API keys")),
    ("playground", _("Playground")),
    ("usage", _("Usage")),
]
# Named as the preferences that they fill.
_SAME = ("theme", "language", "density")


class ProfileForm(forms.Form):
    full_name = forms.CharField(
        label=_("Full name"),
        required=False,
        max_length=255,
        help_text=_("Shown to others in your teams. Empty: your user name is shown."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


@lru_cache(maxsize=1)
def zones() -> list[tuple[str, str]]:
    """The places that have a time zone, by their names in the IANA database."""
    areas = (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    named = sorted(name for name in available_timezones() if name.partition("/")[0] in areas)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in named)]


class PreferencesForm(forms.Form):
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES, widget=forms.RadioSelect)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, help_text=_("All dates and times are shown in it.")
    )
    density = forms.ChoiceField(
        label=_("Density of tables"),
        choices=[("comfortable", _("Comfortable")), ("compact", _("Compact"))],
        widget=forms.RadioSelect,
    )
    start_page = forms.ChoiceField(
        label=_("Start page"), choices=START_PAGES, help_text=_("Where you land after signing in.")
    )
    reduced_motion = forms.BooleanField(
        label=_("Reduce motion"),
        required=False,
        help_text=_("No moving parts, whatever your system asks for."),
    )
    shortcuts = forms.BooleanField(
        label=_("Keyboard shortcuts"), required=False, help_text=_("Press ? on any page for the list.")
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
    system = forms.CharField(
        label=_("System prompt"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["time_zone"].choices = [("", _("The portal's (UTC)")), *zones()]  # type: ignore[attr-defined]

    def preferences(self) -> dict[str, Any]:
        """What was chosen, under the names of the preferences."""
        chosen = self.cleaned_data
        playground = {
            "temperature": float(chosen["temperature"]) if chosen["temperature"] is not None else None,
            "maxTokens": chosen["max_tokens"],
            "system": chosen["system"] or None,
        }
        return {
            **{name: chosen[name] for name in _SAME},
            "timeZone": chosen["time_zone"] or None,
            "startPage": chosen["start_page"],
            "reducedMotion": chosen["reduced_motion"],
            "shortcuts": chosen["shortcuts"],
            "playground": {name: value for name, value in playground.items() if value is not None},
        }


def initial_of(user: User, preferences: dict[str, Any], *, language: str) -> dict[str, Any]:
    """For the form of preferences; `language` is the one of this page, for who has chosen none."""
    playground = preferences["playground"] if isinstance(preferences["playground"], dict) else {}
    return {
        **{name: preferences[name] for name in _SAME},
        "language": user.preferences.get("language") or language,
        "time_zone": preferences["timeZone"] or "",
        "start_page": preferences["startPage"],
        "reduced_motion": preferences["reducedMotion"],
        "shortcuts": preferences["shortcuts"],
        "temperature": playground.get("temperature"),
        "max_tokens": playground.get("maxTokens"),
        "system": playground.get("system", ""),
    }
