"""What administrators set at run time (REST contract §15), kept in the database and typed here.

An option that nobody has set has its deployment's value, from the settings. `value` and `values` ask the database, for
rules that must hold with the commit that changed them; `recent` may be a few seconds old, and answers without a
database, for what is only shown.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Actor, PortalOption
from litemaas import errors
from litemaas.api.statements import Statement
from litemaas.hooks import Hook

# Called with the names of the options whose value changed, in the transaction of the change.
options_changed: Hook[[frozenset[str], datetime]] = Hook()

_RECENT_SECONDS = 5.0
LARGEST_RATE = 2**31 - 1
LARGEST_BUDGET = Decimal(1_000_000_000)
# Code → symbol, name; in the order of the contract.
CURRENCIES = {
    "USD": ("$", "US Dollar"),
    "EUR": ("€", "Euro"),
    "GBP": ("£", "British Pound"),
    "JPY": ("¥", "Japanese Yen"),
    "CNY": ("¥", "Chinese Yuan"),
    "CAD": ("CA$", "Canadian Dollar"),
    "AUD": ("A$", "Australian Dollar"),
    "CHF": ("CHF", "Swiss Franc"),
    "INR": ("₹", "Indian Rupee"),
    "KRW": ("₩", "South Korean Won"),
    "BRL": ("R$", "Brazilian Real"),
    "MXN": ("MX$", "Mexican Peso"),
    "SGD": ("S$", "Singapore Dollar"),
    "HKD": ("HK$", "Hong Kong Dollar"),
    "NZD": ("NZ$", "New Zealand Dollar"),
    "SEK": ("kr", "Swedish Krona"),
    "NOK": ("kr", "Norwegian Krone"),
    "DKK": ("kr", "Danish Krone"),
    "PLN": ("zł", "Polish Zloty"),
    "ZAR": ("R", "South African Rand"),
    "TRY": ("₺", "Turkish Lira"),
    "THB": ("฿", "Thai Baht"),
    "AED": ("AED", "UAE Dirham"),
    "SAR": ("SAR", "Saudi Riyal"),
    "ILS": ("₪", "Israeli Shekel"),
}


@dataclass(frozen=True)
class Option:
    """`check(value)` gives the value as it is stored (JSON) or raises ValueError with a full sentence.

    `name` is the one that the API uses; `read` makes the Python value of the stored one.
    """

    name: str
    default: Callable[[], Any]
    check: Callable[[Any], Any]
    read: Callable[[Any], Any] = lambda stored: stored


_declared: dict[str, Option] = {}
_STORED = Statement(
    lambda names, _values: PortalOption.objects.filter(name__in=names).values("name", "value")
)


def declare(*options: Option) -> None:
    """Make options known; an app declares its own in a module that its AppConfig imports."""
    _declared.update({option.name: option for option in options})


def value(name: str) -> Any:
    """The present value, from the database."""
    return values([name])[name]


def values(names: list[str]) -> dict[str, Any]:
    """The present values, by one statement."""
    stored = {row["name"]: _loaded(row["value"]) for row in _STORED.rows(tuple(names), {})}
    return {name: _effective(name, stored) for name in names}


def _loaded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


_seen: dict[str, Any] = {}
_seen_at = float("-inf")


def recent(name: str) -> Any:
    """The value as of a few seconds ago; with the database away the last one known, or the deployment's."""
    global _seen, _seen_at
    if time.monotonic() - _seen_at > _RECENT_SECONDS:
        try:
            _seen = dict(PortalOption.objects.values_list("name", "value"))
        except DatabaseError:
            # Whoever shows this must show something; whoever decides by it asks `value`.
            connection.close_if_unusable_or_obsolete()
        _seen_at = time.monotonic()
    return _effective(name, _seen)


def forget_recent() -> None:
    """Have the next `recent` ask the database."""
    global _seen_at
    _seen_at = float("-inf")


def _effective(name: str, stored: Mapping[str, Any]) -> Any:
    option = _declared[name]
    return option.read(stored[name]) if name in stored else option.default()


@transaction.atomic(durable=True)
def change_options(*, actor: Actor, values: Mapping[str, Any], action: str, now: datetime) -> dict[str, Any]:
    """Set options; those that are not named keep their value. Their values afterwards.

    `action` is the audit code. Raises Forbidden and InvalidInput, which names every wrong field.
    """
    if not actor.may("admin:settings"):
        raise errors.Forbidden(requiredPermission="admin:settings")
    checked = _check(values)
    # A row for each, also of what nobody has set yet: of two who set the same, one waits for the other.
    rows = [
        PortalOption(name=name, value=_storable(_declared[name].default()), updated_at=now)
        for name in sorted(checked)
    ]
    PortalOption.objects.bulk_create(rows, ignore_conflicts=True)
    held = list(PortalOption.objects.filter(name__in=checked).order_by("name").select_for_update())
    old = {row.name: row.value for row in held}
    changed = {name: value for name, value in checked.items() if old[name] != value}
    for row in held:
        row.value, row.updated_at = checked[row.name], now
    if changed:
        different = [row for row in held if row.name in changed]
        PortalOption.objects.bulk_update(different, ["value", "updated_at"])
        resource = ("SYSTEM_SETTINGS", ",".join(sorted(changed))[:255])
        was = {name: old[name] for name in changed}
        audit.record(action, actor=actor, resource=resource, at=now, old=was, new=changed)
        options_changed(frozenset(changed), now)
        transaction.on_commit(forget_recent)
    return {name: _declared[name].read(value) for name, value in checked.items()}


def _check(values: Mapping[str, Any]) -> dict[str, Any]:
    checked, wrong = {}, {}
    for name, value in values.items():
        try:
            checked[name] = _storable(_declared[name].check(value))
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise errors.InvalidInput(fields=wrong)
    return checked


def _storable(value: Any) -> Any:
    """Exact amounts are stored as text: JSON numbers would pass through binary floats."""
    return str(value) if isinstance(value, Decimal) else value


# --- what a value may be


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(_("Choose true or false."))
    return value


def whole(least: int, most: int, *, optional: bool = False) -> Callable[[Any], Any]:
    def check(value: Any) -> int | None:
        if value is None and optional:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(
                _("Enter a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}
            )
        return value

    return check


def amount(value: Any) -> Decimal | None:
    """Money, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(_("Enter an amount of 0 or more."))
    exact = Decimal(str(value))
    if not exact.is_finite() or not 0 <= exact <= LARGEST_BUDGET:
        raise ValueError(_("Enter an amount from 0 to %(most)s.") % {"most": LARGEST_BUDGET})
    return exact


def _amount_or_none(stored: str | None) -> Decimal | None:
    return None if stored is None else Decimal(stored)


def one_of(*allowed: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError(_("Choose one of %(names)s.") % {"names": ", ".join(allowed)})
        return str(value)

    return check


def time_zone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (TypeError, ValueError, OSError, KeyError):
        raise ValueError(_("Enter the name of a time zone, such as Europe/Vienna.")) from None


declare(
    Option("publicCatalogue", lambda: False, flag),
    Option("ownerSpendReset", lambda: False, flag),
    Option("keyRevealMode", lambda: "encrypted", one_of("encrypted", "once")),
    Option(
        "revealMaxAgeSeconds", lambda: int(settings.KEY_REVEAL_MAX_AGE.total_seconds()), whole(60, 31_536_000)
    ),
    Option("maxActiveKeysPerUser", lambda: settings.MAX_ACTIVE_KEYS_PER_USER, whole(1, 1000)),
    Option("usersMayCreateTeams", lambda: False, flag),
    Option("syncSafetyPercent", lambda: settings.SYNC_SAFETY_PERCENT, whole(0, 100)),
    Option("reportingTimeZone", lambda: settings.REPORTING_TIME_ZONE, time_zone),
    Option("auditRetentionDays", lambda: settings.AUDIT_RETENTION_DAYS, whole(30, 3650)),
)
# In the order of the contract.
PORTAL = list(_declared)

# What a new account gets; null = what the deployment says.
declare(
    Option("userMaxBudget", lambda: None, amount, _amount_or_none),
    Option("userTpmLimit", lambda: None, whole(0, LARGEST_RATE, optional=True)),
    Option("userRpmLimit", lambda: None, whole(0, LARGEST_RATE, optional=True)),
    Option("currency", lambda: settings.CURRENCY["code"], one_of(*CURRENCIES)),
)
USER_DEFAULTS = ["userMaxBudget", "userTpmLimit", "userRpmLimit"]


def currency_of(code: str) -> dict[str, str]:
    """`{code, symbol, name}` of the currency that the gateway's prices are in. Nothing is converted."""
    symbol, name = CURRENCIES[code]
    return {"code": code, "symbol": symbol, "name": name}


_LIMIT_OF = {"max_budget": "userMaxBudget", "tpm_limit": "userTpmLimit", "rpm_limit": "userRpmLimit"}


def limits_of_a_new_account() -> dict[str, Any]:
    """The columns of User that hold them: money (Decimal) and rates per minute; None = no limit."""
    chosen = user_defaults()
    return {column: chosen[name] for column, name in _LIMIT_OF.items()}


def user_defaults() -> dict[str, Any]:
    """By option what a new account gets: what administrators set, else what the deployment says."""
    chosen = values(USER_DEFAULTS)
    return {
        name: chosen[name] if chosen[name] is not None else settings.USER_DEFAULTS[name]
        for name in USER_DEFAULTS
    }
