"""What the use cases share: reaching a key's row, and the gateway."""

from uuid import UUID

from django.conf import settings

from accounts.models import Actor
from apikeys.models import ApiKey
from litellm_sync import outbox
from litemaas import dry_run


def locked_key(actor: Actor, key_id: UUID | str, *, owner_id: UUID | str | None = None) -> ApiKey:
    """The row, held until the end of the transaction. Raises NotFound for what the actor must not see, and for a key
    that is not `owner_id`'s where that is given."""
    rows = ApiKey.objects.visible_to(actor).select_related("team")
    rows = rows if owner_id is None else rows.filter(owner__pk=owner_id)
    rows = rows.select_for_update(of=("self",), no_key=True)
    return rows.get_or_refuse(key_id)


def bring_to_gateway(key_id: UUID) -> None:
    """Try at once, for a moment; the worker goes on where this ends."""
    from litellm_sync.client import gateway

    if not dry_run.is_rehearsing():
        outbox.apply_now("key", key_id, client=gateway().hurried(settings.GATEWAY_INLINE_DEADLINE))
