"""Use cases around alerts: thresholds of one's own, and the addresses that are told."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor, User
from apikeys.models import ApiKey
from litemaas import crypto, outbound
from litemaas.errors import AlreadyExists, Forbidden, InvalidInput, NotFound
from teams.models import Team
from teams.roles import sees_all_of
from usage.models import AlertThresholds, BudgetKind, Webhook

_MOST_THRESHOLDS = 10
_HIGHEST = 1000


@transaction.atomic(durable=True)
def set_thresholds(
    *, actor: Actor, kind: BudgetKind, object_id: UUID, percents: Sequence[int] | None, now: datetime
) -> list[int] | None:
    """At how many per cent of the budget its people want to hear; None goes back to the usual ones.

    The owner of the budget decides, a team's administrators, or an administrator. Raises NotFound, Forbidden and
    InvalidInput.
    """
    _require_may_set(actor, kind, object_id)
    wanted = _checked(percents) if percents is not None else None
    rows = AlertThresholds.objects.filter(kind=kind, object_id=object_id)
    old = rows.values_list("percents", flat=True).first()
    if wanted is None:
        rows.delete()
    else:
        AlertThresholds.objects.update_or_create(
            kind=kind, object_id=object_id, defaults={"percents": wanted, "changed_at": now}
        )
    audit.record(
        "BUDGET_ALERTS_UPDATE",
        actor=actor,
        resource=(kind.upper(), str(object_id)),
        at=now,
        old={"thresholds": old},
        new={"thresholds": wanted},
    )
    return wanted


def _checked(percents: Sequence[int]) -> list[int]:
    wanted = sorted(set(percents))
    if not 1 <= len(wanted) <= _MOST_THRESHOLDS or not all(1 <= one <= _HIGHEST for one in wanted):
        raise InvalidInput(
            fields={
                "thresholds": _(
                    "Give 1 to %(most_thresholds)s whole numbers from 1 to %(highest)s, in per cent."
                )
                % {"most_thresholds": _MOST_THRESHOLDS, "highest": _HIGHEST}
            }
        )
    return wanted


def _require_may_set(actor: Actor, kind: BudgetKind, object_id: UUID) -> None:
    if kind == BudgetKind.USER:
        if not User.objects.visible_to(actor).filter(pk=object_id).exists():
            raise NotFound
        may = object_id == actor.pk or actor.may("users:write")
    elif kind == BudgetKind.TEAM:
        Team.objects.visible_to(actor).get_or_refuse(object_id)
        may = actor.may("teams:write_all") or (not actor.sees_everything and sees_all_of(actor, object_id))
    else:
        key = ApiKey.objects.visible_to(actor).get_or_refuse(object_id)
        may = key.owner_id == actor.pk or actor.may("admin:api_keys")
    if not may:
        raise Forbidden


@transaction.atomic(durable=True)
def add_webhook(*, actor: Actor, url: str, description: str = "", now: datetime) -> tuple[Webhook, str]:
    """The webhook and its secret, which is shown this once. Raises AddressNotAllowed and AlreadyExists."""
    _require_administrator(actor)
    outbound.resolve(url)
    pk, secret = uuid4(), f"whsec_{secrets.token_urlsafe(32)}"
    hook = Webhook(
        pk=pk,
        url=url,
        description=description,
        sealed_secret=crypto.seal(secret, bound_to=f"webhook:{pk}"),
        created_by=actor if isinstance(actor, User) else None,
        created_at=now,
    )
    try:
        with transaction.atomic():
            hook.save(force_insert=True)
    except IntegrityError:
        raise AlreadyExists(_("There is a webhook with this address already.")) from None
    audit.record("WEBHOOK_CREATE", actor=actor, obj=hook, at=now, new={"url": url})
    return hook, secret


@transaction.atomic(durable=True)
def change_webhook(*, actor: Actor, webhook_id: UUID, values: dict[str, Any], now: datetime) -> Webhook:
    """`values`: is_active and description; what is not given stays."""
    hook = _held(actor, webhook_id)
    old = {name: getattr(hook, name) for name in values}
    for name, value in values.items():
        setattr(hook, name, value)
    hook.save(update_fields=list(values) or None)
    audit.record("WEBHOOK_UPDATE", actor=actor, obj=hook, at=now, old=old, new=values)
    return hook


@transaction.atomic(durable=True)
def remove_webhook(*, actor: Actor, webhook_id: UUID, now: datetime) -> None:
    hook = _held(actor, webhook_id)
    audit.record("WEBHOOK_DELETE", actor=actor, obj=hook, at=now, old={"url": hook.url})
    hook.delete()


def _held(actor: Actor, webhook_id: UUID) -> Webhook:
    hook = Webhook.objects.visible_to(actor).select_for_update().filter(pk=webhook_id).first()
    if hook is None:
        raise NotFound
    _require_administrator(actor)
    return hook


def _require_administrator(actor: Actor) -> None:
    if not actor.may("admin:settings"):
        raise Forbidden(requiredPermission="admin:settings")
