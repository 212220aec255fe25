"""Why a key does not open a model that was chosen for it, in words for who looks after the key."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apikeys.models import ApiKey
from subscriptions.models import Subscription


@dataclass(frozen=True)
class Closed:
    model_id: str
    why: str


def why_closed(key: ApiKey, model_ids: Iterable[str]) -> list[Closed]:
    """`key` has owner, team and the links with their models at hand; `model_ids` are those that it does not open.

    What ends first is said first: a model that is gone needs no subscription. Asks the database only if some are closed.
    """
    wanted = sorted(model_ids)
    if not wanted:
        return []
    available = {link.model_id for link in key.model_links.all() if link.model.is_available}
    active = Subscription.objects.active().filter(user=key.owner_id, model_id__in=wanted)
    subscribed = set(active.values_list("model_id", flat=True)) if key.owner_id else set(wanted)
    return [Closed(name, _why(key, name in available, name in subscribed)) for name in wanted]


def _why(key: ApiKey, is_available: bool, is_subscribed: bool) -> str:
    if not is_available:
        return _("The gateway does not offer it at the moment.")
    if not is_subscribed:
        return _("There is no active subscription to it.")
    if key.team is not None and not key.team.is_active:
        return _("The team is deactivated.")
    return _("The team does not allow it, or the owner holds no keys of the team any more.")
