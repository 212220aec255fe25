"""What somebody must have for one more key: room below the limit of keys, and subscriptions. All in the transaction that
makes the key, which holds still what it relies on. The statements are made once: each new key runs them."""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _

from accounts.models import User
from apikeys.errors import KeyLimitReached, ModelNotSubscribed
from apikeys.key_policy import KeyPolicy
from apikeys.models import ApiKey
from litellm_sync.models import GatewayObject
from litemaas.api.statements import Statement
from subscriptions.models import Subscription

MOST_SERVICE_KEYS = 100


def hold_owner(owner: User) -> None:
    """One key at a time for each person; `is_active` is as it is now."""
    (locked,) = _OWNER.rows(None, {"user": owner.pk})
    owner.is_active = locked["is_active"]


_OWNER = Statement(
    lambda _shape, values: (
        User.objects.select_for_update(no_key=True).filter(pk=values["user"]).values("is_active")
    )
)


@dataclass(frozen=True)
class Standing:
    """`is_first`: there was never a key before. `owner_waits`: the gateway does not have the owner as it should."""

    is_first: bool
    owner_waits: bool


def standing_of(owner: User | None, team_id: UUID | None, policy: KeyPolicy, now: datetime) -> Standing:
    """Raises KeyLimitReached when as many keys are live as are allowed."""
    if owner is not None:
        (counts,) = _OWNER_STANDING.rows(None, {"user": owner.pk, "now": now})
    else:
        counts = ApiKey.objects.filter(owner__isnull=True, team=team_id).aggregate(**_counts(now))
    most = policy.most_keys if owner is not None else MOST_SERVICE_KEYS
    if counts["live"] >= most:
        raise KeyLimitReached(limit=most)
    return Standing(counts["ever"] == 0, counts.get("owner_waits", False))


def _counts(now: Any, path: str = "") -> dict[str, Any]:
    is_live = Q(**{f"{path}revoked_at__isnull": True}) & (
        Q(**{f"{path}expires_at__isnull": True}) | Q(**{f"{path}expires_at__gt": now})
    )
    return {"ever": Count(f"{path}pk"), "live": Count(f"{path}pk", filter=is_live)}


_OWNER_STANDING = Statement(
    lambda _shape, values: (
        User.objects.filter(pk=values["user"])
        .annotate(
            **_counts(values["now"], "api_keys__"),
            owner_waits=Exists(GatewayObject.objects.dirty().filter(kind="user", object_id=OuterRef("pk"))),
        )
        .values("ever", "live", "owner_waits")
    )
)


def require_subscriptions(owner: User, model_ids: list[str]) -> None:
    """Rows are held against a cancellation at the same moment, whose loss of access would miss the key."""
    held = _HELD.rows(
        len(model_ids), {"user": owner.pk, **dict(zip(map(str, count()), model_ids, strict=False))}
    )
    subscribed = {row["model_id"] for row in held}
    missing = [model_id for model_id in model_ids if model_id not in subscribed]
    if missing:
        raise ModelNotSubscribed(
            _("There is no active subscription to %(names)s.") % {"names": ", ".join(missing)},
            models=missing,
            field="modelIds",
        )


_HELD = Statement(
    lambda size, values: (
        Subscription.objects.active()
        .filter(
            user=values["user"],
            model_id__in=[values[str(number)] for number in range(size)],
            model__availability="available",
        )
        .select_for_update(of=("self",), no_key=True)
        .values("model_id")
    )
)
