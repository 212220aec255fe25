"""Calling a model with one's own key, without ever seeing its secret."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Actor
from apikeys import policies, secrets
from apikeys.errors import ModelNotOpen, SecretNotReadable
from apikeys.models import ApiKey, ApiKeyModel
from litemaas import errors


@dataclass(frozen=True, slots=True)
class LentKey:
    """What a call needs, for as long as it takes. Prices per token in the gateway's currency, None where unknown."""

    secret: str
    input_price: Decimal | None
    output_price: Decimal | None

    def __repr__(self) -> str:
        return "LentKey()"


def lend_key_for_call(*, actor: Actor, key_id: UUID | str, model: str, now: datetime) -> LentKey:
    """The secret of the actor's own key for a call of `model`, which stays on the server.

    Raises NotFound for a key of somebody else or without a kept secret, SecretNotReadable for one that is blocked or
    has ended, ModelNotOpen where it does not open the model now. Three statements.
    """
    key = ApiKey.objects.visible_to(actor).get_or_refuse(key_id)
    if not policies.may_call_with(actor, key):
        raise errors.NotFound(_("This API key does not exist, or it is not yours."))
    if key.is_blocked or not key.is_live(now):
        word = _("expired") if key.is_expired(now) else _("inactive")
        raise SecretNotReadable(_("This key is %(word)s. Take another one.") % {"word": word})
    opened = ApiKeyModel.objects.effective().filter(api_key=key, model=model).select_related("model").first()
    if opened is None:
        raise ModelNotOpen(model=model)
    secret = secrets.read_from(key.secrets.get(superseded_at=None))
    if secret is None:
        raise errors.NotFound(_("The secret of this key is not kept, so it can only be used elsewhere."))
    return LentKey(secret, opened.model.input_cost_per_token, opened.model.output_cost_per_token)
