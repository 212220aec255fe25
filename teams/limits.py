"""What may be set of a team, and how it is checked. Names are those of the columns; refusals name the wire fields."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.options import flag
from catalog.models import Model
from litellm_sync import windows
from litemaas.errors import InvalidInput
from teams.models import Team

LARGEST_AMOUNT = Decimal(1_000_000_000)
LARGEST_RATE = 2**53 - 1
LONGEST_METADATA = 50

WIRE_NAMES = {
    "name": "name",
    "alias": "alias",
    "description": "description",
    "metadata": "metadata",
    "max_budget": "maxBudget",
    "budget_window": "budgetDuration",
    "soft_budget": "softBudget",
    "tpm_limit": "tpmLimit",
    "rpm_limit": "rpmLimit",
    "allowed_models": "allowedModels",
    "is_active": "isActive",
}
# What a team's own administrator may set; the rest is the portal administrators' affair.
OWN_AFFAIRS = frozenset({"name", "alias", "description", "metadata"})
# LiteLLM is told of these.
AT_GATEWAY = frozenset(WIRE_NAMES) - {"description"}


def read_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes as they are stored. Raises InvalidInput that names every wrong field."""
    checked: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in changes.items():
        try:
            checked[name] = _READERS[name](value)
        except ValueError as error:
            wrong[WIRE_NAMES[name]] = str(error)
        except InvalidInput as error:
            wrong[WIRE_NAMES[name]] = error.message
    if wrong:
        raise InvalidInput(fields=wrong)
    return checked


def check_amounts(team: Team) -> None:
    """Raises InvalidInput where budget and soft budget contradict each other."""
    if team.soft_budget is not None and team.max_budget is not None and team.soft_budget > team.max_budget:
        raise InvalidInput(fields={"softBudget": _("The soft budget must not be above the budget.")})


def read_amount(value: Any) -> Decimal | None:
    """US dollars with at most ten decimals, None = no limit."""
    if value is None:
        return None
    amount = Decimal(value)
    if not amount.is_finite() or not 0 <= amount <= LARGEST_AMOUNT:
        raise ValueError(_("Enter an amount between 0 and %(most)s.") % {"most": f"{LARGEST_AMOUNT:,}"})
    return amount.quantize(Decimal("1E-10"))


def _rate(value: Any) -> int | None:
    if value is not None and not 0 <= value <= LARGEST_RATE:
        raise ValueError(_("Enter 0 or more."))
    return None if value is None else int(value)


def _name(value: Any) -> str:
    name = (value or "").strip()
    if not 1 <= len(name) <= 255:
        raise ValueError(_("Give the team a name of at most 255 characters."))
    return str(name)


def _text(longest: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = (value or "").strip()
        if len(text) > longest:
            raise ValueError(_("Use at most %(n)s characters.") % {"n": longest})
        return str(text)

    return read


def _metadata(value: Any) -> dict[str, Any]:
    if value is not None and (not isinstance(value, dict) or len(value) > LONGEST_METADATA):
        raise ValueError(_("Metadata are at most %(n)s names with values.") % {"n": LONGEST_METADATA})
    return value or {}


def _models(value: Any) -> list[str]:
    """Ids of models that the catalogue knows, each once and sorted; none = all that members are subscribed to."""
    wanted = sorted(set(value or []))
    known = set(Model.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(
            _("There is no model with this name: %(names)s.") % {"names": ", ".join(unknown[:5])}
        )
    return wanted


_READERS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "alias": _text(255),
    "description": _text(1000),
    "metadata": _metadata,
    "max_budget": read_amount,
    "budget_window": windows.read_window,
    "soft_budget": read_amount,
    "tpm_limit": _rate,
    "rpm_limit": _rate,
    "allowed_models": _models,
    "is_active": flag,
}
