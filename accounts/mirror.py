"""What the reconciler compares of users. Nothing of a user is adopted: who may do what is decided here."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts.gateway import desired_user
from accounts.models import User
from litellm_sync.batches import in_batches
from litellm_sync.models import GatewayObject
from litellm_sync.registry import Mirror, Wish


def user_wishes(gateway_ids: Sequence[str]) -> Mapping[str, Wish]:
    users = User.objects.filter(pk__in=_uuids(gateway_ids))
    return {str(user.pk): Wish(user.pk, desired_user(user)) for user in users}


def expected_users() -> Iterator[Sequence[tuple[str, UUID]]]:
    """The gateway is told of a user when something of theirs first needs it there."""
    told = GatewayObject.objects.filter(kind="user", object_id=OuterRef("pk"), applied__gt=0)
    for batch in in_batches(User.objects.filter(Exists(told)), "id"):
        yield [(str(pk), pk) for (pk,) in batch]


def read_user(row: dict[str, Any]) -> dict[str, Any]:
    """1.80 keeps a window that it is told to clear; without a budget it means nothing."""
    return row if row.get("max_budget") is not None else {**row, "budget_duration": None}


def _uuids(texts: Sequence[str]) -> list[UUID]:
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(UUID(text))
    return found


USERS = Mirror(wishes=user_wishes, expected=expected_users, read=read_user)
