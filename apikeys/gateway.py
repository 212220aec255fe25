"""What LiteLLM should know of a key, and how it is made to.

To LiteLLM each secret is a key of its own, so a portal key in the overlap of a rotation is two of its keys. The secrets
are ours, so every step can be repeated after a crash or a lost reply: `/key/generate` with the same `key` and alias
finds itself, and `/key/info` by the hash says what is there. An empty model list means "all models" to LiteLLM and is
never sent: a key that opens nothing is blocked.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import options
from apikeys import secrets, sharing
from apikeys.desired import create_body, desired_fields, is_blocked, row_fields
from apikeys.models import ApiKey, ApiKeySecret, opening
from apikeys.models.opening import is_detached
from litellm_sync import outbox
from litellm_sync.client import GatewayClient
from litellm_sync.differences import differences
from litellm_sync.errors import GatewayConflict, GatewayNotFound, GatewayUnavailable
from litellm_sync.models import GatewayObject, GatewaySpend
from litellm_sync.registry import Act
from litellm_sync.spend import read_moment
from litemaas.api.statements import Change, Values
from teams.models import Member

Json = dict[str, Any]
# Kind and id of what a key needs in the gateway first.
_Need = tuple[str, UUID]
_SETS_SOFT_BUDGETS = (1, 109)


@dataclass(frozen=True)
class _Work:
    """A key as it is now, what it opens, and the gateway."""

    key: ApiKey
    models: list[str]
    client: GatewayClient
    now: datetime


def apply_key(key_id: UUID, client: GatewayClient) -> None:
    """Make the gateway's keys match the portal's row. Idempotent; raises the gateway's errors."""
    for act in prepare_keys([key_id]).values():
        act(client)


def prepare_keys(key_ids: Sequence[UUID]) -> Mapping[UUID, Act]:
    """What `apply_key` does for each of them, with what the portal wishes read together: two statements."""
    rows = ApiKey.objects.select_related("owner", "team").prefetch_related("secrets")
    rows = rows.annotate(detached=is_detached(), opened=opening.opened_by(), **_WAITS)
    acts: dict[UUID, Act] = {}
    for key in rows.filter(pk__in=key_ids):
        facts = vars(key)
        key.is_detached = facts["detached"]
        acts[key.pk] = partial(_apply, key, facts["opened"], _needs(key.owner_id, key.team_id, facts))
    return acts


def first_act(key: ApiKey, row: ApiKeySecret, models: list[str], *, waits_for_owner: bool | None) -> Act:
    """What `apply_key` does for a key that was committed just now, from what its maker has in hand. What was changed
    since then is a wish of its own, and is applied after this one.

    `waits_for_owner`: whether its owner must be made known first, and nobody else; None: look.
    """
    secrets_of_key = key.secrets.all()
    secrets_of_key._result_cache = [row]
    # A copy: whoever goes on with the key itself reads what there is then.
    known = copy(key)
    vars(known)["_prefetched_objects_cache"] = {"secrets": secrets_of_key}
    if waits_for_owner is None:
        facts = ApiKey.objects.filter(pk=key.pk).annotate(**_WAITS).values(*_WAITS).get()
        needs = _needs(key.owner_id, key.team_id, facts)
    else:
        needs = [("user", key.owner_id)] if waits_for_owner and key.owner_id else []
    return partial(_apply, known, models, needs)


def _apply(key: ApiKey, models: list[str], needs: Sequence[_Need], client: GatewayClient) -> None:
    if key.is_revoked:
        for row in key.secrets.all():
            client.delete_key(row.token_hash)
        return
    for kind, object_id in needs:
        outbox.require_applied(kind, object_id, client=client)
    work = _Work(key, models, client, timezone.now())
    current = key.current_secret
    former = next((row for row in key.secrets.all() if not row.is_current and row.retired_at is None), None)
    if former is None:
        _apply_one(work, current)
    else:
        _apply_both(work, current, former)


def opened_models(key: ApiKey) -> list[str]:
    """The models that the key opens now, sorted."""
    return opening.opened_models([key.pk]).get(key.pk, [])


def _is_coming(kind: str, object_id: str) -> Exists:
    """Whether the gateway does not have this object as it should, as an annotation."""
    return Exists(GatewayObject.objects.dirty().filter(kind=kind, object_id=OuterRef(object_id)))


_PLACE = Member.objects.current().filter(team=OuterRef("team_id"), user=OuterRef("owner_id"))
# What must be in the gateway before a key, and is not confirmed yet.
_WAITS = {
    "waits_for_owner": _is_coming("user", "owner_id"),
    "waits_for_team": _is_coming("team", "team_id"),
    "place_to_wait_for": Subquery(_PLACE.filter(_is_coming("member", "pk")).values("pk")[:1]),
}


def _needs(owner_id: UUID | None, team_id: UUID | None, facts: Mapping[str, Any]) -> list[_Need]:
    """Owner, team, and the owner's place in it, in this order. A call before the member is there would not count
    towards the member's budget."""
    asked = [
        ("user", owner_id if facts["waits_for_owner"] else None),
        ("team", team_id if facts["waits_for_team"] else None),
        ("member", facts["place_to_wait_for"]),
    ]
    return [(kind, pk) for kind, pk in asked if pk is not None]


def _apply_one(work: _Work, row: ApiKeySecret) -> None:
    budget = sharing.budget_after_rotation(work.key.max_budget, row, work.now)
    # A new secret is made at once; only one that we know to be there is asked for first.
    present = work.client.get_key(row.token_hash) if row.confirmed_at else None
    if present is None:
        present = _create(work, row, budget)
    if present is not None:
        _correct(work, row, present, budget)
    _confirm(work, row)


def _apply_both(work: _Work, current: ApiKeySecret, former: ApiKeySecret) -> None:
    """The former secret is brought in line first: what it loses must be gone before the new one gets it."""
    there = work.client.get_key(former.token_hash) or _bring_former(work, former)
    _carry_spend(current, there)
    fresh = work.client.get_key(current.token_hash)
    for row, present in ((former, there), (current, fresh)):
        if present is not None:
            _reset_spend(work, row, present)
    budgets = sharing.share(work.key.max_budget, current, former_row=there, current_row=fresh, now=work.now)
    if there is not None:
        _correct(work, former, there, budgets.former, only_less=True)
    if fresh is None:
        fresh = _create(work, current, budgets.current)
    if fresh is not None:
        _correct(work, current, fresh, budgets.current)
    _confirm(work, current)
    if there is not None and former.valid_until is not None and former.valid_until > work.now:
        _correct(work, former, there, budgets.former)
        return
    if former.valid_until is not None and former.valid_until <= work.now:
        _retire(work, current, former, there)


def _bring_former(work: _Work, former: ApiKeySecret) -> Json | None:
    """A former secret that the gateway does not have, never had or lost, works on during the overlap, too."""
    if former.valid_until is None or former.valid_until <= work.now or former.sealed is None:
        return None
    return _create(work, former, work.key.max_budget) or work.client.get_key(former.token_hash)


def _carry_spend(current: ApiKeySecret, former_row: Json | None) -> None:
    """Write down what was spent before the new secret is made with it, so that making it again makes the same."""
    if current.carried_spend is not None:
        return
    current.carried_spend = sharing.spend_in(former_row)
    current.period_ends_at = read_moment((former_row or {}).get("budget_reset_at"))
    mine = ApiKeySecret.objects.filter(pk=current.pk, carried_spend__isnull=True)
    if not mine.update(carried_spend=current.carried_spend, period_ends_at=current.period_ends_at):
        # Somebody else was faster: their figure counts.
        current.refresh_from_db(fields=["carried_spend", "period_ends_at"])


def _retire(work: _Work, current: ApiKeySecret, former: ApiKeySecret, there: Json | None) -> None:
    """Take the former secret away, and charge the current one with what it spent since the new one was made."""
    if there is not None:
        late = max(Decimal(), sharing.spend_in(there) - (current.carried_spend or Decimal()))
        if not sharing.is_new_period(current, work.now):
            ApiKeySecret.objects.filter(pk=current.pk).update(late_spend=late)
            current.late_spend = late
    work.client.delete_key(former.token_hash)
    ApiKeySecret.objects.filter(pk=former.pk).update(retired_at=Now(), sealed=None)
    GatewaySpend.objects.filter(kind="key", gateway_id=former.token_hash).delete()
    present = work.client.get_key(current.token_hash) if work.key.max_budget is not None else None
    if present is not None:
        _correct(
            work, current, present, sharing.budget_after_rotation(work.key.max_budget, current, work.now)
        )


def _create(work: _Work, row: ApiKeySecret, budget: Decimal | None) -> Json | None:
    """Make the key. None: it is there as asked for; a row: it was there before, and this is how.

    Its hash and alias are ours alone, so a 200 means that it was made; where it was made before, by a try of ours that
    died, the alias is taken.
    """
    secret = secrets.read_from(row)
    if secret is None:
        raise GatewayNotFound(
            _("The gateway lost this key, and its secret is not kept. Rotate it."), status=404
        )
    body = create_body(work.key, row, work.models, budget, work.now)
    if row.confirmed_at is not None and (spent := _spent_before(work, row)):
        body["spend"] = spent
    is_finished = body["blocked"] == is_blocked(work.key, work.models)
    with suppress(GatewayConflict):
        work.client.create_key(key=secret, **body)
        if is_finished and row.confirmed_at is None:
            return None
    present = work.client.get_key(row.token_hash)
    if present is None:
        raise GatewayUnavailable(_("The gateway confirmed the key but does not know it."))
    return present


def _spent_before(work: _Work, row: ApiKeySecret) -> Decimal:
    """What had been spent in the budget's window when the gateway lost a key that it had: it was deleted there, or
    its owner was taken out of the team there, which deletes keys as well. Made again it must not start at 0.

    1.109 keeps the rows of deleted keys; else it is what the gateway told last.
    """
    gone = work.client.get_key_or_archive(row.token_hash)
    ends: datetime | None
    if gone is not None and gone.get("spend") is not None:
        spent, ends = sharing.spend_in(gone), read_moment(gone.get("budget_reset_at"))
    else:
        told = GatewaySpend.objects.filter(kind="key", gateway_id=row.token_hash).first()
        if told is None:
            return row.carried_spend or Decimal()
        spent, ends = told.spend, told.budget_reset_at
    return spent if ends is None or ends > work.now else Decimal()


def _correct(
    work: _Work, row: ApiKeySecret, present: Json, budget: Decimal | None, *, only_less: bool = False
) -> None:
    """Change what differs, closing before anything else. `only_less`: a budget that grows is left for later."""
    blocked = is_blocked(work.key, work.models)
    if blocked and not present.get("blocked"):
        work.client.block_key(row.token_hash)
        present["blocked"] = True
    _reset_spend(work, row, present)
    wanted = desired_fields(work.key, row, work.models, budget)
    if only_less and not sharing.is_less(budget, present.get("max_budget")):
        del wanted["max_budget"]
    found = row_fields(present)
    changes = {d.field: d.wanted for d in differences(wanted, found)}
    if "budget_duration" in changes and wanted["budget_duration"] is None and work.key.max_budget is None:
        # 1.80 keeps the window when it is told to clear it; without a budget it means nothing.
        del changes["budget_duration"]
    if "soft_budget" in changes and work.client.features().version_tuple < _SETS_SOFT_BUDGETS:
        # Earlier ones take it with the creation only. It never stops a call, and the portal's own alerts don't need it.
        del changes["soft_budget"]
    if "expires" in changes:
        changes["duration"] = secrets.duration_until(changes.pop("expires"), work.now)
    if changes:
        work.client.update_key(row.token_hash, **changes)
        present.update(changes)
    if not blocked and present.get("blocked"):
        work.client.unblock_key(row.token_hash)
        present["blocked"] = False


def _reset_spend(work: _Work, row: ApiKeySecret, present: Json) -> None:
    wanted = work.key.spend_reset_at
    if wanted is None or (row.spend_reset_at is not None and row.spend_reset_at >= wanted):
        return
    work.client.reset_spend(row.token_hash)
    present["spend"] = Decimal()
    zero = Decimal()
    ApiKeySecret.objects.filter(pk=row.pk).update(spend_reset_at=wanted, carried_spend=zero, late_spend=None)
    GatewaySpend.objects.filter(kind="key", gateway_id=row.token_hash).update(spend=0, as_of=Now())
    row.spend_reset_at, row.carried_spend, row.late_spend = wanted, zero, None


def _confirm(work: _Work, row: ApiKeySecret) -> None:
    if row.confirmed_at is not None:
        return
    shown_once = options.recent("keyRevealMode") == "once"
    (_CONFIRMED_AND_FORGOTTEN if shown_once else _CONFIRMED).rows(None, {"row": row.pk})
    row.confirmed_at = work.now


def _unconfirmed(_shape: None, values: Values) -> Any:
    return ApiKeySecret.objects.filter(pk=values["row"], confirmed_at__isnull=True)


_CONFIRMED = Change(_unconfirmed, lambda _values: {"confirmed_at": Now()})
_CONFIRMED_AND_FORGOTTEN = Change(_unconfirmed, lambda _values: {"confirmed_at": Now(), "sealed": None})
