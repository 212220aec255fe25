"""A new secret for the same key. The former one works on until the gateway has the new one and the overlap is over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor
from apikeys import policies, secrets, telling
from apikeys.errors import KeyEnded, RequestTokenReused, RotationInProgress
from apikeys.models import LONGEST_OVERLAP, ApiKey, ApiKeySecret
from apikeys.services.reaching import bring_to_gateway, locked_key
from litellm_sync import outbox
from litellm_sync.errors import GatewayRefused
from litellm_sync.models import GatewayObject
from litemaas import dry_run, errors

# Who clicks twice gets one new secret: the second one would be lost with the first one's answer.
_REST = timedelta(seconds=10)


@dataclass(frozen=True)
class RotatedKey:
    """The key with its new secret. `former` works until its `valid_until`, and until the gateway has the new one."""

    key: ApiKey
    secret: str | None
    current: ApiKeySecret
    former: ApiKeySecret | None
    is_replay: bool = False


def rotate_api_key(
    *,
    actor: Actor,
    key_id: UUID | str,
    overlap: timedelta = timedelta(),
    reason: str = "",
    request_token: str | None = None,
    now: datetime,
) -> RotatedKey:
    """Give a live key a new secret; id, name, limits, models, history and counted spend stay.

    The same `request_token` again gives the same secret. One rotation at a time: of many at once one wins, the others
    are RotationInProgress. Raises InvalidInput, KeyEnded, Forbidden; GatewayRefused when the gateway refuses the new
    secret for good: then the former one stays.
    """
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        most = int(LONGEST_OVERLAP.total_seconds())
        raise errors.InvalidInput(
            fields={"overlapSeconds": _("Choose 0 to %(most)s seconds.") % {"most": most}}
        )
    # What the caller sees now: whoever waits for the lock below and finds more has lost.
    current = ApiKeySecret.objects.current().filter(api_key__pk=key_id)
    seen = current.values_list("number", flat=True).first()
    rotated = _commit_rotation(actor, key_id, overlap, reason.strip()[:500], request_token, seen, now)
    if rotated.is_replay or dry_run.is_rehearsing():
        return rotated
    bring_to_gateway(rotated.key.pk)
    refusal = _undo_if_refused(rotated)
    if refusal is not None:
        raise GatewayRefused(
            _("The model gateway refused the new secret: %(refusal)s") % {"refusal": refusal}, status=502
        )
    rows = {row.pk: row for row in ApiKeySecret.objects.filter(api_key=rotated.key, retired_at=None)}
    former = rotated.former
    return RotatedKey(
        rotated.key,
        rotated.secret,
        rows.get(rotated.current.pk, rotated.current),
        rows.get(former.pk, former) if former is not None else None,
    )


@transaction.atomic(durable=True)
def _commit_rotation(
    actor: Actor,
    key_id: UUID | str,
    overlap: timedelta,
    reason: str,
    request_token: str | None,
    seen: int | None,
    now: datetime,
) -> RotatedKey:
    key = locked_key(actor, key_id)
    if not policies.may_change(actor, key):
        raise errors.Forbidden(requiredPermission="api_keys:write")
    rows = list(ApiKeySecret.objects.filter(api_key=key).order_by("number"))
    live = [row for row in rows if row.retired_at is None]
    current = next(row for row in rows if row.is_current)
    if request_token and (replay := _replay(key, request_token)):
        return replay
    if not key.is_live(now):
        raise KeyEnded
    _require_rest(live, current, seen, now)
    current.superseded_at, current.valid_until = now, now + overlap
    current.save(update_fields=["superseded_at", "valid_until"])
    secret = secrets.new_secret()
    row = secrets.secret_row(key, secret, number=rows[-1].number + 1, now=now)
    row.request_token, row.spend_reset_at = request_token, key.spend_reset_at
    row.save(force_insert=True)
    key.updated_at = now
    key.save(update_fields=["secret_prefix", "secret_suffix", "updated_at"])
    metadata = {"reason": reason, "overlapSeconds": int(overlap.total_seconds()), "oldPrefix": current.prefix}
    audit.record("API_KEY_ROTATE", actor=actor, obj=key, at=now, metadata=metadata)
    telling.tell_of_act(key, telling.ROTATED, actor=actor, until=current.valid_until, now=now)
    outbox.mark_dirty("key", key.pk, now=now, hurried=False)
    return RotatedKey(key, secret, row, current)


def _replay(key: ApiKey, request_token: str) -> RotatedKey | None:
    row = ApiKeySecret.objects.filter(api_key=key, request_token=request_token).first()
    if row is None:
        return None
    if not row.is_current:
        raise RequestTokenReused(_("This rotation was followed by another one."))
    earlier = ApiKeySecret.objects.filter(api_key=key, number__lt=row.number)
    former = earlier.order_by("-number").first()
    return RotatedKey(key, secrets.read_from(row), row, former, is_replay=True)


def _require_rest(live: list[ApiKeySecret], current: ApiKeySecret, seen: int | None, now: datetime) -> None:
    was_rotated = current.number > 1 and now - current.created_at < _REST
    if current.number != seen or was_rotated:
        raise RotationInProgress(retryAfter=int(_REST.total_seconds()))
    if len(live) > 1:
        ends = live[0].valid_until
        text = _("The former secret of this key still works. Retire it first, or wait until it has ended.")
        raise RotationInProgress(text, validUntil=ends.isoformat() if ends else None)


def _undo_if_refused(rotated: RotatedKey) -> str | None:
    """Take back a new secret that the gateway refused for good: the reason. None when it was not refused."""
    parked = GatewayObject.objects.filter(kind="key", object_id=rotated.key.pk, parked_at__isnull=False)
    return _undo(rotated) if parked.exists() else None


@transaction.atomic(durable=True)
def _undo(rotated: RotatedKey) -> str | None:
    key = ApiKey.objects.select_for_update(of=("self",), no_key=True).get(pk=rotated.key.pk)
    parked = GatewayObject.objects.filter(kind="key", object_id=key.pk, parked_at__isnull=False).first()
    row = ApiKeySecret.objects.current().get(api_key=key)
    if (
        parked is None
        or row.pk != rotated.current.pk
        or row.confirmed_at is not None
        or rotated.former is None
    ):
        return None
    now = rotated.current.created_at
    # Not deleted: the gateway may have part of it, and its usage would still be this key's.
    ApiKeySecret.objects.filter(pk=row.pk).update(
        superseded_at=now, valid_until=now, retired_at=now, sealed=None
    )
    ApiKeySecret.objects.filter(pk=rotated.former.pk).update(superseded_at=None, valid_until=None)
    former = rotated.former
    key.secret_prefix, key.secret_suffix = former.prefix, former.suffix
    key.save(update_fields=["secret_prefix", "secret_suffix", "updated_at"])
    audit.record(
        "API_KEY_ROTATE", actor=None, obj=key, at=now, error=f"The gateway refused it: {parked.last_error}"
    )
    outbox.mark_dirty("key", key.pk, now=now)
    return parked.last_error


@transaction.atomic(durable=True)
def retire_former_secret(*, actor: Actor, key_id: UUID | str, now: datetime) -> ApiKey:
    """End the overlap of a rotation early. Where nothing overlaps nothing changes."""
    key = locked_key(actor, key_id)
    if not policies.may_change(actor, key):
        raise errors.Forbidden(requiredPermission="api_keys:write")
    former = ApiKeySecret.objects.superseded().filter(api_key=key, valid_until__gt=now).first()
    if former is not None:
        former.valid_until = max(now, former.superseded_at or now)
        former.save(update_fields=["valid_until"])
        metadata = {"oldPrefix": former.prefix}
        audit.record("API_KEY_SECRET_RETIRE", actor=actor, obj=key, at=now, metadata=metadata)
        outbox.mark_dirty("key", key.pk, now=now)
    return key


def tend_rotations(*, now: datetime) -> int:
    """Wake the keys whose overlap is over, whose two secrets share a budget, or whose budget began anew; how many."""
    rows = ApiKeySecret.objects.filter(api_key__revoked_at__isnull=True)
    due = rows.due_to_retire(now)
    sharing = rows.superseded().filter(api_key__max_budget__isnull=False)
    renewed = rows.current().filter(period_ends_at__lte=now, late_spend__isnull=False)
    keys = {pk for found in (due, sharing, renewed) for pk in found.values_list("api_key_id", flat=True)}
    if keys:
        with transaction.atomic(durable=True):
            renewed.filter(api_key__in=keys).update(late_spend=None)
            asleep = GatewayObject.objects.filter(kind="key", object_id__in=keys, applied=F("requested"))
            outbox.mark_dirty("key", set(asleep.values_list("object_id", flat=True)), now=now)
    return len(keys)
