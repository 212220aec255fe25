"""What one may set of a key: the fields, and the ranges in which their values make sense."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from accounts.options import LARGEST_BUDGET, LARGEST_RATE
from accounts.permissions import GRANTABLE_TO_KEYS_BY_ADMINS
from litellm_sync import windows
from litemaas import errors

LONGEST_METADATA = 4096
MOST_TAGS = 20
# Rights over the gateway's routes; what is not said is allowed.
PERMISSIONS = ("allowChatCompletions", "allowEmbeddings", "allowCompletions")
# What a key may do on the portal's own API, as far as its owner may (REST contract §7.3). Sight of everybody's things
# is for administrators to give, to keys of their own (`policies.may_grant`).
GRANTABLE = (
    *("models:read", "subscriptions:read", "subscriptions:write", "api_keys:read"),
    *("usage:read", "usage:export", "teams:read"),
)


class KeyValues(TypedDict, total=False):
    """Settings of a key. What is absent is left as it is (or gets the default), None clears.

    Budgets in US dollars per window, rates per minute. The maps are by model name: `model_max_budget` to
    `{"budgetLimit": number, "timePeriod": window}`, the other two to a rate.
    """

    name: str | None
    description: str | None
    expires_at: datetime | None
    max_budget: Decimal | None
    soft_budget: Decimal | None
    budget_window: str | None
    tpm_limit: int | None
    rpm_limit: int | None
    max_parallel_requests: int | None
    model_max_budget: dict[str, Any] | None
    model_rpm_limit: dict[str, Any] | None
    model_tpm_limit: dict[str, Any] | None
    permissions: dict[str, Any] | None
    guardrails: list[str] | None
    tags: list[str] | None
    metadata: dict[str, Any] | None
    portal_permissions: list[str] | None


WIRE = {
    "name": "name",
    "description": "metadata.description",
    "expires_at": "expiresAt",
    "max_budget": "maxBudget",
    "soft_budget": "softBudget",
    "budget_window": "budgetDuration",
    "tpm_limit": "tpmLimit",
    "rpm_limit": "rpmLimit",
    "max_parallel_requests": "maxParallelRequests",
    "model_max_budget": "modelMaxBudget",
    "model_rpm_limit": "modelRpmLimit",
    "model_tpm_limit": "modelTpmLimit",
    "permissions": "permissions",
    "guardrails": "guardrails",
    "tags": "tags",
    "metadata": "metadata",
    "portal_permissions": "portalPermissions",
}
_EMPTY: dict[str, Any] = {
    "description": "",
    "budget_window": "",
    "model_max_budget": {},
    "model_rpm_limit": {},
    "model_tpm_limit": {},
    "permissions": {},
    "guardrails": [],
    "tags": [],
    "metadata": {},
    "portal_permissions": [],
}
_RANGES: dict[str, tuple[int, Any]] = {
    "max_budget": (0, LARGEST_BUDGET),
    "soft_budget": (0, LARGEST_BUDGET),
    "tpm_limit": (0, LARGEST_RATE),
    "rpm_limit": (0, LARGEST_RATE),
    "max_parallel_requests": (1, LARGEST_RATE),
}
RATES_PER_MODEL = {"model_rpm_limit": "rpm_limit", "model_tpm_limit": "tpm_limit"}
PER_MODEL = (*RATES_PER_MODEL, "model_max_budget")


def tidy(values: KeyValues) -> dict[str, Any]:
    """The values as columns hold them: texts without outer blanks, None as the column's empty value."""
    found: dict[str, Any] = {}
    for field, value in values.items():
        value = _EMPTY.get(field) if value is None else value
        found[field] = value.strip() if isinstance(value, str) else value
        if field == "budget_window":
            found[field] = windows.word_of(found[field])
    return found


def wrong_values(values: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """What is wrong with each value by itself: a sentence by wire name."""
    wrong = _wrong_texts(values) | _wrong_numbers(values) | _wrong_lists(values)
    if values.get("expires_at") is not None and values["expires_at"] <= now:
        wrong["expiresAt"] = _("Choose a future date.")
    if values.get("budget_window"):
        try:
            values["budget_window"] and windows.read_window(values["budget_window"])
        except errors.InvalidInput as error:
            wrong |= error.fields
    return wrong


def wrong_together(after: Mapping[str, Any], model_ids: set[str]) -> dict[str, str]:
    """What is wrong with a key's values in sum. `after` has all columns that are involved."""
    wrong = {}
    budget, soft = after["max_budget"], after["soft_budget"]
    if budget is not None and soft is not None and soft > budget:
        wrong["softBudget"] = _("The soft budget must not be above the budget.")
    for field, whole in RATES_PER_MODEL.items():
        wrong |= _wrong_map(WIRE[field], after[field], model_ids, after[whole])
    amounts = {name: _amount(limit) for name, limit in after["model_max_budget"].items()}
    return wrong | _wrong_map(WIRE["model_max_budget"], amounts, model_ids, budget)


def _wrong_map(field: str, values: Mapping[str, Any], model_ids: set[str], most: Any) -> dict[str, str]:
    foreign = sorted(set(values) - model_ids)
    if foreign:
        text = _("%(names)s is not among the models of this key.") % {"names": ", ".join(foreign)}
        return {field: text}
    above = sorted(name for name, value in values.items() if most is not None and value > most)
    if not above:
        return {}
    shown = f"{most.normalize():f}" if isinstance(most, Decimal) else str(most)
    text = _("The limit of %(names)s must not be above the key’s own limit %(n)s.")
    return {field: text % {"names": ", ".join(above), "n": shown}}


def _wrong_texts(values: Mapping[str, Any]) -> dict[str, str]:
    wrong = {}
    if "name" in values and not values["name"]:
        wrong["name"] = _("Give the key a name.")
    if len(values.get("name") or "") > 255:
        wrong["name"] = _("A name has at most 255 characters.")
    if len(values.get("description") or "") > 1000:
        wrong["description"] = _("A description has at most 1000 characters.")
    return wrong


def _wrong_numbers(values: Mapping[str, Any]) -> dict[str, str]:
    wrong = {}
    for field, (least, most) in _RANGES.items():
        value = values.get(field)
        # NaN is no number and compares with none.
        if isinstance(value, Decimal) and value.is_nan():
            wrong[WIRE[field]] = _("Enter a number.")
        elif value is not None and not least <= value <= most:
            wrong[WIRE[field]] = _("Enter %(least)s or more, and at most %(most)s.") % {
                "least": least,
                "most": most,
            }
    for field in RATES_PER_MODEL:
        if not all(_is_rate(rate) for rate in (values.get(field) or {}).values()):
            wrong[WIRE[field]] = _("Each limit must be a whole number from 0 to %(most)s.") % {
                "most": LARGEST_RATE
            }
    if not all(_is_budget(limit) for limit in (values.get("model_max_budget") or {}).values()):
        text = _("Each budget must be like {budgetLimit: 10, timePeriod: monthly}.")
        wrong[WIRE["model_max_budget"]] = text
    return wrong


def _wrong_lists(values: Mapping[str, Any]) -> dict[str, str]:
    wrong = {}
    tags = values.get("tags") or []
    if len(tags) > MOST_TAGS or not all(0 < len(tag) <= 50 for tag in tags):
        wrong["tags"] = _("At most %(n)s tags, each of 1 to 50 characters.") % {"n": MOST_TAGS}
    guardrails = values.get("guardrails") or []
    if len(guardrails) > MOST_TAGS or not all(0 < len(name) <= 100 for name in guardrails):
        wrong["guardrails"] = _("At most %(n)s names, each of 1 to 100 characters.") % {"n": MOST_TAGS}
    permissions = values.get("permissions") or {}
    unknown = sorted(set(permissions) - set(PERMISSIONS))
    if unknown or not all(isinstance(flag, bool) for flag in permissions.values()):
        wrong["permissions"] = _("Use %(names)s, each true or false.") % {"names": ", ".join(PERMISSIONS)}
    elif sum(flag is False for flag in permissions.values()) == len(PERMISSIONS):
        wrong["permissions"] = _("Allow at least one of them.")
    unknown = sorted(set(values.get("portal_permissions") or []) - GRANTABLE_TO_KEYS_BY_ADMINS)
    if unknown:
        wrong["portalPermissions"] = _("A key can't be given %(names)s.") % {
            "names": ", ".join(unknown)[:200]
        }
    return wrong


def wrong_metadata(metadata: Mapping[str, Any]) -> dict[str, str]:
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    return {"metadata": f"At most {LONGEST_METADATA} bytes."} if size > LONGEST_METADATA else {}


def _is_rate(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_RATE


def _is_budget(limit: Any) -> bool:
    if not isinstance(limit, dict) or set(limit) - {"budgetLimit", "timePeriod"}:
        return False
    amount, period = limit.get("budgetLimit"), limit.get("timePeriod")
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= LARGEST_BUDGET:
        return False
    try:
        return isinstance(period, str) and bool(windows.read_window(period))
    except errors.InvalidInput:
        return False


def _amount(limit: Any) -> Decimal:
    return Decimal(str(limit["budgetLimit"])) if _is_budget(limit) else Decimal()
