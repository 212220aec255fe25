"""What the reconciler compares of users, and what of them it takes over from the gateway: limits and nothing else. Names,
roles and who exists are decided here."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.gateway import desired_user
from accounts.limits import take_over_limits
from accounts.models import SYSTEM, User
from litellm_sync.batches import in_batches
from litellm_sync.differences import differences
from litellm_sync.findings import NotAdoptable
from litellm_sync.models import GatewayObject
from litellm_sync.registry import Mirror, Sighting, Wish
from litemaas.ids import uuids_of


def user_wishes(gateway_ids: Sequence[str]) -> Mapping[str, Wish]:
    users = User.objects.filter(pk__in=uuids_of(gateway_ids))
    return {str(user.pk): Wish(user.pk, desired_user(user)) for user in users}


def expected_users() -> Iterator[Sequence[tuple[str, UUID]]]:
    """The gateway is told of a user when something of theirs first needs it there."""
    told = GatewayObject.objects.filter(kind="user", object_id=OuterRef("pk"), applied__gt=0)
    for batch in in_batches(User.objects.filter(Exists(told)), "id"):
        yield [(str(pk), pk) for (pk,) in batch]


def read_user(row: dict[str, Any]) -> dict[str, Any]:
    """1.80 keeps a window that it is told to clear; without a budget it means nothing."""
    return row if row.get("max_budget") is not None else {**row, "budget_duration": None}


_LIMITS = {
    "max_budget": "maxBudget",
    "budget_duration": "budgetDuration",
    "tpm_limit": "tpmLimit",
    "rpm_limit": "rpmLimit",
}


def adopt_user(sighting: Sighting, actor: Any, now: datetime) -> UUID:
    """Take a user's limits over. Raises NotAdoptable, which says why."""
    if sighting.object_id is None:
        raise NotAdoptable(
            _("Accounts come from signing in, so a user of the gateway can't become one here.")
        )
    found = read_user(sighting.row)
    wanted = desired_user(User.objects.get(pk=sighting.object_id))
    differing = {item.field for item in differences(wanted, found)}
    for field in sorted(differing - set(_LIMITS)):
        text = _("Names and roles are decided here, so %(field)s can't be taken over. Repair it.") % {
            "field": field
        }
        raise NotAdoptable(text, field=field)
    limits = {wire: found.get(name) for name, wire in _LIMITS.items() if name in differing}
    if limits.get("maxBudget") is not None:
        limits["maxBudget"] = Decimal(str(limits["maxBudget"]))
    take_over_limits(sighting.object_id, limits, actor=actor or SYSTEM, now=now)
    return sighting.object_id


USERS = Mirror(wishes=user_wishes, expected=expected_users, read=read_user, adopt=adopt_user)
