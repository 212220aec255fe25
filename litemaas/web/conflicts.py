"""Two people at one form: who saves second sees both versions and decides, in place of undoing the first one unseen.

The form's page carries the version that was shown, the hash of its values. `{% form bound=form %}` puts it in by itself,
and shows what differs. Saving comes one after the other for an address, so of two at once one is asked.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import BaseForm, BooleanField, ChoiceField, Field
from django.http import HttpRequest
from django.utils.translation import gettext, pgettext

from litemaas.errors import DomainError
from litemaas.locks import held_in_turn
from litemaas.web.forms import show_refusal

FIELD = "version"


@dataclass(frozen=True)
class Difference:
    label: str
    yours: str
    saved: str


def saved(
    request: HttpRequest, form: BaseForm, fresh: Callable[[], BaseForm], save: Callable[[], None]
) -> bool:
    """Whether the form was sent, is right, and `save` took it. Else `form` says what is wrong, or who was faster.

    `fresh` makes the form, unbound, of what is stored now.
    """
    if request.method != "POST":
        stamp(form, form)
        return False
    if not form.is_valid():
        # Still the version that the person saw.
        form.version = request.POST.get(FIELD, "")  # type: ignore[attr-defined]
        return False
    with held_in_turn(f"form {request.path}"):
        present = fresh()
        seen = request.POST.get(FIELD)
        if seen and seen != version_of(present) and (found := differences(form, present)):
            form.conflict = found  # type: ignore[attr-defined]
            stamp(form, present)
            return False
        try:
            save()
        except DomainError as error:
            form.version = seen or ""  # type: ignore[attr-defined]
            show_refusal(form, error)
            return False
    return True


def stamp(form: BaseForm, present: BaseForm) -> None:
    """Have `form` carry the version of what `present` was made of."""
    form.version = version_of(present)  # type: ignore[attr-defined]


def version_of(form: BaseForm) -> str:
    values = [(name, _plain(form.get_initial_for_field(field, name))) for name, field in form.fields.items()]
    return hashlib.blake2b(repr(values).encode(), digest_size=12).hexdigest()


def differences(form: BaseForm, present: BaseForm) -> list[Difference]:
    """The fields in which what was sent is not what is stored, as texts."""
    found = []
    for name, field in form.fields.items():
        if name not in present.fields:
            continue
        stored = _cleaned(field, present.get_initial_for_field(present.fields[name], name))
        sent = form.cleaned_data.get(name)
        if _plain(stored) != _plain(sent):
            label = str(form[name].label)
            found.append(Difference(label, _text(field, sent), _text(field, stored)))
    return found


def _cleaned(field: Field, value: Any) -> Any:
    try:
        return field.clean(field.prepare_value(value))
    except ValidationError:
        return value


def _plain(value: Any) -> str:
    """The same for what a form shows as the same."""
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, dict):
        return repr(sorted((str(name), _plain(one)) for name, one in value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return repr(sorted(_plain(one) for one in value))
    if hasattr(value, "normalize"):
        return f"{value.normalize():f}"
    return "" if value is None or value is False else str(value).replace("\r\n", "\n")


def _text(field: Field, value: Any) -> str:
    if isinstance(field, BooleanField):
        return pgettext("a switch", "On") if value else pgettext("a switch", "Off")
    if value in (None, "", [], ()):
        return gettext("empty")
    if isinstance(field, ChoiceField):
        words = {str(key): str(label) for key, label in _flat(field.choices)}
        many = value if isinstance(value, list | tuple) else [value]
        return ", ".join(words.get(str(one), str(one)) for one in many)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _flat(choices: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    for key, label in choices:
        found += _flat(label) if isinstance(label, list | tuple) else [(key, label)]
    return found
