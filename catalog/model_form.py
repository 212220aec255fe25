"""What an administrator says of a model, and what is wrong with it. Names are those of the wire (contract §12)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from catalog.models import PRICE_PLACES, Model
from litemaas import errors

FLAGS = (
    *("vision", "function_calling", "parallel_function_calling", "tool_choice"),
    *("embeddings", "tokenize", "convert"),
)
_LARGEST = 2**31 - 1
_HIGHEST_PRICE = Decimal(1_000_000)
# LiteLLM wants a name also where the backend knows one thing only.
_CONVERTER = "docling"


@dataclass(frozen=True)
class ModelForm:
    """Prices in US dollars per token, 0 = free; rates per minute. `capabilities` as the catalogue names them."""

    model_name: str
    backend_model_name: str = ""
    api_base: str = ""
    description: str = ""
    input_cost_per_token: Decimal | None = None
    output_cost_per_token: Decimal | None = None
    tpm: int | None = None
    rpm: int | None = None
    max_tokens: int | None = None
    model_type: str = Model.Type.CHAT
    capabilities: tuple[str, ...] = ()

    @classmethod
    def column_names(cls) -> tuple[str, ...]:
        """The fields that a `ManagedDeployment` has columns for."""
        return tuple(name for name in cls.__dataclass_fields__ if name != "model_name")

    def as_columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.column_names()} | {
            "capabilities": sorted(self.capabilities)
        }

    def as_model_columns(self) -> dict[str, Any]:
        """What the catalogue shows until the gateway tells."""
        return {
            "provider": "openai",
            "description": self.description,
            "model_type": self.model_type,
            "capabilities": sorted(self.capabilities),
            "max_output_tokens": self.max_tokens,
            "input_cost_per_token": self.input_cost_per_token,
            "output_cost_per_token": self.output_cost_per_token,
            "tpm": self.tpm,
            "rpm": self.rpm,
        }


def with_flags(present: frozenset[str], flags: Mapping[str, bool]) -> tuple[str, tuple[str, ...]]:
    """Type and capabilities after these `supports_…` flags were set or cleared."""
    able = (present | {name for name, on in flags.items() if on}) - {n for n, on in flags.items() if not on}
    kind = (
        Model.Type.CONVERT
        if "convert" in able
        else Model.Type.EMBEDDINGS
        if "embeddings" in able
        else Model.Type.CHAT
    )
    able = able - {"chat"} | ({"chat"} if kind == Model.Type.CHAT else set())
    return kind, tuple(sorted(able))


def checked(form: ModelForm, only: Collection[str] | None = None) -> ModelForm:
    """The form as it is stored. Raises InvalidInput, which names every wrong field, or those of `only`: what somebody
    else left empty in the gateway need not be mended by whoever changes another field."""
    if form.model_type == Model.Type.CONVERT:
        backend = form.backend_model_name.strip() or _CONVERTER
        form = replace(form, backend_model_name=backend, tpm=None, max_tokens=None)
    form = replace(
        form,
        model_name=form.model_name.strip(),
        backend_model_name=form.backend_model_name.strip(),
        api_base=form.api_base.strip(),
        description=form.description.strip(),
        capabilities=tuple(sorted(form.capabilities)),
    )
    wrong = {
        **_wrong_name("model_name", form.model_name, blanks=False),
        **_wrong_name("backend_model_name", form.backend_model_name, blanks=True),
        **wrong_address(form.api_base),
    }
    for name in ("tpm", "rpm", "max_tokens"):
        value = getattr(form, name)
        if value is not None and not 1 <= value <= _LARGEST:
            wrong[name] = _("Enter a whole number from 1 to %(most)s.") % {"most": _LARGEST}
    for name in ("input_cost_per_token", "output_cost_per_token"):
        wrong |= _wrong_price(name, getattr(form, name))
    if len(form.description) > 5000:
        wrong["description"] = _("A description has at most 5000 characters.")
    if said := {name: text for name, text in wrong.items() if only is None or name in only}:
        raise errors.InvalidInput(fields=said)
    return form


def _wrong_name(field: str, value: str, *, blanks: bool) -> dict[str, str]:
    if not value:
        return {field: _("Enter a name.")}
    if len(value) > 255:
        return {field: _("A name has at most 255 characters.")}
    if not value.isprintable() or (not blanks and any(char.isspace() for char in value)):
        return {field: _("A name has no blanks.")}
    return {}


def _wrong_price(field: str, value: Decimal | None) -> dict[str, str]:
    if value is None:
        return {}
    if not value.is_finite() or not 0 <= value < _HIGHEST_PRICE:
        return {field: _("Enter a price of 0 or more per token.")}
    if value != round(value, PRICE_PLACES):
        return {field: _("A price has at most %(places)s decimal places.") % {"places": PRICE_PLACES}}
    return {}


def wrong_address(api_base: str) -> dict[str, str]:
    """Why this is no address of a backend, by field; {} if it is one."""
    try:
        parts = urlsplit(api_base)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or len(api_base) > 500 or not api_base.isprintable() or " " in api_base:
        return {"api_base": _("Enter an address that begins with http:// or https://.")}
    if parts.username is not None or parts.password is not None:
        return {
            "api_base": _("Leave names and passwords out of the address. The key has a field of its own.")
        }
    return {}
