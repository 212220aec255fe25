"""What LiteLLM should know of a model that is managed here, and how it is made to.

The deployment's id is ours, so a repeated creation finds itself. The gateway never shows the provider's key, so nothing
can be compared: it is sent when it was changed, and when the deployment has to be made anew.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.models import ManagedDeployment, Model
from catalog.sync import take_in
from litellm_sync.batches import in_batches
from litellm_sync.client import GatewayClient
from litellm_sync.differences import differences
from litellm_sync.errors import GatewayConflict, GatewayRefused, GatewayUnavailable
from litellm_sync.registry import Mirror, Sighting, Wish
from litemaas import crypto
from litemaas.ids import uuids_of

Json = dict[str, Any]
_FLAGS = (
    "vision",
    "function_calling",
    "parallel_function_calling",
    "tool_choice",
    "tokenize",
    "convert",
)
_MODES = {Model.Type.CHAT: "chat", Model.Type.EMBEDDINGS: "embedding"}
_REMOVES = (1, 109)
_PARAMS = (
    "model",
    "custom_llm_provider",
    "api_base",
    "input_cost_per_token",
    "output_cost_per_token",
    "tpm",
    "rpm",
)


def desired_deployment(row: ManagedDeployment) -> Json:
    """The fields that we decide, flat; `read_deployment` gives the gateway's under the same names. Prices in US
    dollars per token, 0 = free."""
    name = f"{row.route}/{row.backend_model_name}" if row.route else row.backend_model_name
    return {
        "model_name": row.model_id,
        "model": name,
        "custom_llm_provider": row.route or None,
        "api_base": row.api_base or None,
        "input_cost_per_token": row.input_cost_per_token,
        "output_cost_per_token": row.output_cost_per_token,
        "tpm": row.tpm,
        "rpm": row.rpm,
        "mode": _MODES.get(Model.Type(row.model_type)),
        "description": row.description,
        "max_output_tokens": row.max_tokens,
        **{f"supports_{flag}": flag in row.capabilities for flag in _FLAGS},
    }


def read_deployment(row: Json) -> Json:
    """A row of /model/info. Costs count only where they were set: the rest is LiteLLM's own price list."""
    params, info = row.get("litellm_params") or {}, row.get("model_info") or {}
    return {**info, **{name: params.get(name) for name in _PARAMS}, "model_name": row.get("model_name")}


def apply_model(deployment_id: UUID, client: GatewayClient) -> None:
    """Make the gateway's deployment match the portal's row, and take what it then says into the catalogue.

    Idempotent; raises the gateway's errors, in whose texts the provider's key never is.
    """
    row = ManagedDeployment.objects.filter(pk=deployment_id).first()
    if row is None:
        return
    if row.deleted_at is not None:
        client.delete_deployment(str(row.pk))
        return
    secret = provider_key(row)
    try:
        _bring(row, secret, client)
    except GatewayRefused as error:
        if secret and secret in error.message:
            error.message = error.message.replace(secret, "…")
            error.args = (error.message,)
        raise
    present = client.get_deployment(str(row.pk))
    if present is None:
        raise GatewayUnavailable(_("The gateway confirmed the model but does not know it."))
    with transaction.atomic():
        kept = ManagedDeployment.objects.filter(pk=row.pk, provider_key_version=row.provider_key_version)
        kept.update(provider_key_applied=row.provider_key_version)
        take_in(present)


def _bring(row: ManagedDeployment, secret: str | None, client: GatewayClient) -> None:
    present = client.get_deployment(str(row.pk))
    wanted = desired_deployment(row)
    if present is None:
        _create(row, wanted, secret, client)
        return
    changes = {found.field: found.wanted for found in differences(wanted, read_deployment(present))}
    emptied = [name for name, value in changes.items() if value is None]
    if emptied and not _can_empty(emptied, client):
        _make_anew(row, wanted, secret, emptied, client)
        return
    _name, params, info = _bodies({name: value for name, value in changes.items() if value is not None})
    if secret and row.provider_key_applied != row.provider_key_version:
        params["api_key"] = secret
    # LiteLLM merges: what is not named stays.
    parts: dict[str, Any] = {"litellm_params": params, "model_info": info}
    named = {name: part for name, part in parts.items() if part}
    if named or emptied:
        client.update_deployment(str(row.pk), remove=emptied, **named)


def _create(row: ManagedDeployment, wanted: Json, secret: str | None, client: GatewayClient) -> None:
    name, params, info = _bodies({key: value for key, value in wanted.items() if value not in (None, "")})
    params |= {"api_key": secret} if secret else {}
    # A conflict: an earlier try of ours may have got through after all. The reading that follows decides.
    with suppress(GatewayConflict):
        client.create_deployment(
            model_name=name, litellm_params=params, model_info={**info, "id": str(row.pk)}
        )


def _can_empty(names: list[str], client: GatewayClient) -> bool:
    """1.109 takes away parameters by name. What stands in `model_info`, and earlier ones, keep what is set to null."""
    return set(names) <= set(_PARAMS) and client.features().version_tuple >= _REMOVES


def _make_anew(
    row: ManagedDeployment, wanted: Json, secret: str | None, emptied: list[str], client: GatewayClient
) -> None:
    """For a moment the model is away. Where its key is not ours it would be away for good, so that is refused."""
    if secret is None:
        text = _(
            "This gateway can't empty %(fields)s of a model whose provider key the portal does not have."
        )
        raise GatewayRefused(text % {"fields": ", ".join(emptied)}, status=400)
    client.delete_deployment(str(row.pk))
    _create(row, wanted, secret, client)


def _bodies(flat: Json) -> tuple[str, Json, Json]:
    """The model's name, `litellm_params` and `model_info`."""
    params = {name: flat[name] for name in _PARAMS if name in flat}
    info = {name: value for name, value in flat.items() if name not in _PARAMS and name != "model_name"}
    return flat.get("model_name", ""), params, info


def provider_key(row: ManagedDeployment) -> str | None:
    """The provider's key, None where none is stored. Raises crypto.CannotOpen."""
    if row.sealed_provider_key is None:
        return None
    return crypto.open_sealed(bytes(row.sealed_provider_key), bound_to=row.key_owner)


# --- what the reconciler compares


def _wishes(gateway_ids: Sequence[str]) -> Mapping[str, Wish]:
    rows = ManagedDeployment.objects.filter(pk__in=uuids_of(gateway_ids))
    return {str(row.pk): Wish(row.pk, None if row.deleted_at else desired_deployment(row)) for row in rows}


def _expected() -> Iterator[Sequence[tuple[str, UUID]]]:
    for batch in in_batches(ManagedDeployment.objects.kept(), "id"):
        yield [(str(pk), pk) for (pk,) in batch]


def mirror(adopt: Callable[[Sighting, Any, datetime], UUID]) -> Mirror:
    return Mirror(wishes=_wishes, expected=_expected, read=read_deployment, adopt=adopt)
