"""From the gateway's deployments to catalogue facts.

Source: GET /model/info of LiteLLM 1.80-1.109, one row per deployment, several rows may share a public name. What the
gateway does not report stays None; a price of 0 is a price.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import PRICE_PLACES, Model

Json = dict[str, Any]

_TYPE_OF_MODE = {
    "chat": Model.Type.CHAT,
    "completion": Model.Type.CHAT,
    "responses": Model.Type.CHAT,
    "embedding": Model.Type.EMBEDDINGS,
}
_CAPABILITY_OF_FLAG = {
    "supports_vision": "vision",
    "supports_function_calling": "function_calling",
    "supports_parallel_function_calling": "parallel_function_calling",
    "supports_tool_choice": "tool_choice",
    "supports_tokenize": "tokenize",
    "supports_convert": "convert",
}
_SMALLEST_PRICE = Decimal(1).scaleb(-PRICE_PLACES)
_LARGEST_COUNT = 2**62
# Never kept: the gateway removes credentials itself, this is the second lock.
_KEPT_FACTS = (
    "mode",
    "litellm_provider",
    "max_input_tokens",
    "max_output_tokens",
    "max_tokens",
    "access_groups",
)


@dataclass(frozen=True)
class DeploymentFacts:
    """One backend. `id` is the gateway's stable deployment id."""

    id: str
    model: str
    provider: str
    backend_model_name: str
    api_base: str
    input_cost: Decimal | None
    output_cost: Decimal | None
    max_input_tokens: int | None
    max_output_tokens: int | None
    tpm: int | None
    rpm: int | None
    description: str
    is_restricted: bool | None
    model_type: str
    capabilities: frozenset[str]
    is_managed_by_config: bool
    raw: Json = field(repr=False, hash=False, compare=False)


@dataclass(frozen=True)
class ModelFacts:
    """A public model name with its deployments, sorted by id."""

    name: str
    deployments: tuple[DeploymentFacts, ...]

    def lowest(self, attribute: str) -> Any:
        """The limit that holds whichever deployment answers; None if one of them has not said."""
        values = [getattr(d, attribute) for d in self.deployments]
        return None if None in values else min(values)

    def highest(self, attribute: str) -> Any:
        """The price nobody exceeds; None if one of them has not said."""
        values = [getattr(d, attribute) for d in self.deployments]
        return None if None in values else max(values)

    def total(self, attribute: str) -> int | None:
        values = [getattr(d, attribute) for d in self.deployments]
        return None if None in values else sum(values)

    @property
    def description(self) -> str:
        return next((d.description for d in self.deployments if d.description), "")

    @property
    def provider(self) -> str:
        return ", ".join(sorted({d.provider for d in self.deployments if d.provider}))

    @property
    def capabilities(self) -> list[str]:
        """What every deployment can do."""
        return sorted(frozenset.intersection(*(d.capabilities for d in self.deployments)))

    @property
    def is_restricted(self) -> bool | None:
        """What the gateway's configuration says, None if it says nothing."""
        said = [d.is_restricted for d in self.deployments if d.is_restricted is not None]
        return any(said) if said else None

    def as_columns(self) -> Json:
        """The catalogue's columns that the gateway decides."""
        return {
            "provider": self.provider[:100],
            "description": self.description,
            "model_type": self.deployments[0].model_type,
            "capabilities": self.capabilities,
            "context_length": self.lowest("max_input_tokens"),
            "max_output_tokens": self.lowest("max_output_tokens"),
            "input_cost_per_token": self.highest("input_cost"),
            "output_cost_per_token": self.highest("output_cost"),
            "tpm": self.total("tpm"),
            "rpm": self.total("rpm"),
        }


_REASONS: dict[str, str | Promise] = {
    "no_name": _("The deployment %(deployment)s has no model name."),
    "bad_name": _("The model name of the deployment %(deployment)s is too long or can’t be stored."),
    "no_id": _("A deployment of %(model)s has no usable id."),
    "empty": _("A deployment has neither a model name nor an id."),
}


@dataclass(frozen=True)
class LeftOut:
    """A row of the gateway that can't be used. `reason` is a key of `_REASONS`; the names are shortened and may be
    empty."""

    reason: str
    model: str = ""
    deployment: str = ""

    def __str__(self) -> str:
        names = {"model": self.model or "–", "deployment": self.deployment or "–"}
        return str(_REASONS.get(self.reason, self.reason)) % names

    @classmethod
    def of(cls, row: Json) -> "LeftOut | None":
        """None where the row can be used."""
        name, key = row.get("model_name"), _mapping(row.get("model_info")).get("id")
        if _is_name(name) and _is_name(key):
            return None
        model, deployment = _short(name), _short(key)
        if _is_name(name):
            return cls("no_id", model, deployment)
        if model:
            return cls("bad_name", model, deployment)
        return cls("no_name", model, deployment) if deployment else cls("empty")


def _short(value: Any) -> str:
    return str(value).replace("\x00", "").strip()[:100] if isinstance(value, str | int) else ""


def read_deployments(rows: Iterable[Json]) -> tuple[list[ModelFacts], list[LeftOut]]:
    """The models by public name, and the rows that can't be used."""
    usable: dict[str, DeploymentFacts] = {}
    left_out = []
    for row in rows:
        if (unusable := LeftOut.of(row)) is not None:
            left_out.append(unusable)
        else:
            facts = _deployment(row)
            usable[facts.id] = facts
    ordered = sorted(usable.values(), key=lambda d: (d.model, d.id))
    return [
        ModelFacts(name, tuple(group)) for name, group in groupby(ordered, key=lambda d: d.model)
    ], left_out


def _deployment(row: Json) -> DeploymentFacts:
    info, params = _mapping(row.get("model_info")), _mapping(row.get("litellm_params"))
    name, key = row["model_name"], info["id"]
    backend = str(params.get("model") or info.get("key") or "")
    return DeploymentFacts(
        id=str(key),
        model=str(name),
        provider=str(info.get("litellm_provider") or params.get("custom_llm_provider") or _prefix(backend))[
            :100
        ],
        backend_model_name=backend[:255],
        api_base=str(params.get("api_base") or "")[:500],
        input_cost=_price(info, params, "input_cost_per_token"),
        output_cost=_price(info, params, "output_cost_per_token"),
        max_input_tokens=_context(info),
        max_output_tokens=_count(info.get("max_output_tokens")),
        tpm=_count(params.get("tpm")),
        rpm=_count(params.get("rpm")),
        description=str(info.get("description") or ""),
        is_restricted=info["restricted"] if isinstance(info.get("restricted"), bool) else None,
        model_type=_type(info),
        capabilities=_capabilities(info),
        is_managed_by_config=not info.get("db_model", False),
        raw={name: info[name] for name in _KEPT_FACTS if info.get(name) is not None},
    )


def _context(info: Json) -> int | None:
    """`max_tokens` is LiteLLM's old name for the longest answer; the context only where nothing else is told."""
    told = info.get("max_input_tokens")
    if not told and info.get("max_output_tokens") is None:
        told = info.get("max_tokens")
    return _count(told)


def _mapping(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= 255 and "\x00" not in value


def _prefix(backend: str) -> str:
    return backend.split("/", 1)[0] if "/" in backend else ""


def _type(info: Json) -> str:
    if info.get("supports_convert") is True:
        return Model.Type.CONVERT
    mode = info.get("mode")
    return _TYPE_OF_MODE.get(mode, Model.Type.OTHER) if isinstance(mode, str) else Model.Type.CHAT


def _capabilities(info: Json) -> frozenset[str]:
    found = {name for flag, name in _CAPABILITY_OF_FLAG.items() if info.get(flag) is True}
    kind = _type(info)
    return frozenset(found | ({str(kind)} if kind in {Model.Type.CHAT, Model.Type.EMBEDDINGS} else set()))


def _price(info: Json, params: Json, name: str) -> Decimal | None:
    value = info.get(name) if info.get(name) is not None else params.get(name)
    if value is None or isinstance(value, bool):
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    if not price.is_finite() or price < 0 or price >= 1_000_000:
        return None
    return price.quantize(_SMALLEST_PRICE)


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return int(value) if 0 <= value <= _LARGEST_COUNT else None
