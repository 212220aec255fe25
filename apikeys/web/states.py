"""What the pages say about a key's state, and whether the gateway has it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, Subquery

from apikeys.models import ApiKey, ApiKeyQuerySet, ApiKeySecret
from litellm_sync.models import GatewayObject, GatewaySpend, budget_reset_of, spend_of, sync_status_of

EXPIRES_SOON = timedelta(days=14)


def with_gateway_state(keys: ApiKeyQuerySet) -> ApiKeyQuerySet:
    """Adds `sync_status` (synced, pending, error), `was_applied` (the gateway has known the key at least once),
    `is_rotating` (a former secret still works), and what `spend.spent_by` reads."""
    applied = GatewayObject.objects.filter(
        kind=GatewayObject.Kind.KEY, object_id=OuterRef("pk"), applied__gt=0
    )
    parts = GatewaySpend.objects.filter(kind="key", object_id=OuterRef("pk")).order_by().values("object_id")
    return keys.annotate(
        sync_status=sync_status_of("key"),
        was_applied=Exists(applied),
        is_rotating=Exists(ApiKeySecret.objects.superseded().filter(api_key=OuterRef("pk"))),
        spend=spend_of("key"),
        spend_parts=Subquery(parts.annotate(parts=Count("pk")).values("parts")),
        budget_reset_at=budget_reset_of("key"),
    )


def in_state(keys: ApiKeyQuerySet, word: str, now: datetime) -> ApiKeyQuerySet:
    """Those of `with_gateway_state` whose state is called `word`, as `state_of` does."""
    if word == "revoked":
        return keys.filter(revoked_at__isnull=False)
    if word == "expired":
        return keys.filter(revoked_at__isnull=True, expires_at__lte=now)
    live = keys.live(now)
    if word == "blocked":
        return live.filter(is_blocked=True)
    known = live.filter(Q(is_blocked=False, was_applied=word != "provisioning"))
    return known if word == "provisioning" else known.filter(Q(is_rotating=word == "rotating"))


@dataclass(frozen=True)
class KeyState:
    """`word` is one of the key states that labels know."""

    word: str
    is_waiting: bool
    is_refused: bool
    expires_soon: bool

    @property
    def is_usable(self) -> bool:
        return self.word in {"active", "rotating"}

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
    word = _word(key, now, was_applied=bool(facts["was_applied"]), is_rotating=bool(facts["is_rotating"]))
    return KeyState(word, facts["sync_status"] == "pending", facts["sync_status"] == "error", soon)


def _word(key: ApiKey, now: datetime, *, was_applied: bool, is_rotating: bool) -> str:
    if key.is_revoked:
        return "revoked"
    if key.is_expired(now):
        return "expired"
    if key.is_blocked:
        return "blocked"
    if not was_applied:
        return "provisioning"
    return "rotating" if is_rotating else "active"
