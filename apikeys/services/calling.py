"""Calling a model with one's own key, without ever seeing its secret."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Actor
from apikeys import policies, secrets
from apikeys.errors import ModelNotOpen, SecretNotReadable
from apikeys.models import ApiKeyModel, ApiKeySecret
from litemaas import errors
from litemaas.api.statements import Statement

# Many calls begin at once, and answers that have begun wait for the processor meanwhile.
_KEY = Statement(
    lambda _shape, values: (
        ApiKeySecret.objects.current()
        .filter(api_key=values["key"], api_key__owner=values["owner"], api_key__deleted_at__isnull=True)
        .values("sealed", "token_hash", "api_key__is_blocked", "api_key__revoked_at", "api_key__expires_at")
    )
)
_OPENED = Statement(
    lambda _shape, values: (
        ApiKeyModel.objects.effective()
        .filter(api_key=values["key"], model=values["model"])
        .values("model__input_cost_per_token", "model__output_cost_per_token")
    )
)


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
    has ended, ModelNotOpen where it does not open the model now. Two statements.
    """
    key_id = UUID(str(key_id))
    found = _KEY.rows(None, {"key": key_id, "owner": actor.pk}) if policies.may_call(actor) else []
    if not found:
        raise errors.NotFound(_("This API key does not exist, or it is not yours."))
    [key] = found
    ends = key["api_key__expires_at"]
    is_expired = ends is not None and ends <= now
    if key["api_key__is_blocked"] or key["api_key__revoked_at"] or is_expired:
        word = _("expired") if is_expired else _("inactive")
        raise SecretNotReadable(_("This key is %(word)s. Take another one.") % {"word": word})
    opened = _OPENED.rows(None, {"key": key_id, "model": model})
    if not opened:
        raise ModelNotOpen(model=model)
    secret = secrets.unsealed(key["sealed"], key["token_hash"], key_id)
    if secret is None:
        raise errors.NotFound(_("The secret of this key is not kept, so it can only be used elsewhere."))
    [prices] = opened
    return LentKey(secret, prices["model__input_cost_per_token"], prices["model__output_cost_per_token"])
