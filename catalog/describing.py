"""What is said of models in languages that the gateway does not speak."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from modeltranslation.utils import build_localized_fieldname

from accounts import audit
from accounts.models import Actor
from catalog.errors import ModelNotFound
from catalog.models import Model, ModelText
from litemaas import errors

LONGEST = 5000
# English is the gateway's: the model's own description.
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES if code != "en")


def column_of(language: str) -> str:
    """The column of `ModelText` for a language."""
    return str(build_localized_fieldname("description", language))


# Not durable: Django admin has a transaction around its forms.
@transaction.atomic
def describe_model(
    *, actor: Actor, model_id: str, descriptions: Mapping[str, str], now: datetime
) -> ModelText:
    """Set the model's descriptions by language; an empty one takes it away, languages not named keep theirs.

    Raises ModelNotFound and InvalidInput. Saying the same again changes nothing.
    """
    if not actor.may("admin:models"):
        raise errors.Forbidden(requiredPermission="admin:models")
    model = Model.objects.select_for_update(no_key=True).filter(pk=model_id).first()
    if model is None:
        raise ModelNotFound
    _check(descriptions)
    text, _made = ModelText.objects.get_or_create(model=model)
    new = {language: said.strip() for language, said in descriptions.items()}
    old = {language: getattr(text, column_of(language)) or "" for language in new}
    if new != old:
        for language, said in new.items():
            setattr(text, column_of(language), said)
        text.save()
        audit.record("MODEL_UPDATE", actor=actor, obj=model, at=now, old=_told(old), new=_told(new))
    return text


def _check(descriptions: Mapping[str, str]) -> None:
    wrong = {}
    for language, said in descriptions.items():
        if language not in LANGUAGES:
            wrong[f"description_{language}"] = _("There is no such language here.")
        elif len(said) > LONGEST:
            wrong[column_of(language)] = _("A description has at most 5000 characters.")
    if wrong:
        raise errors.InvalidInput(fields=wrong)


def _told(texts: Mapping[str, str]) -> dict[str, str]:
    return {f"description.{language}": said for language, said in texts.items()}
