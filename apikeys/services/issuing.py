"""Making a key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor, User
from accounts.services import push_user
from apikeys import policies, secrets
from apikeys.errors import LimitExceedsMaximum, RequestTokenReused
from apikeys.key_policy import key_policy
from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret
from apikeys.services.editions import require_edition
from apikeys.services.ending import withdraw_refused_key
from apikeys.services.entitlement import hold_owner, require_subscriptions, standing_of
from apikeys.terms import WIRE, KeyValues, tidy, wrong_metadata, wrong_together, wrong_values
from catalog.models import Model
from litellm_sync import outbox
from litellm_sync.errors import GatewayRefused
from litellm_sync.models import Claim, GatewayObject
from litemaas import dry_run, errors
from litemaas.inserting import insert_together
from teams.models import Team
from teams.roles import ADMIN, USES_KEYS, role_in
from teams.services import push_team

# Gives the owner subscriptions to these models, in the caller's transaction.
Subscriber = Callable[[User, list[str]], None]


@dataclass(frozen=True)
class IssuedKey:
    """A key together with its secret. `is_replay` says that an earlier request made it."""

    key: ApiKey
    secret: str | None
    is_replay: bool = False


@dataclass(frozen=True)
class _Order:
    """Who asks for which key. `subscribe` is an administrator's, who is not bound by maximums either."""

    actor: User
    owner: User | None
    team_id: UUID | None
    model_ids: list[str]
    values: dict[str, Any]
    request_token: str | None
    request_digest: str
    subscribe: Subscriber | None
    action: str


def issue_api_key(
    *,
    actor: User,
    model_ids: list[str],
    owner: User | None = None,
    team_id: UUID | None = None,
    is_service: bool = False,
    request_token: str | None = None,
    request_digest: str = "",
    subscribe: Subscriber | None = None,
    now: datetime,
    **values: Unpack[KeyValues],
) -> IssuedKey:
    """Make a key for subscribed models. The same `request_token` again gives the same key.

    With `team_id` the team is charged; `is_service`: nobody owns it, the team's administrators look after it.
    An administrator may make one for another `owner`, and with `subscribe` has the missing subscriptions made.
    Waits a moment for the gateway; if it does not confirm in time the key is `pending` and the worker goes on.
    Raises InvalidInput, LimitExceedsMaximum, ModelNotSubscribed, KeyLimitReached, RequestTokenReused,
    NotSupportedByGateway; GatewayRefused when the gateway refuses it for good: then nothing is left of it.
    """
    for_other = owner is not None and owner.pk != actor.pk
    if not policies.may_issue(actor) or (
        (for_other or subscribe) and not policies.may_issue_for_others(actor)
    ):
        raise errors.Forbidden(requiredPermission="admin:api_keys" if for_other else "api_keys:write")
    tidied = tidy(values)
    tidied["name"] = tidied.get("name") or (
        "" if "name" in values and values["name"] is not None else "API key"
    )
    _check(actor, tidied, model_ids, now)
    order = _Order(
        actor=actor,
        owner=None if is_service else owner or actor,
        team_id=team_id,
        model_ids=sorted(set(model_ids)),
        values=tidied,
        request_token=request_token,
        request_digest=request_digest,
        subscribe=subscribe,
        action="ADMIN_CREATE_API_KEY" if for_other else "API_KEY_CREATE",
    )
    policies.require_grants(actor, order.owner.pk if order.owner else None, tidied)
    if is_service and team_id is None:
        raise errors.InvalidInput(fields={"teamId": _("A service key belongs to a team.")})
    return _issue(order, now)


def _issue(order: _Order, now: datetime) -> IssuedKey:
    issued, made = _commit_key(order, now)
    if made is not None and not dry_run.is_rehearsing():
        from apikeys.gateway import first_act
        from litellm_sync.client import gateway

        client = gateway().hurried(settings.GATEWAY_INLINE_DEADLINE)
        act = first_act(issued.key, made.row, made.opened, waits_for_owner=made.waits_for_owner)
        if not outbox.apply(made.claim, act, client=client):
            reason = withdraw_refused_key(issued.key)
            if reason is not None:
                raise GatewayRefused(
                    _("The model gateway refused the key: %(reason)s") % {"reason": reason}, status=502
                )
    return issued


def _check(actor: Actor, values: dict[str, Any], model_ids: list[str], now: datetime) -> None:
    wrong = wrong_values(values, now)
    wrong |= wrong_metadata(values.get("metadata", {}))
    if not model_ids:
        wrong["modelIds"] = _("Choose at least one model.")
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    if values.get("guardrails") and not policies.may_set_guardrails(actor):
        raise errors.Forbidden(requiredPermission="admin:api_keys")
    require_edition(values)


@dataclass(frozen=True)
class _Made:
    """What the gateway is told of a new key: its secret's row, what it opens, and the wish in our hands.

    `waits_for_owner`: the gateway does not have its owner yet. Unknown for keys of a team.
    """

    row: ApiKeySecret
    opened: list[str]
    claim: Claim
    waits_for_owner: bool | None


@transaction.atomic(durable=True)
def _commit_key(order: _Order, now: datetime) -> tuple[IssuedKey, _Made | None]:
    team = _held_team(order) if order.team_id else None
    if team is not None and not GatewayObject.objects.filter(kind="team", object_id=team.pk).exists():
        push_team(team.pk, now=now)
    # One creation at a time per person (of service keys: per team), so the count below stays true, and a repeated
    # request sees the first one's key.
    if order.owner is not None:
        hold_owner(order.owner)
    keys = ApiKey.objects.filter(owner=order.owner) if order.owner else _service_keys(order)
    if order.request_token and (earlier := keys.filter(request_token=order.request_token).first()):
        return _replay(earlier, order), None
    policy = key_policy()
    standing = standing_of(order.owner, order.team_id, policy, now)
    policy.complete(order.values, now, bound=order.subscribe is None)
    if order.subscribe is None:
        policy.require_within(order.values, now)
    _require_together(order.values, order.model_ids, team)
    _require_models(order, team)
    key = ApiKey(owner=order.owner, team=team, created_by=order.actor, **order.values)
    key.alias = f"portal-{key.pk}"
    key.request_token, key.request_digest = order.request_token, order.request_digest
    key.created_at = key.updated_at = now
    secret = secrets.new_secret()
    row = secrets.secret_row(key, secret, now=now)
    # The caller applies it at once, and the user with it.
    wish, lease = outbox.first_wish("key", key.pk, now=now)
    new = {"name": key.name, "models": order.model_ids, "teamId": str(team.pk) if team else None}
    insert_together(
        key,
        row,
        *(ApiKeyModel(api_key=key, model_id=model_id) for model_id in order.model_ids),
        audit.draft(order.action, actor=order.actor, obj=key, at=now, new=new),
        wish,
    )
    dry_run.note("API_KEY", [(str(key.pk), str(key))])
    if standing.is_first and order.owner is not None:
        push_user(order.owner, now=now)
    if team is not None and team.is_default:
        # The one team that nobody had to make, so the gateway may never have heard of it.
        push_team(team.pk, now=now)
    # All models were checked above, in this transaction; a key of somebody inactive opens none.
    opened = order.model_ids if order.owner is None or order.owner.is_active else []
    waits_for_owner = standing.is_first or standing.owner_waits if team is None else None
    return IssuedKey(key, secret), _Made(row, opened, Claim(wish, lease), waits_for_owner)


def _service_keys(order: _Order) -> Any:
    return ApiKey.objects.filter(owner__isnull=True, team=order.team_id)


def _replay(key: ApiKey, order: _Order) -> IssuedKey:
    models = sorted(key.model_links.values_list("model_id", flat=True))
    is_same = key.name == order.values["name"] and models == order.model_ids
    if not is_same or (order.request_digest and key.request_digest != order.request_digest):
        raise RequestTokenReused
    secret = None if key.is_revoked else secrets.read_from(key.current_secret)
    return IssuedKey(key, secret, is_replay=True)


def _held_team(order: _Order) -> Team:
    """The team, held against being switched off meanwhile. Raises where the actor may hold no keys of it."""
    rows = Team.objects.visible_to(order.actor).select_for_update(of=("self",), no_key=True)
    try:
        team = rows.get_or_refuse(str(order.team_id))
    except errors.NotFound:
        raise errors.InvalidInput(fields={"teamId": _("You are in no such team.")}) from None
    if not team.is_active:
        raise errors.InvalidInput(fields={"teamId": _("This team is not active.")})
    roles = USES_KEYS if order.owner else (ADMIN,)
    owner = order.owner or order.actor
    if role_in(team.pk, owner.pk) not in roles and not (
        order.owner is None and order.actor.may("teams:write_all")
    ):
        raise errors.Forbidden(_("Your role in this team does not let you make this key."))
    return team


def _require_models(order: _Order, team: Team | None) -> None:
    allowed = set(team.allowed_links.values_list("model_id", flat=True)) if team else set()
    foreign = [model_id for model_id in order.model_ids if allowed and model_id not in allowed]
    if foreign:
        raise errors.InvalidInput(
            fields={"modelIds": _("The team does not allow %(names)s.") % {"names": ", ".join(foreign)}}
        )
    if order.owner is None:
        known = set(
            Model.objects.filter(pk__in=order.model_ids, availability="available").values_list(
                "pk", flat=True
            )
        )
        missing = [model_id for model_id in order.model_ids if model_id not in known]
        if missing:
            raise errors.InvalidInput(
                fields={"modelIds": _("There is no model %(names)s.") % {"names": ", ".join(missing)}}
            )
        return
    if order.subscribe is not None:
        # Raises where it can't make all of them active, and holds them.
        order.subscribe(order.owner, order.model_ids)
    else:
        require_subscriptions(order.owner, order.model_ids)


def require_models_of_found(
    owner: User | None, team: Team | None, model_ids: list[str], now: datetime
) -> None:
    """For a key that was made elsewhere: the rules that hold for one that is made here. In the caller's transaction."""
    if owner is not None:
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    order = _Order(owner or User(), owner, team.pk if team else None, model_ids, {}, None, "", None, "")
    standing_of(owner, order.team_id, key_policy(), now)
    _require_models(order, team)


_DEFAULT_COLUMNS: dict[str, Any] = {
    "max_budget": None,
    "soft_budget": None,
    "tpm_limit": None,
    "rpm_limit": None,
    "model_max_budget": {},
    "model_rpm_limit": {},
    "model_tpm_limit": {},
}


def _require_together(values: dict[str, Any], model_ids: list[str], team: Team | None) -> None:
    after = {**_DEFAULT_COLUMNS, **values}
    wrong = wrong_together(after, set(model_ids))
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    if team is not None:
        require_within_team(after, team)


def require_within_team(values: dict[str, Any], team: Team) -> None:
    """Raises LimitExceedsMaximum for limits above the team's. None of one's own is fine: the team's binds anyway."""
    wrong = {
        WIRE[field]: _("The team’s limit is %(n)s.")
        % {"n": f"{most.normalize():f}" if field == "max_budget" else most}
        for field in ("max_budget", "tpm_limit", "rpm_limit")
        if (most := getattr(team, field)) is not None and (values.get(field) or 0) > most
    }
    if wrong:
        raise LimitExceedsMaximum(fields=wrong)
