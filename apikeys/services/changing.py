"""Changing a key's settings."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Unpack
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor
from apikeys import policies
from apikeys.errors import KeyEnded
from apikeys.key_policy import key_policy
from apikeys.models import ApiKey, ApiKeyModel
from apikeys.services.editions import require_edition
from apikeys.services.entitlement import require_subscriptions
from apikeys.services.issuing import require_within_team
from apikeys.services.reaching import bring_to_gateway, locked_key
from apikeys.terms import PER_MODEL, WIRE, KeyValues, tidy, wrong_metadata, wrong_together, wrong_values
from litellm_sync import outbox
from litemaas import errors

_INVOLVED = (
    *("max_budget", "soft_budget", "tpm_limit", "rpm_limit"),
    *("model_max_budget", "model_rpm_limit", "model_tpm_limit"),
)


def change_api_key(
    *,
    actor: Actor,
    key_id: UUID | str,
    model_ids: list[str] | None = None,
    is_bound: bool = True,
    now: datetime,
    **values: Unpack[KeyValues],
) -> ApiKey:
    """Change some settings; what is not named stays, None clears. Everything is checked before anything is written.

    `metadata` is merged name by name, where None takes a name away. `is_bound=False`: an administrator goes beyond the
    maximums. Raises InvalidInput, LimitExceedsMaximum, ModelNotSubscribed, NotSupportedByGateway, KeyEnded, Forbidden.
    """
    tidied = tidy(values)
    wrong = wrong_values(tidied, now)
    if model_ids is not None and not model_ids:
        wrong["modelIds"] = _("Choose at least one model.")
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    require_edition(tidied)
    key = _commit_change(actor, key_id, model_ids, tidied, is_bound, now)
    bring_to_gateway(key.pk)
    return key


@transaction.atomic(durable=True)
def _commit_change(
    actor: Actor,
    key_id: UUID | str,
    model_ids: list[str] | None,
    values: dict[str, Any],
    is_bound: bool,
    now: datetime,
) -> ApiKey:
    key = locked_key(actor, key_id)
    if not policies.may_change(actor, key) or (not is_bound and not policies.may_issue_for_others(actor)):
        raise errors.Forbidden(requiredPermission="api_keys:write")
    if "guardrails" in values and not policies.may_set_guardrails(actor):
        raise errors.Forbidden(requiredPermission="admin:api_keys")
    policies.require_grants(actor, key.owner_id, values, held=key.portal_permissions)
    return change_in_transaction(actor, key, model_ids, values, not is_bound, now)


def change_in_transaction(
    actor: Actor,
    key: ApiKey,
    model_ids: list[str] | None,
    values: dict[str, Any],
    is_unbound: bool,
    now: datetime,
) -> ApiKey:
    """`change_api_key` for a locked key, in the caller's transaction, when the actor may. `values` are tidied."""
    if not key.is_live(now):
        raise KeyEnded
    _merge_metadata(key, values)
    before: list[str] = []
    if model_ids is not None or any(values.get(field, getattr(key, field)) for field in PER_MODEL):
        before = sorted(key.model_links.values_list("model_id", flat=True))
    models = before if model_ids is None else sorted(set(model_ids))
    _check_after(key, values, models, not is_unbound, now)
    _require_models(key, [model_id for model_id in models if model_id not in before])
    old = {field: getattr(key, field) for field in values}
    changed = [field for field, value in values.items() if old[field] != value]
    if not changed and models == before:
        return key
    for field in changed:
        setattr(key, field, values[field])
    key.updated_at = now
    key.save(update_fields=[*changed, "updated_at"])
    _choose_models(key, before, models)
    _record(actor, key, old, changed, before, models, now)
    outbox.mark_dirty("key", key.pk, now=now, hurried=False)
    return key


def _merge_metadata(key: ApiKey, values: dict[str, Any]) -> None:
    if "metadata" not in values:
        return
    merged = {**key.metadata, **values["metadata"]} if values["metadata"] else {}
    values["metadata"] = {name: value for name, value in merged.items() if value is not None}
    wrong = wrong_metadata(values["metadata"])
    if wrong:
        raise errors.InvalidInput(fields=wrong)


def _check_after(
    key: ApiKey, values: dict[str, Any], models: list[str], is_bound: bool, now: datetime
) -> None:
    """The key as it would be: its own values agree, and what is changed keeps to the maximums and the team's limits."""
    after = {field: values.get(field, getattr(key, field)) for field in _INVOLVED}
    wrong = wrong_together(after, set(models))
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    if is_bound:
        key_policy().require_within(values, now)
    if key.team is not None:
        require_within_team(values, key.team)


def _require_models(key: ApiKey, added: list[str]) -> None:
    if not added:
        return
    if key.team is not None:
        allowed = set(key.team.allowed_links.values_list("model_id", flat=True))
        foreign = [model_id for model_id in added if allowed and model_id not in allowed]
        if foreign:
            raise errors.InvalidInput(
                fields={"modelIds": _("The team does not allow %(names)s.") % {"names": ", ".join(foreign)}}
            )
    if key.owner is not None:
        require_subscriptions(key.owner, added)


def _choose_models(key: ApiKey, before: list[str], models: list[str]) -> None:
    gone = set(before) - set(models)
    if gone:
        key.model_links.filter(model_id__in=gone).delete()
    fresh = [ApiKeyModel(api_key=key, model_id=model_id) for model_id in models if model_id not in before]
    ApiKeyModel.objects.bulk_create(fresh)


def _record(
    actor: Actor,
    key: ApiKey,
    old: dict[str, Any],
    changed: list[str],
    before: list[str],
    models: list[str],
    now: datetime,
) -> None:
    was = {WIRE[field]: _plain(old[field]) for field in changed}
    new = {WIRE[field]: _plain(getattr(key, field)) for field in changed}
    if models != before:
        was["modelIds"], new["modelIds"] = before, models
    is_others = key.owner_id != actor.pk and actor.may("admin:api_keys")
    action = "ADMIN_UPDATE_API_KEY" if is_others else "API_KEY_UPDATE"
    audit.record(action, actor=actor, obj=key, at=now, old=was, new=new)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | datetime) else value
