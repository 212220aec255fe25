"""Trying out where a model is to come from, before it is saved."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Actor
from catalog import addresses
from catalog.gateway import provider_key
from catalog.model_form import wrong_address
from catalog.models import ManagedDeployment
from litemaas import crypto, errors

_SECONDS = 10.0
_MOST_NAMES = 10
_LONGEST_NAME = 200


class Result(StrEnum):
    """The contract's words (§12)."""

    FOUND = "model_found"
    NOT_FOUND = "model_not_found"
    REACHABLE = "endpoint_reachable"
    KEY_REFUSED = "auth_error"
    NOT_REACHABLE = "connection_error"
    TOO_SLOW = "timeout"
    NO_STORED_KEY = "missing_stored_key"


_MESSAGES = {
    Result.FOUND: _("The backend offers this model."),
    Result.NOT_FOUND: _("The backend answers, but does not offer this model."),
    Result.REACHABLE: _("The backend answers."),
    Result.KEY_REFUSED: _("The backend answers, but does not accept the key."),
    Result.NOT_REACHABLE: _("There is no usable answer from this address."),
    Result.TOO_SLOW: _("The backend did not answer within 10 seconds."),
    Result.NO_STORED_KEY: _("No key is stored for this address. Enter the key to test it."),
}
_NOT_ALLOWED = _("This address is in a network that may not be tested from here.")


@dataclass(frozen=True)
class Outcome:
    """`offered` are names that the backend has instead."""

    result: Result
    message: str
    offered: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.result in {Result.FOUND, Result.REACHABLE}


def try_configuration(
    *,
    actor: Actor,
    api_base: str,
    backend_model_name: str,
    provider_key: str | None = None,
    model_id: str | None = None,
    converts: bool = False,
    now: datetime,
) -> Outcome:
    """Ask the backend for its models, or one that converts documents for anything at all. Nothing is changed.

    Without a key the stored one of `model_id` is used, and only at the address for which it was stored. Raises Forbidden
    and InvalidInput.
    """
    if not actor.may("admin:models"):
        raise errors.Forbidden(requiredPermission="admin:models")
    api_base = api_base.strip()
    if wrong := wrong_address(api_base):
        raise errors.InvalidInput(fields=wrong)
    if provider_key and not _fits_into_a_header(provider_key):
        raise errors.InvalidInput(
            fields={"api_key": _("A key has no blanks and no letters outside of ASCII.")}
        )
    key = provider_key or None
    if key is None and model_id:
        key = _stored_key(model_id, api_base)
        if key is None:
            return _said(
                actor, api_base, Outcome(Result.NO_STORED_KEY, str(_MESSAGES[Result.NO_STORED_KEY])), now
            )
    return _said(actor, api_base, _ask(api_base, backend_model_name.strip(), key, converts), now)


def _fits_into_a_header(key: str) -> bool:
    return key.isascii() and key.isprintable() and " " not in key


def _stored_key(model_id: str, api_base: str) -> str | None:
    row = ManagedDeployment.objects.kept().filter(model=model_id).first()
    if row is None or row.api_base.rstrip("/") != api_base.rstrip("/"):
        return None
    try:
        return provider_key(row)
    except crypto.CannotOpen:
        return None


def _ask(api_base: str, name: str, key: str | None, converts: bool) -> Outcome:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = api_base if converts else f"{api_base.rstrip('/')}/models"
    try:
        reply = addresses.fetch(url, headers=headers, seconds=_SECONDS)
    except addresses.NotAllowed:
        return Outcome(Result.NOT_REACHABLE, str(_NOT_ALLOWED))
    except addresses.NotReachable:
        return _plain(Result.NOT_REACHABLE)
    except addresses.TooSlow:
        return _plain(Result.TOO_SLOW)
    if reply.status in {401, 403}:
        return _plain(Result.KEY_REFUSED)
    if converts:
        return _plain(Result.REACHABLE if reply.status < 500 else Result.NOT_REACHABLE)
    names = _names(reply.body) if reply.status == 200 else None
    if names is None:
        return _plain(Result.NOT_REACHABLE)
    if name in names:
        return _plain(Result.FOUND)
    return Outcome(Result.NOT_FOUND, str(_MESSAGES[Result.NOT_FOUND]), tuple(names[:_MOST_NAMES]))


def _plain(result: Result) -> Outcome:
    return Outcome(result, str(_MESSAGES[result]))


def _names(body: bytes) -> list[str] | None:
    """The ids of an OpenAI-style list of models; None when it is none."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    rows = data.get("data") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        return None
    names = [row.get("id") for row in rows if isinstance(row, dict)]
    return sorted({name for name in names if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME})


@transaction.atomic
def _said(actor: Actor, api_base: str, outcome: Outcome, now: datetime) -> Outcome:
    audit.record(
        "MODEL_TEST",
        actor=actor,
        resource=("MODEL", ""),
        at=now,
        metadata={"apiBase": api_base, "result": outcome.result.value},
    )
    return outcome
