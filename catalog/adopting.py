"""Taking over what somebody changed of a managed model, or made, in the gateway's own pages.

The address and how it is spoken to are not taken over: the provider's key is stored for one address, and only somebody
who knows the key may name another. A name is the model's identity here.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import SYSTEM
from catalog import managing
from catalog.gateway import desired_deployment, read_deployment
from catalog.models import Deployment, ManagedDeployment
from litellm_sync.differences import differences
from litellm_sync.findings import NotAdoptable
from litellm_sync.registry import Sighting

_PLAIN = {
    "input_cost_per_token": "input_cost_per_token",
    "output_cost_per_token": "output_cost_per_token",
    "tpm": "tpm",
    "rpm": "rpm",
    "description": "description",
    "max_output_tokens": "max_tokens",
}
_FLAG = "supports_"


def adopt_model(sighting: Sighting, actor: Any, now: datetime) -> UUID:
    """In the caller's transaction. Raises NotAdoptable, which says why."""
    if sighting.object_id is None:
        return _take_stranger(sighting, now)
    row = ManagedDeployment.objects.select_for_update(no_key=True).get(pk=sighting.object_id)
    if row.deleted_at is not None:
        raise NotAdoptable(_("This model was deleted here. Repair it: the gateway must forget it."))
    found = read_deployment(sighting.row)
    changes: dict[str, Any] = {}
    able = set(row.capabilities)
    for field in sorted(item.field for item in differences(desired_deployment(row), found)):
        if field in _PLAIN:
            changes[_PLAIN[field]] = found.get(field) if field != "description" else found.get(field) or ""
        elif field.startswith(_FLAG):
            name = field.removeprefix(_FLAG)
            able = able | {name} if found.get(field) else able - {name}
            changes["capabilities"] = tuple(sorted(able))
        else:
            text = _(
                "%(field)s can't be taken over: the provider's key is stored for one address and model. Repair it."
            )
            raise NotAdoptable(text % {"field": field}, field=field)
    managing.change_in_transaction(actor or SYSTEM, row.model_id, changes, None, now)
    return row.pk


def _take_stranger(sighting: Sighting, now: datetime) -> UUID:
    serving = (
        Deployment.objects.select_related("model").filter(pk=sighting.gateway_id, vanished_at=None).first()
    )
    if serving is None:
        raise NotAdoptable(
            _("The catalogue does not know this model yet. Read the models from the gateway first.")
        )
    row = managing.take_over(serving.model, now)
    if row is None:
        text = _(
            "The configuration file or several deployments serve this model, or the portal has deleted it."
        )
        raise NotAdoptable(text)
    return row.pk
