"""What a list of API keys is narrowed to."""

from collections.abc import Sequence

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from litemaas.web.templatetags.pf_labels import KEY_LOOKS


class KeyFilter(forms.Form):
    """Revoked and expired keys are listed when they are asked for. Without `teams` there is no choice of team, with
    `kinds` one between personal and service keys."""

    search = forms.CharField(
        label=_("Search by name"), required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )
    status = forms.ChoiceField(
        label=_("Status"),
        required=False,
        choices=[("", ""), *((word, look.word) for word, look in KEY_LOOKS.items())],
    )
    model = forms.ChoiceField(label=_("Model"), required=False)
    team = forms.ChoiceField(label=_("Team"), required=False)
    kind = forms.ChoiceField(
        label=_("Kind"),
        required=False,
        choices=[("", ""), ("personal", _("Personal keys")), ("service", _("Service keys"))],
    )
    ended = forms.BooleanField(label=_("Show ended"), required=False)

    def __init__(
        self,
        query: QueryDict,
        *,
        models: list[str],
        teams: Sequence[tuple[str, str]] = (),
        kinds: bool = False,
    ) -> None:
        super().__init__(query)
        self._offer("model", [(name, name) for name in models])
        self._offer("team", teams)
        if not teams:
            del self.fields["team"]
        if not kinds:
            del self.fields["kind"]
        self.full_clean()

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = [("", ""), *choices]
