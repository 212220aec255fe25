"""Administrators give models to somebody, whatever state the subscriptions are in."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext as _

from accounts.models import Actor, User
from catalog.models import Model
from litemaas import errors
from subscriptions.models import Subscription
from subscriptions.services.deciding import require_decider
from subscriptions.services.subscribing import Terms, create_all
from subscriptions.states import ENDED, Act
from subscriptions.steps import access_changed, take_steps

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
    """Make the user's subscriptions to all of these models active, or none. Raises NotFound for the user."""
    require_decider(actor)
    owner: User | None = User.objects.filter(pk=user_id).first()
    if owner is None:
        raise errors.NotFound(_("This user does not exist."))
    return grant_models(
        actor=actor,
        owner=owner,
        model_ids=model_ids,
        reason=reason,
        now=now,
        created_action="ADMIN_CREATE_SUBSCRIPTIONS",
        activated_action="ADMIN_CREATE_SUBSCRIPTIONS",
    )


def grant_models(
    *,
    actor: Actor,
    owner: User,
    model_ids: Iterable[str],
    reason: str = "",
    now: datetime,
    created_action: str = "ADMIN_AUTO_CREATE_SUBSCRIPTION",
    activated_action: str = "ADMIN_AUTO_ACTIVATE_SUBSCRIPTION",
) -> Granted:
    """The same as a part of the caller's transaction, for what needs the subscriptions (a key for somebody). A handful
    of statements, however many models.

    Also restricted models: the administrator is who approves. Raises Forbidden, and InvalidInput for models that are
    unknown or unavailable.
    """
    require_decider(actor)
    reason, models = reason.strip()[:500], _models(sorted(set(model_ids)))
    present = _present(owner, models)
    try:
        created = _create(actor, owner, models, present, created_action, reason, now)
    except IntegrityError:
        # Somebody subscribed at this moment: theirs are there now.
        present = _present(owner, models)
        created = _create(actor, owner, models, present, created_action, reason, now)
    granted = Granted(created)
    granted.activated = [(row, row.status) for row in present.values() if row.status != _S.ACTIVE]
    granted.already_active = [pk for pk, row in present.items() if row.status == _S.ACTIVE]
    if granted.activated:
        _activate([row for row, _old in granted.activated], actor, activated_action, reason, now)
    return granted


def _models(model_ids: list[str]) -> list[Model]:
    """Held still, in one order, so that no restriction is switched meanwhile."""
    found = Model.objects.all().all_held_still(model_ids)
    usable = {model.pk for model in found if model.is_available}
    if missing := [pk for pk in model_ids if pk not in usable]:
        raise errors.InvalidInput(
            fields={"modelIds": _("Unknown or not available: %(names)s.") % {"names": ", ".join(missing)}},
            models=missing,
        )
    return found


def _present(owner: User, models: list[Model]) -> dict[str, Subscription]:
    """The user's rows for these models, whatever state they are in, locked."""
    rows = Subscription.objects.filter(user=owner, model__in=[model.pk for model in models]).order_by("pk")
    return {row.model_id: row for row in rows.select_for_update(of=("self",), no_key=True)}


def _create(
    actor: Actor,
    owner: User,
    models: list[Model],
    present: dict[str, Subscription],
    action: str,
    reason: str,
    now: datetime,
) -> list[Subscription]:
    new = [model for model in models if model.pk not in present]
    return create_all(actor, owner, new, _S.ACTIVE, Terms(), now, action=action, reason=reason)


def _activate(rows: list[Subscription], actor: Actor, action: str, reason: str, now: datetime) -> None:
    is_over = Q(status__in=ENDED) | Q(expires_at__lte=now)
    ids = take_steps(
        Subscription.objects.filter(pk__in=[row.pk for row in rows]),
        _S.ACTIVE,
        act=Act.GRANT,
        actor=actor,
        action=action,
        reason=reason,
        now=now,
        needs_approval=False,
        deleted_at=None,
        expires_at=Case(When(is_over, then=Value(None)), default=F("expires_at")),
    )
    access_changed(ids, now)
