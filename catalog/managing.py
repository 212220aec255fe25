"""Use cases of the models that administrators manage from here.

The wish is committed before the gateway hears of it, and then brought there while the caller waits. Where the gateway
refuses for good, what was committed is taken back and the caller is told; where it does not answer, the outbox goes on.
A new model is not available before the gateway has it, and whether it is restricted is known from its first moment.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Actor
from catalog import model_form
from catalog.errors import ModelNotFound, NotManagedHere
from catalog.model_form import ModelForm
from catalog.models import Deployment, ManagedDeployment, Model
from catalog.services import availability_changed, model_retired, set_restriction
from litellm_sync import outbox
from litellm_sync.client import gateway
from litellm_sync.errors import GatewayRefused
from litellm_sync.models import GatewayObject
from litemaas import crypto, errors
from litemaas.ids import uuid_of

_KIND = "model"
# Seconds. Longer than for a key: the gateway tries the new configuration out, and a refusal is best said at once.
_PATIENCE = 5.0


@dataclass(frozen=True)
class Saved:
    """A model as it was saved; `sync_status` says whether the gateway has it: synced, pending or error."""

    model: Model
    sync_status: str


def create_model(
    *, actor: Actor, form: ModelForm, provider_key: str | None, restricted: bool, now: datetime
) -> Saved:
    """Make a model. Raises InvalidInput, AlreadyExists, and GatewayRefused, after which nothing is left of it."""
    _require(actor)
    form = model_form.checked(form)
    row = _commit_new(actor, form, provider_key, restricted, now)
    if refusal := _bring(row.pk):
        _take_back_new(actor, row.pk, refusal, now)
        raise refusal
    return _saved(row)


@transaction.atomic(durable=True)
def _commit_new(
    actor: Actor, form: ModelForm, provider_key: str | None, restricted: bool, now: datetime
) -> ManagedDeployment:
    model = Model.objects.select_for_update(no_key=True).filter(pk=form.model_name).first()
    if model is not None and model.retired_at is None:
        raise _taken(form)
    facts = {"availability": Model.Availability.UNAVAILABLE, "unavailable_since": now, "updated_at": now}
    if model is None:
        model = Model(pk=form.model_name, created_at=now)
    for name, value in {**facts, **form.as_model_columns()}.items():
        setattr(model, name, value)
    model.retired_at, model.restricted_access = None, restricted
    try:
        with transaction.atomic():
            model.save()
    except IntegrityError:
        raise _taken(form) from None
    row = ManagedDeployment(model=model, created_at=now, updated_at=now, **form.as_columns())
    _put_key(row, provider_key)
    row.save(force_insert=True)
    new = {**_told(form), "restrictedAccess": restricted, "providerKeyIsSet": bool(provider_key)}
    audit.record("MODEL_CREATE", actor=actor, obj=model, at=now, new=new)
    outbox.mark_dirty(_KIND, row.pk, now=now, hurried=False)
    return row


def _taken(form: ModelForm) -> errors.AlreadyExists:
    return errors.AlreadyExists(
        _("There is a model %(model_name)s already.") % {"model_name": form.model_name}, field="model_name"
    )


@transaction.atomic(durable=True)
def _take_back_new(actor: Actor, pk: UUID, refusal: GatewayRefused, now: datetime) -> None:
    """The gateway does not have it and never will: nobody can have subscribed meanwhile."""
    row = ManagedDeployment.objects.select_for_update(no_key=True).get(pk=pk)
    model = Model.objects.select_for_update().get(pk=row.model_id)
    audit.record("MODEL_CREATE", actor=actor, obj=model, at=now, error=refusal.message)
    GatewayObject.objects.filter(kind=_KIND, object_id=pk).delete()
    row.delete()
    if model.created_at == now:
        model.delete()
    else:
        # It was there before and retired, with a history.
        model.retired_at = now
        model.save(update_fields=["retired_at"])


def change_model(
    *,
    actor: Actor,
    model_id: str,
    changes: Mapping[str, Any],
    provider_key: str | None = None,
    restricted: bool | None = None,
    now: datetime,
) -> Saved:
    """Change a model; `changes` names fields of ModelForm. What is not given stays, the provider's key too.

    Raises ModelNotFound, NotManagedHere where the gateway's configuration file decides, InvalidInput (also for a new
    address without its key where one is stored for the present one), and GatewayRefused, after which nothing is changed.
    """
    _require(actor)
    before = _commit_change(actor, model_id, changes, provider_key, now)
    if before is not None and (refusal := _bring(before.pk)):
        _take_back_change(actor, before, refusal, now)
        raise refusal
    if restricted is not None:
        # Only now: whatever the restriction does to subscriptions could not be taken back.
        _commit_restriction(actor, model_id, restricted, now)
    row = ManagedDeployment.objects.kept().select_related("model").filter(model=model_id).first()
    return _saved(row) if row else Saved(Model.objects.get(pk=model_id), "synced")


@transaction.atomic(durable=True)
def _commit_change(
    actor: Actor, model_id: str, changes: Mapping[str, Any], provider_key: str | None, now: datetime
) -> ManagedDeployment | None:
    return change_in_transaction(actor, model_id, changes, provider_key, now)


def change_in_transaction(
    actor: Actor, model_id: str, changes: Mapping[str, Any], provider_key: str | None, now: datetime
) -> ManagedDeployment | None:
    """The row as it was before, None when nothing changes for the gateway. In the caller's transaction."""
    model = _locked(model_id)
    row = take_over(model, now)
    present = _present(model, row)
    form = model_form.checked(replace(present, **changes), only=changes)
    if form.model_name != model.pk:
        raise errors.InvalidInput(fields={"model_name": _("A name can't be changed. Make another model.")})
    old, new = _told(present), _told(form)
    changed = {name: new[name] for name in new if new[name] != old[name]}
    if not changed and not provider_key:
        return None
    if row is None:
        raise NotManagedHere(fields=sorted(changed))
    _require_key_for(form.api_base, row, provider_key)
    before = ManagedDeployment.objects.get(pk=row.pk)
    for name, value in form.as_columns().items():
        setattr(row, name, value)
    _put_key(row, provider_key)
    row.updated_at = now
    row.save()
    _set_description(model, form.description, now)
    if provider_key:
        changed["providerKey"] = "changed"
    was = {name: old[name] for name in changed if name in old}
    audit.record("MODEL_UPDATE", actor=actor, obj=model, at=now, old=was, new=changed)
    outbox.mark_dirty(_KIND, row.pk, now=now, hurried=False)
    return before


@transaction.atomic(durable=True)
def _take_back_change(
    actor: Actor, before: ManagedDeployment, refusal: GatewayRefused, now: datetime
) -> None:
    row = ManagedDeployment.objects.select_for_update(no_key=True).select_related("model").get(pk=before.pk)
    audit.record("MODEL_UPDATE", actor=actor, obj=row.model, at=now, error=refusal.message)
    if row.updated_at != now:
        # Somebody changed it after us, and has been told how that went.
        return
    for name in (*ModelForm.column_names(), "sealed_provider_key", "updated_at"):
        setattr(row, name, getattr(before, name))
    # A key that the gateway may have taken is replaced by the earlier one with the next application.
    if row.provider_key_version != before.provider_key_version:
        row.provider_key_version += 1
    row.save()
    _set_description(row.model, before.description, now)
    outbox.mark_dirty(_KIND, row.pk, now=now)


def _set_description(model: Model, description: str, now: datetime) -> None:
    """Shown at once; the next synchronisation reads the same from the gateway."""
    if model.description != description:
        model.description, model.updated_at = description, now
        model.save(update_fields=["description", "updated_at"])


@transaction.atomic(durable=True)
def _commit_restriction(actor: Actor, model_id: str, restricted: bool, now: datetime) -> None:
    set_restriction(_locked(model_id), actor=actor, restricted=restricted, now=now)


def retire_model(*, actor: Actor, model_id: str, reason: str = "", now: datetime) -> Saved:
    """Take a model out of the catalogue for good, and out of the gateway as soon as it answers.

    Its subscriptions end, keys lose it with this commit, its history stays. Raises ModelNotFound and NotManagedHere.
    """
    _require(actor)
    row = _commit_retirement(actor, model_id, reason, now)
    if row is None:
        return Saved(Model.objects.get(pk=model_id), "synced")
    _bring(row.pk)
    return _saved(row)


@transaction.atomic(durable=True)
def _commit_retirement(actor: Actor, model_id: str, reason: str, now: datetime) -> ManagedDeployment | None:
    model = _locked(model_id)
    if model.retired_at is not None:
        return ManagedDeployment.objects.filter(model=model).order_by("-created_at").first()
    row = take_over(model, now)
    if row is None:
        raise NotManagedHere
    row.deleted_at = row.updated_at = model.retired_at = model.updated_at = now
    row.sealed_provider_key = None
    row.save()
    model.availability = Model.Availability.UNAVAILABLE
    model.unavailable_since = model.unavailable_since or now
    model.save()
    audit.record(
        "MODEL_DELETE",
        actor=actor,
        obj=model,
        at=now,
        old=_told(_present(model, row)),
        metadata={"reason": reason.strip()[:500]},
    )
    model_retired(model, actor, now)
    availability_changed([model.pk], now)
    outbox.mark_dirty(_KIND, row.pk, now=now, hurried=False)
    return row


def _require(actor: Actor) -> None:
    if not actor.may("admin:models"):
        raise errors.Forbidden(requiredPermission="admin:models")


def _locked(model_id: str) -> Model:
    model = Model.objects.select_for_update(no_key=True).filter(pk=model_id).first()
    if model is None:
        raise ModelNotFound
    return model


def take_over(model: Model, now: datetime) -> ManagedDeployment | None:
    """Our row of it, locked. A model that somebody made in the gateway's own pages becomes ours with the first change;
    None where the configuration file, several deployments or nothing at all serve it."""
    row = ManagedDeployment.objects.kept().select_for_update(no_key=True).filter(model=model).first()
    if row is not None:
        return row
    pk = _stranger(model)
    # What we have deleted may still be there until the gateway has heard of it. It is no stranger.
    if pk is None or ManagedDeployment.objects.filter(pk=pk).exists():
        return None
    form = _present(model, None)
    row = ManagedDeployment(pk=pk, model=model, route="", created_at=now, updated_at=now, **form.as_columns())
    row.save(force_insert=True)
    return row


def _stranger(model: Model) -> UUID | None:
    """The one deployment that somebody made in the gateway's database, if that is what serves the model."""
    serving = list(Deployment.objects.filter(model=model, vanished_at=None)[:2])
    if len(serving) != 1 or serving[0].is_managed_by_config:
        return None
    return uuid_of(serving[0].pk)


def _present(model: Model, row: ManagedDeployment | None) -> ModelForm:
    """The form as it would be filled in now."""
    if row is not None:
        columns = {name: getattr(row, name) for name in ModelForm.column_names()}
        return ModelForm(model_name=model.pk, **{**columns, "capabilities": tuple(row.capabilities)})
    serving = Deployment.objects.filter(model=model, vanished_at=None).order_by("id").first()
    return ModelForm(
        model_name=model.pk,
        backend_model_name=serving.backend_model_name if serving else "",
        api_base=serving.api_base if serving else "",
        description=model.description,
        input_cost_per_token=model.input_cost_per_token,
        output_cost_per_token=model.output_cost_per_token,
        tpm=model.tpm,
        rpm=model.rpm,
        max_tokens=model.max_output_tokens,
        model_type=model.model_type,
        capabilities=tuple(model.capabilities),
    )


def present_form(model: Model) -> tuple[ModelForm, bool]:
    """The form as it is filled in now, and whether it can be changed here."""
    row = ManagedDeployment.objects.kept().filter(model=model).first()
    return _present(model, row), row is not None or _stranger(model) is not None


def _put_key(row: ManagedDeployment, provider_key: str | None) -> None:
    """Absent or blank keeps what is there."""
    if provider_key:
        row.sealed_provider_key = crypto.seal(provider_key, bound_to=row.key_owner)
        row.provider_key_version += 1


def _require_key_for(api_base: str, row: ManagedDeployment, provider_key: str | None) -> None:
    """A stored key goes to no other address than the one that it was stored for."""
    is_elsewhere = api_base.rstrip("/") != row.api_base.rstrip("/")
    if is_elsewhere and row.sealed_provider_key is not None and not provider_key:
        text = _("The stored key belongs to the former address. Enter the key for the new one.")
        raise errors.InvalidInput(fields={"api_key": str(text)})


def _told(form: ModelForm) -> dict[str, Any]:
    """The form as the record of acts shows it."""
    plain = {
        name: format(value.normalize(), "f") if isinstance(value, Decimal) else value
        for name, value in asdict(form).items()
    }
    return plain | {"capabilities": sorted(form.capabilities)}


def _bring(pk: UUID) -> GatewayRefused | None:
    """Bring it to the gateway now, for a moment; the refusal if there is one."""
    client = gateway().hurried(_PATIENCE)
    if outbox.apply_now(_KIND, pk, client=client):
        return None
    wish = GatewayObject.objects.filter(kind=_KIND, object_id=pk, parked_at__isnull=False).first()
    return GatewayRefused(wish.last_error, status=400) if wish else None


def _saved(row: ManagedDeployment) -> Saved:
    wish = GatewayObject.objects.filter(kind=_KIND, object_id=row.pk).first()
    return Saved(Model.objects.get(pk=row.model_id), wish.sync_status if wish else "synced")
