"""Use cases of the catalogue. The synchronisation is in `catalog.sync`."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import Actor
from catalog.errors import ModelNotFound
from catalog.models import Model
from litemaas import errors
from litemaas.hooks import Hook

# Called with model_ids=…, now=… in the transaction in which models became available or unavailable.
availability_changed: Hook[[list[str], datetime]] = Hook()
# Called with model=…, actor=…, now=… in the transaction in which an administrator took a model away for good.
model_retired: Hook[[Model, Actor, datetime]] = Hook()
# Called with model=…, actor=…, now=… in the transaction in which the restriction was switched.
restriction_changed: Hook[[Model, Actor, datetime]] = Hook()


@transaction.atomic(durable=True)
def restrict_model(*, actor: Actor, model_id: str, restricted: bool, now: datetime) -> Model:
    """Say whether a subscription to this model needs an approval. Saying it again changes nothing."""
    if not actor.may("admin:models"):
        raise errors.Forbidden(requiredPermission="admin:models")
    model = Model.objects.select_for_update(no_key=True).filter(pk=model_id).first()
    if model is None:
        raise ModelNotFound
    return set_restriction(model, actor=actor, restricted=restricted, now=now)


def set_restriction(model: Model, *, actor: Actor, restricted: bool, now: datetime) -> Model:
    """The same of a locked row, in the caller's transaction."""
    if model.restricted_access != restricted:
        model.restricted_access = restricted
        model.updated_at = now
        model.save(update_fields=["restricted_access", "updated_at"])
        audit.record(
            "MODEL_RESTRICTION_CHANGE",
            actor=actor,
            obj=model,
            at=now,
            old={"restrictedAccess": not restricted},
            new={"restrictedAccess": restricted},
        )
        restriction_changed(model, actor, now)
    return model
