"""Second factors at rest: allauth keeps them in a JSON column, sealed by this adapter."""

import base64
from collections.abc import Iterator
from functools import partial
from typing import Any

from allauth.mfa import signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import audit
from litemaas import crypto
from litemaas.crypto.columns import SealedColumn
from litemaas.crypto.sealing import rewrapped

_MARK = "sealed:"
# allauth does not tell for whom it encrypts.
_BINDING = "second factor"


class SealingAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What was stored before there was sealing is still read."""

    def encrypt(self, text: str) -> str:
        return _MARK + base64.b64encode(crypto.seal(text, bound_to=_BINDING)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        sealed = _sealed(encrypted_text)
        return encrypted_text if sealed is None else crypto.open_sealed(sealed, bound_to=_BINDING)


def record_changes() -> None:
    """Have what people do with their second factors recorded: allauth tells it by its signals only."""
    for name, signal in _TOLD.items():
        signal.connect(partial(_record, name), weak=False, dispatch_uid=f"record {name}")


def _record(action: str, *, user: Any, authenticator: Authenticator, **_parts: Any) -> None:
    error = "The second factor was not right." if action == "MFA_FAILED" else ""
    with transaction.atomic():
        audit.record(
            action,
            actor=user,
            resource=("AUTH", str(user.pk)),
            metadata={"type": getattr(authenticator, "type", None)},
            error=error,
        )


_TOLD = {
    "MFA_ADD": signals.authenticator_added,
    "MFA_REMOVE": signals.authenticator_removed,
    "MFA_RESET": signals.authenticator_reset,
    "MFA_FAILED": signals.authentication_failed,
}


class SecondFactorColumn(SealedColumn):
    """The texts and lists of texts inside of the JSON that allauth has encrypted."""

    def __init__(self) -> None:
        super().__init__(Authenticator, "data", lambda _row: _BINDING)

    def rows(self) -> Iterator[Any]:
        for row in super().rows():
            if self.sealed_in(row):
                yield row

    def sealed_in(self, row: Any) -> list[bytes]:
        return [sealed for text in _texts(row.data) if (sealed := _sealed(text)) is not None]

    def renew(self, row: Any) -> bool:
        new = _renewed(row.data)
        same = Authenticator.objects.filter(pk=row.pk, data=row.data)
        return bool(new != row.data and same.update(data=new))


def _sealed(text: str) -> bytes | None:
    return base64.b64decode(text.removeprefix(_MARK)) if text.startswith(_MARK) else None


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _texts(part)


def _renewed(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _renewed(part) for name, part in data.items()}
    if isinstance(data, list):
        return [_renewed(part) for part in data]
    sealed = _sealed(data) if isinstance(data, str) else None
    new = rewrapped(sealed, bound_to=_BINDING) if sealed is not None else None
    return data if new is None else _MARK + base64.b64encode(new).decode()
