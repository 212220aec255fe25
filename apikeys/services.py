"""Use cases of API keys. The secret, its hash and the wish are committed before the gateway hears of the key."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.errors import SignInTooOld
from accounts.models import Actor, AuditEvent, User
from accounts.services import push_user
from apikeys import policies, secrets
from apikeys.errors import (
    KeyEnded,
    KeyLimitReached,
    ModelNotSubscribed,
    RequestTokenReused,
    SecretNotReadable,
    TooManyReveals,
)
from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret
from litellm_sync import outbox
from litemaas import errors
from subscriptions.models import Subscription


@dataclass(frozen=True)
class Limits:
    """A key's own limits; None = none. Budget in US dollars per window, rates per minute."""

    max_budget: Decimal | None = None
    budget_window: str = ""
    tpm_limit: int | None = None
    rpm_limit: int | None = None
    max_parallel_requests: int | None = None


@dataclass(frozen=True)
class IssuedKey:
    """A key together with its secret. `is_replay` says that an earlier request made it."""

    key: ApiKey
    secret: str | None
    is_replay: bool = False


def issue_api_key(
    *,
    actor: User,
    model_ids: list[str],
    name: str = "API key",
    description: str = "",
    limits: Limits | None = None,
    expires_at: datetime | None = None,
    request_token: str | None = None,
    now: datetime,
) -> IssuedKey:
    """Make a key for subscribed models. The same `request_token` again gives the same key.

    Waits a moment for the gateway; if it does not confirm in time the key is `pending` and the worker goes on.
    Raises InvalidInput, ModelNotSubscribed, KeyLimitReached, RequestTokenReused.
    """
    if not policies.may_issue(actor):
        raise errors.Forbidden(requiredPermission="api_keys:write")
    limits = limits or Limits()
    _check(name, description, model_ids, limits, expires_at, now)
    issued = _commit_key(
        actor, sorted(set(model_ids)), name, description, limits, expires_at, request_token, now
    )
    if not issued.is_replay:
        bring_to_gateway(issued.key.pk)
    return issued


@transaction.atomic(durable=True)
def _commit_key(
    actor: User,
    model_ids: list[str],
    name: str,
    description: str,
    limits: Limits,
    expires_at: datetime | None,
    request_token: str | None,
    now: datetime,
) -> IssuedKey:
    # One creation at a time per person: the count below stays true, and a repeated request sees the first one's key.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    if request_token and (earlier := ApiKey.objects.filter(owner=actor, request_token=request_token).first()):
        return _replay(earlier, name.strip(), model_ids)
    live = ApiKey.objects.filter(owner=actor).live(now).count()
    if live >= settings.MAX_ACTIVE_KEYS_PER_USER:
        raise KeyLimitReached(limit=settings.MAX_ACTIVE_KEYS_PER_USER)
    _require_subscriptions(actor, model_ids)
    key = ApiKey(
        owner=actor, created_by=actor, name=name.strip(), description=description.strip(), **vars(limits)
    )
    key.alias = f"portal-{key.pk}"
    key.expires_at, key.request_token = expires_at, request_token
    key.created_at = key.updated_at = now
    secret = secrets.new_secret()
    row = secrets.secret_row(key, secret, now=now)
    key.save(force_insert=True)
    row.save(force_insert=True)
    ApiKeyModel.objects.bulk_create([ApiKeyModel(api_key=key, model_id=model_id) for model_id in model_ids])
    audit.record("API_KEY_CREATE", actor=actor, obj=key, at=now, new={"name": key.name, "models": model_ids})
    push_user(actor, now=now) if _is_first_key(key) else None
    # The caller applies it at once, and the user with it.
    outbox.mark_dirty("key", key.pk, now=now, hurried=False)
    return IssuedKey(key, secret)


def _replay(key: ApiKey, name: str, model_ids: list[str]) -> IssuedKey:
    if key.name != name or sorted(key.model_links.values_list("model_id", flat=True)) != model_ids:
        raise RequestTokenReused
    secret = None if key.is_revoked else secrets.read_from(key.current_secret)
    return IssuedKey(key, secret, is_replay=True)


def _is_first_key(key: ApiKey) -> bool:
    return not ApiKey.objects.filter(owner_id=key.owner_id).exclude(pk=key.pk).exists()


def bring_to_gateway(key_id: UUID) -> None:
    """Try at once, for a moment; the worker goes on where this ends."""
    from litellm_sync.client import gateway

    outbox.apply_now("key", key_id, client=gateway().hurried(settings.GATEWAY_INLINE_DEADLINE))


def _require_subscriptions(actor: User, model_ids: list[str]) -> None:
    """Rows are held against a cancellation at the same moment, whose loss of access would miss the new key."""
    held = Subscription.objects.active().filter(
        user=actor, model_id__in=model_ids, model__availability="available"
    )
    subscribed = set(held.select_for_update(of=("self",), no_key=True).values_list("model_id", flat=True))
    missing = [model_id for model_id in model_ids if model_id not in subscribed]
    if missing:
        raise ModelNotSubscribed(
            f"You have no active subscription to {', '.join(missing)}.", models=missing, field="modelIds"
        )


def _check(
    name: str,
    description: str,
    model_ids: list[str],
    limits: Limits,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    wrong = {}
    if not name.strip():
        wrong["name"] = "Give the key a name."
    if len(name.strip()) > 255:
        wrong["name"] = "A name has at most 255 characters."
    if len(description) > 1000:
        wrong["description"] = "A description has at most 1000 characters."
    if not model_ids:
        wrong["modelIds"] = "Choose at least one model."
    if expires_at is not None and expires_at <= now:
        wrong["expiresAt"] = "Choose a future date."
    wrong |= _wrong_limits(limits)
    if wrong:
        raise errors.InvalidInput(fields=wrong)


_LARGEST_RATE = 2**31 - 1
_LARGEST_BUDGET = Decimal(1_000_000_000)


def _wrong_limits(limits: Limits) -> dict[str, str]:
    wrong = {}
    ranges: list[tuple[str, Any, Any, Any]] = [
        ("maxBudget", limits.max_budget, 0, _LARGEST_BUDGET),
        ("tpmLimit", limits.tpm_limit, 0, _LARGEST_RATE),
        ("rpmLimit", limits.rpm_limit, 0, _LARGEST_RATE),
        ("maxParallelRequests", limits.max_parallel_requests, 1, _LARGEST_RATE),
    ]
    for field, value, least, most in ranges:
        # NaN is no number and compares with none.
        if isinstance(value, Decimal) and value.is_nan():
            wrong[field] = "Enter a number."
        elif value is not None and not least <= value <= most:
            wrong[field] = f"Enter {least} or more, and at most {most}."
    if limits.budget_window and limits.budget_window not in ApiKey.BudgetWindow.values:
        wrong["budgetDuration"] = f"Choose one of {', '.join(ApiKey.BudgetWindow.values)}."
    if limits.budget_window and limits.max_budget is None:
        wrong["budgetDuration"] = "A window needs a budget."
    return wrong


@transaction.atomic(durable=True)
def revoke_api_key(*, actor: Actor, key_id: UUID | str, now: datetime) -> ApiKey:
    """Stop a key for good. Revoking a revoked key changes nothing."""
    key = _locked(actor, key_id)
    if not policies.may_revoke(actor, key):
        raise errors.Forbidden(requiredPermission="api_keys:delete")
    if not key.is_revoked:
        _end(key, now)
        key.save(update_fields=["revoked_at", "updated_at"])
        audit.record("API_KEY_REVOKE", actor=actor, obj=key, at=now)
        outbox.mark_dirty("key", key.pk, now=now)
    return key


@transaction.atomic(durable=True)
def delete_api_key(*, actor: Actor, key_id: UUID | str, now: datetime) -> ApiKey:
    """Revoke a key and take it off every list. The row stays, so that its usage keeps its owner."""
    key = _locked(actor, key_id)
    if not policies.may_revoke(actor, key):
        raise errors.Forbidden(requiredPermission="api_keys:delete")
    was_revoked = key.is_revoked
    if not was_revoked:
        _end(key, now)
    key.deleted_at = key.updated_at = now
    key.save(update_fields=["revoked_at", "deleted_at", "updated_at"])
    audit.record("API_KEY_DELETE", actor=actor, obj=key, at=now)
    if not was_revoked:
        outbox.mark_dirty("key", key.pk, now=now)
    return key


def _end(key: ApiKey, now: datetime) -> None:
    """A revoked key's secrets are of no use to anybody any more, so they are not kept."""
    # Never before the creation, even if another machine's clock was ahead.
    key.revoked_at = key.updated_at = max(now, key.created_at)
    ApiKeySecret.objects.filter(api_key=key).update(sealed=None)


@transaction.atomic(durable=True)
def block_api_key(*, actor: Actor, key_id: UUID | str, reason: str, now: datetime) -> ApiKey:
    """Stop a key until it is unblocked."""
    return _set_blocked(actor, key_id, True, reason, "API_KEY_BLOCK", now)


@transaction.atomic(durable=True)
def unblock_api_key(*, actor: Actor, key_id: UUID | str, now: datetime) -> ApiKey:
    """Let a blocked key work again."""
    return _set_blocked(actor, key_id, False, "", "API_KEY_UNBLOCK", now)


def _set_blocked(
    actor: Actor, key_id: UUID | str, blocked: bool, reason: str, action: str, now: datetime
) -> ApiKey:
    key = _locked(actor, key_id)
    if not policies.may_block(actor):
        raise errors.Forbidden(requiredPermission="admin:api_keys")
    if not key.is_live(now):
        raise KeyEnded
    if key.is_blocked != blocked:
        key.is_blocked, key.blocked_reason, key.updated_at = blocked, reason.strip()[:500], now
        key.save(update_fields=["is_blocked", "blocked_reason", "updated_at"])
        audit.record(action, actor=actor, obj=key, at=now, metadata={"reason": key.blocked_reason})
        outbox.mark_dirty("key", key.pk, now=now)
    return key


def reveal_api_key(*, actor: User, key_id: UUID | str, signed_in_at: datetime | None, now: datetime) -> str:
    """The secret, for its owner, after a recent sign-in, not too often. Every try is recorded."""
    try:
        secret = _reveal(actor, key_id, signed_in_at, now)
    except errors.DomainError as error:
        with transaction.atomic():
            audit.record(
                "API_KEY_RETRIEVE_FAILED",
                actor=actor,
                resource=("API_KEY", str(key_id)),
                at=now,
                error=error.message,
            )
        raise
    return secret


@transaction.atomic
def _reveal(actor: User, key_id: UUID | str, signed_in_at: datetime | None, now: datetime) -> str:
    # Locked, so that parallel tries can't slip through the count.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    key = ApiKey.objects.visible_to(actor).get_or_refuse(key_id)
    if not policies.may_reveal(actor, key):
        raise errors.NotFound
    _require_recent_sign_in(signed_in_at, now)
    _require_few_reveals(actor, now)
    if key.is_blocked or not key.is_live(now):
        word = "expired" if key.is_expired(now) else "inactive"
        raise SecretNotReadable(f"This key is {word}. Its secret can't be shown.")
    secret = secrets.read_from(key.current_secret)
    if secret is None:
        raise errors.NotFound("The secret of this key is not kept. Make a new key.")
    audit.record("API_KEY_RETRIEVE_FULL", actor=actor, obj=key, at=now)
    return secret


def _require_recent_sign_in(signed_in_at: datetime | None, now: datetime) -> None:
    longest = int(settings.KEY_REVEAL_MAX_AGE.total_seconds())
    if signed_in_at is None or now - signed_in_at > settings.KEY_REVEAL_MAX_AGE:
        age = int((now - signed_in_at).total_seconds()) if signed_in_at else None
        raise SignInTooOld(tokenAge=age, maxAge=longest)


def _require_few_reveals(actor: User, now: datetime) -> None:
    """Counted in the audit record, which nobody can flush."""
    recent = AuditEvent.objects.filter(actor=actor, action="API_KEY_RETRIEVE_FULL")
    times = list(recent.since(now - settings.KEY_REVEAL_WINDOW).order_by("at").values_list("at", flat=True))
    if len(times) >= settings.KEY_REVEALS_PER_WINDOW:
        wait = int((times[0] + settings.KEY_REVEAL_WINDOW - now).total_seconds()) + 1
        raise TooManyReveals(
            limit=settings.KEY_REVEALS_PER_WINDOW,
            window=int(settings.KEY_REVEAL_WINDOW.total_seconds()),
            retryAfter=wait,
        )


def _locked(actor: Actor, key_id: UUID | str) -> ApiKey:
    rows = ApiKey.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    return rows.get_or_refuse(key_id)
