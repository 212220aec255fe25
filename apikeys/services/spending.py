"""Letting a key's counted spend start again."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import audit, options
from accounts.models import Actor
from apikeys import policies
from apikeys.models import ApiKey
from apikeys.services.reaching import bring_to_gateway, locked_key
from litellm_sync import outbox
from litemaas import errors


def reset_key_spend(
    *,
    actor: Actor,
    key_id: UUID | str,
    owner_id: UUID | str | None = None,
    reason: str = "",
    now: datetime,
) -> ApiKey:
    """Have the gateway count the key's spend from 0 again; what was used stays in the ledger.

    Owners may where administrators allow it. Raises Forbidden, and NotFound for a key that is not `owner_id`'s.
    """
    key = _commit_reset(actor, key_id, owner_id, reason, now)
    bring_to_gateway(key.pk)
    return key


@transaction.atomic(durable=True)
def _commit_reset(
    actor: Actor, key_id: UUID | str, owner_id: UUID | str | None, reason: str, now: datetime
) -> ApiKey:
    key = locked_key(actor, key_id, owner_id=owner_id)
    # Administrators may in any case, so the option is asked for the others only.
    owners_may = not actor.may("admin:api_keys") and bool(options.value("ownerSpendReset"))
    if not policies.may_reset_spend(actor, key, owners_may=owners_may):
        raise errors.Forbidden(requiredPermission="admin:api_keys")
    key.spend_reset_at = key.updated_at = now
    key.save(update_fields=["spend_reset_at", "updated_at"])
    is_others = key.owner_id != actor.pk
    action = "ADMIN_RESET_API_KEY_SPEND" if is_others else "API_KEY_SPEND_RESET"
    metadata = {"reason": reason.strip()[:500]} if reason.strip() else None
    audit.record(action, actor=actor, obj=key, at=now, metadata=metadata)
    outbox.mark_dirty("key", key.pk, now=now, hurried=False)
    return key
