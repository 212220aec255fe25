"""What the reconciler compares: the wish for each secret that the gateway has or should have (architecture.md §1)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from apikeys import sharing
from apikeys.desired import desired_fields, is_blocked, row_fields
from apikeys.models import ApiKeySecret
from apikeys.models.opening import is_detached, opened_models
from apikeys.services.adopting import adopt_key
from litellm_sync.registry import Mirror, Wish

_BATCH = 1000


def key_wishes(token_hashes: Sequence[str]) -> Mapping[str, Wish]:
    """Those of the hashes that are ours. Retired secrets and revoked keys must not be there. Two statements."""
    other = ApiKeySecret.objects.superseded().filter(api_key=OuterRef("api_key"))
    rows = ApiKeySecret.objects.filter(token_hash__in=token_hashes).annotate(
        is_sharing=Exists(other), detached=is_detached("api_key__")
    )
    found = list(rows.select_related("api_key", "api_key__owner"))
    models = opened_models(row.api_key_id for row in found)
    now = timezone.now()
    return {row.token_hash: _wish(row, models.get(row.api_key_id, []), now) for row in found}


def expected_keys() -> Iterator[Sequence[tuple[str, UUID]]]:
    """Every live secret of a key that was not revoked, in batches."""
    rows = ApiKeySecret.objects.live().filter(api_key__revoked_at__isnull=True).order_by("pk")
    batch: list[tuple[str, UUID]] = []
    for row in rows.values_list("token_hash", "api_key_id").iterator(chunk_size=_BATCH):
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _wish(row: ApiKeySecret, models: list[str], now: datetime) -> Wish:
    key = row.api_key
    key.is_detached = vars(row)["detached"]
    if key.is_revoked or row.retired_at is not None:
        return Wish(key.pk, None)
    budget: Decimal | None = sharing.budget_after_rotation(key.max_budget, row, now)
    fields: dict[str, Any] = desired_fields(key, row, models, budget)
    if vars(row)["is_sharing"] and key.max_budget is not None:
        # The parts of a shared budget follow what the gateway counts: the applier minds them, each minute.
        del fields["max_budget"]
    # Set with the creation only by earlier gateways, and it stops nothing.
    del fields["soft_budget"]
    return Wish(key.pk, {**fields, "blocked": is_blocked(key, models)})


MIRROR = Mirror(wishes=key_wishes, expected=expected_keys, read=row_fields, adopt=adopt_key)
