"""Administrators give models to somebody, whatever state the subscription is in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Actor, User
from catalog.models import Model
from litemaas import errors
from subscriptions import policies
from subscriptions.models import Subscription
from subscriptions.services.subscribing import Terms, create
from subscriptions.states import ENDED, Act
from subscriptions.steps import take_step

_S = Subscription.Status


@dataclass
class Granted:
    """`activated` pairs the subscription with the status that it had."""

    created: list[Subscription] = field(default_factory=list)
    activated: list[tuple[Subscription, str]] = field(default_factory=list)
    already_active: list[str] = field(default_factory=list)


@transaction.atomic(durable=True)
def grant_subscriptions(
    *, actor: Actor, user_id: UUID | str, model_ids: Iterable[str], reason: str = "", now: datetime
) -> Granted:
    """Make the user's subscriptions to all of these models active, or none."""
    return grant_models(
        actor=actor,
        user_id=user_id,
        model_ids=model_ids,
        reason=reason,
        now=now,
        created_action="ADMIN_CREATE_SUBSCRIPTIONS",
        activated_action="ADMIN_CREATE_SUBSCRIPTIONS",
    )


def grant_models(
    *,
    actor: Actor,
    user_id: UUID | str,
    model_ids: Iterable[str],
    reason: str = "",
    now: datetime,
    created_action: str = "ADMIN_AUTO_CREATE_SUBSCRIPTION",
    activated_action: str = "ADMIN_AUTO_ACTIVATE_SUBSCRIPTION",
) -> Granted:
    """The same as a part of the caller's transaction, for what needs the subscriptions (a key for somebody).

    Also restricted models: the administrator is who approves. Raises Forbidden, NotFound for the user, InvalidInput
    for models that are unknown or unavailable.
    """
    if not policies.may_decide(actor):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:write")
    owner = User.objects.filter(pk=user_id).first()
    if owner is None:
        raise errors.NotFound(_("This user does not exist."))
    granted = Granted()
    for model in _models(sorted(set(model_ids))):
        row = create(
            actor, owner, model, _S.ACTIVE, Terms(), now, action=created_action, reason=reason.strip()
        )
        if row is not None:
            granted.created.append(row)
        else:
            _activate(actor, owner, model, reason, now, activated_action, granted)
    return granted


def _models(model_ids: list[str]) -> list[Model]:
    """Held still, in one order, so that no restriction is switched meanwhile."""
    found = [model for pk in model_ids if (model := Model.objects.held_still(pk)) is not None]
    usable = {model.pk for model in found if model.is_available}
    if missing := [pk for pk in model_ids if pk not in usable]:
        raise errors.InvalidInput(
            fields={"modelIds": _("Unknown or not available: %(names)s.") % {"names": ", ".join(missing)}},
            models=missing,
        )
    return found


def _activate(
    actor: Actor, owner: User, model: Model, reason: str, now: datetime, action: str, granted: Granted
) -> None:
    row = Subscription.objects.select_for_update(of=("self",), no_key=True).get(user=owner, model=model)
    old = row.status
    if old == _S.ACTIVE:
        granted.already_active.append(model.pk)
        return
    row.deleted_at = None
    if old in ENDED or (row.expires_at is not None and row.expires_at <= now):
        row.expires_at = None
    take_step(row, _S.ACTIVE, act=Act.GRANT, actor=actor, action=action, reason=reason, now=now)
    granted.activated.append((row, old))
