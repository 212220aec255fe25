"""What administrators set for new and changed keys: defaults, and maximums that bind (REST contract §15)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import options
from accounts.models import Actor
from accounts.options import LARGEST_RATE, Option, amount, whole
from apikeys.errors import LimitExceedsMaximum
from apikeys.terms import RATES_PER_MODEL, WIRE
from litellm_sync import windows
from litemaas import errors

_LONGEST_LIFE = 3650
_RATE = whole(0, LARGEST_RATE, optional=True)
_DAYS = whole(1, _LONGEST_LIFE, optional=True)


def _read_amount(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


def _window(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(_("Choose daily, weekly, monthly, yearly, or a duration like 30d."))
    try:
        return windows.read_window(value) or None
    except errors.InvalidInput as error:
        raise ValueError(error.message) from None


def _none() -> None:
    return None


# Wire name → the option that holds it.
DEFAULTS = {
    "maxBudget": Option("keyDefaultMaxBudget", _none, amount, _read_amount),
    "tpmLimit": Option("keyDefaultTpmLimit", _none, _RATE),
    "rpmLimit": Option("keyDefaultRpmLimit", _none, _RATE),
    "budgetDuration": Option("keyDefaultBudgetDuration", _none, _window),
    "softBudget": Option("keyDefaultSoftBudget", _none, amount, _read_amount),
    "expirationDays": Option("keyDefaultExpirationDays", _none, _DAYS),
}
MAXIMUMS = {
    "maxBudget": Option("keyMaximumMaxBudget", _none, amount, _read_amount),
    "tpmLimit": Option("keyMaximumTpmLimit", _none, _RATE),
    "rpmLimit": Option("keyMaximumRpmLimit", _none, _RATE),
    "expirationDays": Option("keyMaximumExpirationDays", _none, _DAYS),
}
options.declare(*DEFAULTS.values(), *MAXIMUMS.values())
_LIMITED = ("max_budget", "tpm_limit", "rpm_limit")
_PER_USER = "maxActiveKeysPerUser"


@dataclass(frozen=True)
class KeyPolicy:
    """`defaults` and `maximums` by wire name, None = none; how many live keys one person may have."""

    defaults: Mapping[str, Any]
    maximums: Mapping[str, Any]
    most_keys: int

    def complete(self, values: dict[str, Any], now: datetime, *, bound: bool) -> None:
        """Fill in what a new key's values do not say. `bound`: none at all counts as above a maximum and gets it."""
        for field in (*_LIMITED, "soft_budget", "budget_window"):
            if field not in values:
                values[field] = self.defaults[WIRE[field]]
        values["budget_window"] = values["budget_window"] or ""
        for field in _LIMITED:
            if values[field] is None and bound:
                values[field] = self.maximums[WIRE[field]]
        if "expires_at" not in values:
            days = self.defaults["expirationDays"] or (self.maximums["expirationDays"] if bound else None)
            values["expires_at"] = now + timedelta(days=days) if days else None
        budget, soft = values["max_budget"], values["soft_budget"]
        if soft is not None and budget is not None and soft > budget and soft == self.defaults["softBudget"]:
            values["soft_budget"] = budget

    def require_within(self, values: Mapping[str, Any], now: datetime) -> None:
        """Raises LimitExceedsMaximum for those of `values` that are above a maximum; none at all is above it."""
        wrong = {}
        for field in _LIMITED:
            most = self.maximums[WIRE[field]]
            if field in values and most is not None and (values[field] is None or values[field] > most):
                shown = f"{most.normalize():f}" if isinstance(most, Decimal) else str(most)
                wrong[WIRE[field]] = _("The highest allowed value is %(n)s.") % {"n": shown}
        days = self.maximums["expirationDays"]
        if "expires_at" in values and days is not None:
            ends = values["expires_at"]
            if ends is None or ends > now + timedelta(days=days):
                wrong["expiresAt"] = ngettext("At most %(n)s day.", "At most %(n)s days.", days) % {"n": days}
        wrong |= self._wrong_per_model(values)
        if wrong:
            raise LimitExceedsMaximum(fields=wrong)

    def _wrong_per_model(self, values: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        for field, whole_field in RATES_PER_MODEL.items():
            most = self.maximums[WIRE[whole_field]]
            if most is not None and any(rate > most for rate in values.get(field, {}).values()):
                found[WIRE[field]] = _("At most %(n)s for each model.") % {"n": most}
        most = self.maximums["maxBudget"]
        budgets = values.get("model_max_budget", {}).values()
        if most is not None and any(Decimal(str(limit["budgetLimit"])) > most for limit in budgets):
            found[WIRE["model_max_budget"]] = _("At most %(n)s for each model.") % {
                "n": f"{most.normalize():f}"
            }
        return found


def key_policy() -> KeyPolicy:
    """The policy now, by one statement."""
    named = [option.name for option in (*DEFAULTS.values(), *MAXIMUMS.values())]
    return _policy_of(options.values([*named, _PER_USER]))


def recent_key_policy() -> KeyPolicy:
    """As it was a few seconds ago, also without a database: for what is only shown."""
    named = [option.name for option in (*DEFAULTS.values(), *MAXIMUMS.values())]
    return _policy_of({name: options.recent(name) for name in (*named, _PER_USER)})


def _policy_of(found: Mapping[str, Any]) -> KeyPolicy:
    return KeyPolicy(
        defaults={wire: found[option.name] for wire, option in DEFAULTS.items()},
        maximums={wire: found[option.name] for wire, option in MAXIMUMS.items()},
        most_keys=found[_PER_USER],
    )


def change_key_policy(
    *, actor: Actor, defaults: Mapping[str, Any], maximums: Mapping[str, Any], now: datetime
) -> KeyPolicy:
    """Set defaults and maximums, by wire name; what is not named keeps its value. Present keys keep what they have.

    Raises Forbidden and InvalidInput, which names every wrong field as `defaults.maxBudget`.
    """
    policy = key_policy()
    after = KeyPolicy(
        {**policy.defaults, **defaults}, {**policy.maximums, **maximums}, most_keys=policy.most_keys
    )
    wrong = _wrong_alone(defaults, maximums) or _wrong_pairs(after)
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    chosen = {DEFAULTS[wire].name: value for wire, value in defaults.items()}
    chosen |= {MAXIMUMS[wire].name: value for wire, value in maximums.items()}
    options.change_options(actor=actor, values=chosen, action="UPDATE_API_KEY_DEFAULTS", now=now)
    return key_policy()


def _wrong_alone(defaults: Mapping[str, Any], maximums: Mapping[str, Any]) -> dict[str, str]:
    wrong = {}
    for group, table, values in (("defaults", DEFAULTS, defaults), ("maximums", MAXIMUMS, maximums)):
        for wire, value in values.items():
            try:
                table[wire].check(value)
            except ValueError as error:
                wrong[f"{group}.{wire}"] = str(error)
    return wrong


def _wrong_pairs(after: KeyPolicy) -> dict[str, str]:
    wrong = {}
    for wire, most in after.maximums.items():
        usual = after.defaults[wire]
        if usual is not None and most is not None and usual > most:
            wrong[f"defaults.{wire}"] = _("The default must not be above the maximum.")
    soft, budget = after.defaults["softBudget"], after.defaults["maxBudget"]
    if soft is not None and budget is not None and soft > budget:
        wrong["defaults.softBudget"] = _("The soft budget must not be above the budget.")
    return wrong
