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


def follow_membership(member: Member, transfer_keys_to: UUID | None, actor: Actor, now: datetime) -> None:
    """Somebody joined, left or got another role in a team. A leaver's keys of the team stop (they open nothing) or are
    taken over; service keys have no owner and go on. Coming back restores what stopped."""
    keys = ApiKey.objects.filter(owner=member.user_id, team=member.team_id, revoked_at=None)
    ids = set(keys.select_for_update(no_key=True).values_list("pk", flat=True))
    _name_in_rehearsal(keys)
    if transfer_keys_to is not None and ids:
        keys.filter(pk__in=ids).update(owner=transfer_keys_to, updated_at=now)
        for pk in sorted(ids):
            audit.record(
                "API_KEY_TRANSFER",
                actor=actor,
                resource=("API_KEY", str(pk)),
                at=now,
                old={"userId": str(member.user_id)},
                new={"userId": str(transfer_keys_to)},
            )
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
