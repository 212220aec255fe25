"""A form whose fields are options: made of what holds, and what was changed in it saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.contrib import messages
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import options
from accounts.web.pages import PageRequest
from litemaas.web import conflicts
from portal.web.settings.forms import SettingsForm
from portal.web.settings.frame import WRITE

F = TypeVar("F", bound=SettingsForm)


@dataclass(frozen=True)
class OptionsForm(Generic[F]):
    """`fields`: name of the field → name of the option. `action` is what the audit record calls a change."""

    form_class: type[F]
    fields: Mapping[str, str]
    action: str

    def sent(self, request: PageRequest) -> F:
        """With what was posted, if anything was."""
        return self._made(request, request.POST if request.method == "POST" else None)

    def saved(self, request: PageRequest, form: F) -> bool:
        """Whether it was posted, is right, and is saved, which the reader is told. Else `form` says why not."""

        def save() -> None:
            values = {self.fields[name]: value for name, value in form.changed_values().items()}
            options.change_options(actor=request.user, values=values, action=self.action, now=timezone.now())

        if not conflicts.saved(request, form, lambda: self._made(request, None), save):
            return False
        messages.success(request, _("Saved."))
        return True

    def _made(self, request: PageRequest, data: Any) -> F:
        chosen = options.values(list(self.fields.values()))
        present = {name: chosen[option] for name, option in self.fields.items()}
        return self.form_class(data, present, may_change=request.user.may(WRITE))
