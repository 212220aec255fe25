"""What requests say of a key, as the use cases take it."""

from typing import Any, cast

from rest_framework.request import Request

from accounts.api.authentication import require_recent_sign_in
from accounts.permissions import GRANTABLE_TO_KEYS
from apikeys.terms import WIRE, KeyValues
from litemaas import errors

Json = dict[str, Any]
_PLAIN = {wire: field for field, wire in WIRE.items() if field not in {"description", "metadata"}}


def values_of(body: Json) -> KeyValues:
    """The settings that the body names: absent stays absent, null is None."""
    values: Json = {field: body[wire] for wire, field in _PLAIN.items() if wire in body}
    if "metadata" in body:
        values |= _metadata(body["metadata"])
    return cast(KeyValues, values)


def _metadata(metadata: Json | None) -> Json:
    """`description` is a column of its own. The rest are labels without effect; nothing to merge is nothing said."""
    if metadata is None:
        return {"metadata": None, "description": None}
    rest = {name: value for name, value in metadata.items() if name != "description"}
    values: Json = {"metadata": rest} if rest else {}
    if "description" in metadata:
        description = metadata["description"]
        if description is not None and not isinstance(description, str):
            raise errors.InvalidInput(fields={"metadata.description": "A description is text."})
        values["description"] = description
    return values


def require_recent_for_grants(request: Request, body: Json) -> None:
    """Who gives a key sight of everybody's things proves that it is them (contract §7.3). Raises SignInTooOld."""
    if set(body.get("portalPermissions") or ()) - GRANTABLE_TO_KEYS:
        require_recent_sign_in(request)
