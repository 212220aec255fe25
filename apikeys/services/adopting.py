"""Taking over what somebody changed of a key, or made, in the gateway's own pages.

Limits, tags, expiry, models and a block can be taken over, within the portal's rules. These can't, and are repaired:

- alias, and the ids in `metadata`: by them a key is found again after a lost reply;
- owner and team: whose key it is is decided here, and decides who may see and rotate it;
- "all models" (an empty list), and models without a subscription: access comes from subscriptions;
- routes that no choice of permissions stands for;
- a budget that two secrets share, or whose counter a rotation has moved: it is no longer the key's own figure;
- a key that ended here, or whose owner was deactivated: an end is final.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import SYSTEM, Actor, User
from apikeys.desired import allowed_routes, desired_fields, is_blocked, row_fields
from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret, opening
from apikeys.models.opening import is_detached
from apikeys.services.changing import change_in_transaction
from apikeys.services.ending import set_blocked
from apikeys.services.issuing import require_models_of_found
from apikeys.terms import PERMISSIONS, wrong_values
from litellm_sync import outbox, windows
from litellm_sync.differences import differences
from litellm_sync.findings import NotAdoptable
from litellm_sync.registry import Sighting
from litellm_sync.spend import read_moment
from litemaas import errors
from teams.models import Team
from teams.roles import USES_KEYS, role_in

Json = Mapping[str, Any]
_PLAIN = {
    "tpm_limit": "tpm_limit",
    "rpm_limit": "rpm_limit",
    "max_parallel_requests": "max_parallel_requests",
}
_IN_METADATA: dict[str, tuple[str, type]] = {
    "portal_tags": ("tags", list),
    "guardrails": ("guardrails", list),
    "model_rpm_limit": ("model_rpm_limit", dict),
    "model_tpm_limit": ("model_tpm_limit", dict),
}
_DECIDED_HERE = {
    "key_alias": gettext_lazy("The alias stays: by it a key is found again after a lost reply. Repair it."),
    "user_id": gettext_lazy("Whose key it is is decided here. Repair it."),
    "team_id": gettext_lazy("Which team pays for a key is decided here. Repair it."),
}


def adopt_key(sighting: Sighting, actor: Actor | None, now: datetime) -> UUID:
    """Take the gateway's values of a key into the portal's row, or make a row for a key that somebody made over there. In
    the caller's transaction. `actor` None is the program, which keeps to the maximums of keys.

    Raises NotAdoptable, which says why, and what changing a key raises.
    """
    if sighting.object_id is None:
        return _register(sighting, actor or SYSTEM, now)
    key = _held(sighting.object_id)
    secret = key.secrets.filter(token_hash=sighting.gateway_id).first()
    if not key.is_live(now) or secret is None or secret.retired_at is not None:
        raise NotAdoptable(_("This key has ended. Repair it: the gateway must forget it."))
    models = opening.opened_models([key.pk]).get(key.pk, [])
    found = row_fields(dict(sighting.row))
    # Set with the creation only by earlier gateways, and it stops nothing.
    wanted = {**desired_fields(key, secret, models, key.max_budget), "blocked": is_blocked(key, models)}
    del wanted["soft_budget"]
    differing = {item.field for item in differences(wanted, found)}
    values = _values(key, differing, found)
    if wrong := wrong_values(values, now):
        raise errors.InvalidInput(fields=wrong)
    chosen = _models(key, models, found) if "models" in differing else None
    change_in_transaction(actor or SYSTEM, key, chosen, values, actor is not None, now)
    if "blocked" in differing:
        _take_block(key, models, bool(found.get("blocked")), actor or SYSTEM, now)
    return key.pk


def _held(key_id: UUID) -> ApiKey:
    rows = ApiKey.objects.select_related("owner", "team").annotate(detached=is_detached())
    key = rows.select_for_update(of=("self",), no_key=True).get(pk=key_id)
    key.is_detached = vars(key)["detached"]
    return key


def _values(key: ApiKey, differing: set[str], found: Json) -> dict[str, Any]:
    """The columns to change. Raises NotAdoptable."""
    for field in sorted(differing & set(_DECIDED_HERE)):
        raise NotAdoptable(str(_DECIDED_HERE[field]), field=field)
    values = {column: found.get(field) for field, column in _PLAIN.items() if field in differing}
    if "max_budget" in differing:
        _require_own_budget(key)
        values["max_budget"] = _amount(found.get("max_budget"))
    if "budget_duration" in differing:
        values["budget_window"] = windows.read_window(found.get("budget_duration"))
    if "expires" in differing:
        values["expires_at"] = read_moment(found.get("expires"))
    if "model_max_budget" in differing:
        values["model_max_budget"] = _model_budgets(found.get("model_max_budget") or {})
    if "allowed_routes" in differing:
        values["permissions"] = _permissions(found.get("allowed_routes") or [])
    if "metadata" in differing:
        values |= _metadata(key, found["metadata"])
    return values


def _require_own_budget(key: ApiKey) -> None:
    rows = list(key.secrets.all())
    live = [row for row in rows if row.retired_at is None]
    if len(live) > 1 or any(row.late_spend is not None for row in live):
        raise NotAdoptable(
            _("Two secrets share this budget, or did in its window. Repair it."), field="max_budget"
        )


def _metadata(key: ApiKey, found: Json) -> dict[str, Any]:
    if found.get("portal_key_id") != str(key.pk) or not found.get("portal"):
        text = _(
            "The portal's own marks are gone: by them a key is found again after a lost reply. Repair it."
        )
        raise NotAdoptable(text, field="metadata")
    values: dict[str, Any] = {}
    for name, (column, shape) in _IN_METADATA.items():
        value = found.get(name) or shape()
        if not isinstance(value, shape):
            raise NotAdoptable(
                _("The gateway has something unreadable as %(name)s. Repair it.") % {"name": name},
                field="metadata",
            )
        values[column] = value
    return values


def _permissions(routes: list[str]) -> dict[str, bool]:
    for number in range(1, 2 ** len(PERMISSIONS)):
        chosen = {name: bool(number >> place & 1) for place, name in enumerate(PERMISSIONS)}
        if sorted(allowed_routes(chosen)) == sorted(routes):
            return {name: flag for name, flag in chosen.items() if not flag}
    raise NotAdoptable(
        _("No choice of permissions stands for these routes. Repair it."), field="allowed_routes"
    )


def _model_budgets(found: Json) -> dict[str, Any]:
    try:
        return {
            name: {
                "budgetLimit": float(limit["budget_limit"]),
                "timePeriod": windows.read_window(limit["time_period"]),
            }
            for name, limit in found.items()
        }
    except (KeyError, TypeError, ValueError):
        raise NotAdoptable(
            _("The budgets per model can't be read. Repair it."), field="model_max_budget"
        ) from None


def _models(key: ApiKey, opened: list[str], found: Json) -> list[str]:
    """Those that the gateway lists, and those that the key has but that are closed at present."""
    listed = found.get("models") or []
    if not listed or any(
        not isinstance(name, str) or name.startswith(("all-", "no-default-")) for name in listed
    ):
        text = _(
            "Access comes from subscriptions, model by model: a list for all models can't be taken over. Repair it."
        )
        raise NotAdoptable(text, field="models")
    chosen = set(key.model_links.values_list("model_id", flat=True))
    return sorted((chosen - set(opened)) | set(listed))


def _take_block(key: ApiKey, opened: list[str], blocked: bool, actor: Actor, now: datetime) -> None:
    is_closed_otherwise = not opened or (key.owner is not None and not key.owner.is_active)
    if not blocked and is_closed_otherwise:
        raise NotAdoptable(_("This key opens nothing here, so it stays blocked. Repair it."), field="blocked")
    reason = "Blocked in the gateway" if blocked else ""
    set_blocked(actor, key.pk, blocked, reason, "API_KEY_BLOCK" if blocked else "API_KEY_UNBLOCK", now)


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("1e-10"))


# --- a key that was made over there


def _register(sighting: Sighting, actor: Actor, now: datetime) -> UUID:
    """A row for a key that somebody made over there. Its secret is not known here: it can be rotated, not revealed."""
    row = row_fields(dict(sighting.row))
    alias = str(row.get("key_alias") or "")
    if not 0 < len(alias) <= _LONGEST_ALIAS:
        raise NotAdoptable(
            _("The portal knows keys by an alias of at most 80 characters, and this one has none.")
        )
    owner, team = _owner_and_team(row)
    names = [name for name in row.get("models") or [] if isinstance(name, str)]
    if not names or any(name.startswith(("all-", "no-default-")) for name in names):
        raise NotAdoptable(_("This key opens all models or none. Give it a list of models first."))
    require_models_of_found(owner, team, names, now)
    tail = str(row.get("key_name") or "")[-4:]
    key = ApiKey(owner=owner, team=team, created_by=actor if isinstance(actor, User) else None, name=alias)
    key.alias, key.secret_prefix, key.secret_suffix = alias, "sk-", tail
    key.created_at = key.updated_at = now
    secret = ApiKeySecret(api_key=key, token_hash=sighting.gateway_id, alias=alias, prefix="sk-", suffix=tail)
    secret.created_at, secret.confirmed_at = now, now
    try:
        with transaction.atomic():
            key.save(force_insert=True)
            secret.save(force_insert=True)
    except IntegrityError:
        raise NotAdoptable(_("The portal has a key of this alias already.")) from None
    ApiKeyModel.objects.bulk_create(ApiKeyModel(api_key=key, model_id=name) for name in sorted(set(names)))
    audit.record(
        "API_KEY_ADOPT", actor=actor, obj=key, at=now, new={"name": key.name, "models": sorted(names)}
    )
    unmarked = {"metadata", "allowed_routes", "key_alias", "user_id", "team_id", "models", "blocked"}
    wanted = desired_fields(key, secret, sorted(names), None)
    limits = {item.field for item in differences(wanted, row)} - unmarked
    values = _values(key, limits, row)
    if wrong := wrong_values(values, now):
        raise errors.InvalidInput(fields=wrong)
    change_in_transaction(actor, key, None, values, actor is not SYSTEM, now)
    if row.get("blocked"):
        set_blocked(actor, key.pk, True, "Blocked in the gateway", "API_KEY_BLOCK", now)
    outbox.mark_dirty("key", key.pk, now=now)
    return key.pk


_LONGEST_ALIAS = 80


def _owner_and_team(row: Json) -> tuple[User | None, Team | None]:
    owner = User.objects.filter(pk__in=_uuids(row.get("user_id"))).first()
    team = Team.objects.filter(pk__in=_uuids(row.get("team_id"))).first()
    if (row.get("user_id") and owner is None) or (row.get("team_id") and team is None):
        raise NotAdoptable(_("The portal does not know this key's user or team. Adopt the team first."))
    if owner is None and team is None:
        raise NotAdoptable(_("This key belongs to nobody: neither to a user of the portal nor to a team."))
    if owner is not None and team is not None and role_in(team.pk, owner.pk) not in USES_KEYS:
        raise NotAdoptable(_("The owner of this key may have no keys of this team."))
    return owner, team


def _uuids(value: Any) -> list[UUID]:
    try:
        return [UUID(str(value))]
    except ValueError:
        return []
