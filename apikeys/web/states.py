"""What the pages say about a key's state, and whether the gateway has it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from apikeys.models import ApiKey, ApiKeyQuerySet
from litellm_sync.models import GatewayObject, sync_status_of

EXPIRES_SOON = timedelta(days=14)


def with_gateway_state(keys: ApiKeyQuerySet) -> ApiKeyQuerySet:
    """Adds `sync_status` (synced, pending, error) and `was_applied`: the gateway has known the key at least once."""
    applied = GatewayObject.objects.filter(
        kind=GatewayObject.Kind.KEY, object_id=OuterRef("pk"), applied__gt=0
    )
    return keys.annotate(sync_status=sync_status_of("key"), was_applied=Exists(applied))


@dataclass(frozen=True)
class KeyState:
    """`word` is one of the key states that labels know."""

    word: str
    is_waiting: bool
    is_refused: bool
    expires_soon: bool

    @property
    def is_usable(self) -> bool:
        return self.word == "active"

    @property
    def is_live(self) -> bool:
        return self.word not in {"revoked", "expired"}

    @property
    def has_ended(self) -> bool:
        return not self.is_live


def state_of(key: ApiKey, now: datetime) -> KeyState:
    """`key` comes from `with_gateway_state`."""
    facts = vars(key)
    soon = key.expires_at is not None and key.is_live(now) and key.expires_at - now < EXPIRES_SOON
    word = _word(key, now, was_applied=bool(facts["was_applied"]))
    return KeyState(word, facts["sync_status"] == "pending", facts["sync_status"] == "error", soon)


def _word(key: ApiKey, now: datetime, *, was_applied: bool) -> str:
    if key.is_revoked:
        return "revoked"
    if key.is_expired(now):
        return "expired"
    if key.is_blocked:
        return "blocked"
    return "active" if was_applied else "provisioning"
