"""When access changes below, the keys that it touches are brought in line: called in the change's transaction.

What a key opens is derived (`ApiKeyModel.effective`), so there is nothing to compute here, only whom to wake.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from accounts import audit
from accounts.models import Actor, User
from accounts.services import push_user
from apikeys.models import ApiKey, ApiKeyModel, ApiKeyModelQuerySet, ApiKeyQuerySet
from litellm_sync import outbox
from litemaas import dry_run
from subscriptions.models import Subscription
from subscriptions.states import ENDED
from teams.models import Member, Team


def follow_subscription(subscription: Subscription, old: str, now: datetime) -> None:
    """A subscription began or stopped to be active. One that ended takes the model off the keys for good: taking it
    up again later adds the model to no key by itself."""
    links = ApiKeyModel.objects.filter(api_key__owner_id=subscription.user_id, model_id=subscription.model_id)
    keys = set(links.filter(api_key__revoked_at=None).values_list("api_key_id", flat=True))
    if subscription.status in ENDED:
        links.delete()
    if subscription.is_active or old == Subscription.Status.ACTIVE:
        outbox.mark_dirty("key", keys, now=now)


def follow_subscriptions(subscription_ids: list[UUID], now: datetime) -> None:
    """Many subscriptions began or stopped to open their models, and may do the opposite later."""
    keys = _links_of(subscription_ids).filter(api_key__revoked_at=None)
    outbox.mark_dirty("key", set(keys.values_list("api_key_id", flat=True)), now=now)


def follow_ends(subscription_ids: list[UUID], now: datetime) -> None:
    """Many subscriptions ended for good."""
    links = _links_of(subscription_ids)
    keys = set(links.filter(api_key__revoked_at=None).values_list("api_key_id", flat=True))
    links.delete()
    outbox.mark_dirty("key", keys, now=now)


def _links_of(subscription_ids: list[UUID]) -> ApiKeyModelQuerySet:
    """The models of these subscriptions on their owners' keys."""
    theirs = Subscription.objects.filter(
        pk__in=subscription_ids, user_id=OuterRef("api_key__owner_id"), model_id=OuterRef("model_id")
    )
    return ApiKeyModel.objects.filter(Exists(theirs))


def follow_availability(model_ids: list[str], now: datetime) -> None:
    """Models vanished from the gateway or came back."""
    keys = ApiKey.objects.filter(revoked_at=None, model_links__model_id__in=model_ids)
    outbox.mark_dirty("key", set(keys.values_list("pk", flat=True)), now=now)


def follow_activity(user: User, now: datetime) -> None:
    """Somebody was deactivated or came back."""
    keys = ApiKey.objects.filter(owner=user, revoked_at=None)
    outbox.mark_dirty("key", set(keys.values_list("pk", flat=True)), now=now)


def follow_membership(
    members: list[Member], transfer_keys_to: UUID | None, actor: Actor, now: datetime
) -> None:
    """People joined, left or got another role in a team. A leaver's keys of the team stop (they open nothing) or are
    taken over; service keys have no owner and go on. Coming back restores what stopped."""
    teams, people = {member.team_id for member in members}, {member.user_id for member in members}
    keys = ApiKey.objects.filter(owner__in=people, team__in=teams, revoked_at=None)
    locked = keys.order_by("pk").select_for_update(no_key=True)
    ids: dict[UUID, UUID | None] = dict(locked.values_list("pk", "owner_id"))
    _name_in_rehearsal(keys)
    if transfer_keys_to is not None and ids:
        keys.filter(pk__in=ids).update(owner=transfer_keys_to, updated_at=now)
        new = {"userId": str(transfer_keys_to)}
        moved = [audit.Change(("API_KEY", str(pk)), {"userId": str(owner)}, new) for pk, owner in ids.items()]
        audit.record_many("API_KEY_TRANSFER", actor=actor, changes=moved, at=now)
        push_user(User.objects.get(pk=transfer_keys_to), now=now)
    outbox.mark_dirty("key", ids, now=now)


def follow_team(team: Team, now: datetime) -> None:
    """What a team's keys may do changed: it was switched off or on, deleted, or allows other models."""
    keys = ApiKey.objects.filter(team=team, revoked_at=None)
    _name_in_rehearsal(keys)
    outbox.mark_dirty("key", set(keys.values_list("pk", flat=True)), now=now)


def _name_in_rehearsal(keys: ApiKeyQuerySet) -> None:
    """The outbox notes keys by their ids; who is asked before the act wants to read names."""
    if dry_run.is_rehearsing():
        dry_run.note("API_KEY", [(str(pk), name) for pk, name in keys.values_list("pk", "name")])
