"""Numbers, money, dates and the words for what is not known (ui.md §3.9). None is "N/A", never zero."""

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TypeAlias

from django.template import Library
from django.utils import timezone
from django.utils.formats import get_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import get_language, gettext, ngettext, pgettext

from litemaas import currency
from litemaas.web.elements import render

register = Library()

Number: TypeAlias = int | float | Decimal

_MILLION = 1_000_000
_CENT = Decimal("0.01")
_FINEST = Decimal("0.000001")
# 999.95 thousand is shown as one million, not as 1,000 thousand.
_ROUNDS_UP_FROM = Decimal("0.99995")
_DURATION = re.compile(r"(?P<n>[1-9]\d{0,5})(?P<unit>h|d|w|mo)", re.ASCII)
_STEPS = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K"))


@register.simple_tag(name="not_known")
def not_known() -> SafeString:
    """ "N/A": the gateway does not report this."""
    return render("not_known")


@register.simple_tag(name="not_applicable")
def not_applicable() -> SafeString:
    """A dash for a fact that this thing cannot have."""
    return render("not_applicable")


# --- plain text, for Python and for attributes ---------------------------------------------------------------------


def number_text(value: Number) -> str:
    """With the reader's separators: 1,234,567 or 0.5."""
    if type(value) is int:
        return _separated(value, 0)
    exact = Decimal(str(value))
    return _separated(exact, _places(exact))


def _separated(value: int | Decimal, places: int) -> str:
    """Pages of usage show a thousand numbers: Django's own way, which asks for the language and its formats several
    times for each, takes five times as long."""
    points = _separators(get_language())
    if points is None:
        return str(number_format(value, decimal_pos=places, use_l10n=True, force_grouping=True))
    text = f"{value:,.{places}f}"
    return text.translate(points) if points else text


@lru_cache(maxsize=64)
def _separators(language: str | None) -> dict[int, str] | None:
    """What stands for commas and full stops; None for a language that does not group by three."""
    if get_format("NUMBER_GROUPING", language) != 3:
        return None
    found = {",": get_format("THOUSAND_SEPARATOR", language), ".": get_format("DECIMAL_SEPARATOR", language)}
    return {ord(sign): str(own) for sign, own in found.items() if sign != own}


def compact_text(value: Number) -> str:
    """At most four characters of number: 999, 1.2K, 34.6M, 2B."""
    exact = Decimal(str(value))
    for size, letter in _STEPS:
        if abs(exact) >= size * _ROUNDS_UP_FROM:
            return number_text(_one_decimal(exact / size)) + letter
    return number_text(_one_decimal(exact))


def _one_decimal(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP).normalize()


def money_text(amount: Number, *, exact: bool = False) -> str:
    """In the configured currency: two decimals, up to six below 0.01, all of them when `exact`."""
    value = Decimal(str(amount))
    if exact or value == 0:
        return _with_symbol(value, max(2, _places(value)))
    if abs(value) >= _CENT:
        return _with_symbol(value.quantize(_CENT, ROUND_HALF_UP), 2)
    if abs(value) < _FINEST:
        return pgettext("less than an amount", "< %(amount)s") % {"amount": _with_symbol(_FINEST, 6)}
    return _with_symbol(rounded := value.quantize(_FINEST, ROUND_HALF_UP), max(2, _places(rounded)))


def percent_text(value: Number) -> str:
    """`value` is in per cent already; one decimal at most."""
    return pgettext("per cent", "%(number)s%%") % {"number": number_text(_one_decimal(Decimal(str(value))))}


def price_text(per_token: Number) -> str:
    """US dollars per token, told per million tokens. A price of 0 is free."""
    if per_token == 0:
        return gettext("Free")
    price = (Decimal(str(per_token)) * _MILLION).quantize(_FINEST, ROUND_HALF_UP)
    return _with_symbol(price, max(2, _places(price)))


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _with_symbol(value: Decimal, places: int) -> str:
    # Translators put the symbol where their language has it, "%(amount)s %(symbol)s" for instance.
    amount = _separated(abs(value), places)
    shown = pgettext("money", "%(symbol)s%(amount)s") % {
        "symbol": currency.current()["symbol"],
        "amount": amount,
    }
    return f"−{shown}" if value < 0 else shown


# --- filters ---------------------------------------------------------------------------------------------------------


@register.filter
def number(value: Number | None) -> str:
    return not_known() if value is None else number_text(value)


@register.filter
def compact(value: Number | None) -> SafeString:
    """Short, with the full number in the title and for screen readers."""
    if value is None:
        return not_known()
    return render("full_value", short=compact_text(value), full=number_text(value))


@register.filter
def money(amount: Number | None, how: str = "") -> str:
    """`money:"exact"` shows every decimal that the gateway reported, `money:"full"` in the title only."""
    if amount is None:
        return not_known()
    if how == "full":
        return render("full_value", short=money_text(amount), full=money_text(amount, exact=True))
    return money_text(amount, exact=how == "exact")


@register.filter
def percent(value: Number | None) -> str:
    return not_known() if value is None else percent_text(value)


@register.filter
def price_per_million(per_token: Number | None) -> str:
    return not_known() if per_token is None else price_text(per_token)


@register.filter
def limit(value: Number | None) -> str:
    """A limit that is not there is "Unlimited"."""
    return gettext("Unlimited") if value is None else number_text(value)


@register.filter
def money_limit(amount: Number | None) -> str:
    return gettext("Unlimited") if amount is None else money_text(amount)


@register.filter
def day(value: date | datetime | None) -> SafeString:
    """YYYY-MM-DD in the reader's time zone; a dash for no date."""
    if value is None:
        return not_applicable()
    local = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), local.isoformat())


@register.filter
def moment(value: datetime | None) -> SafeString:
    """YYYY-MM-DD HH:MM:SS in the reader's time zone, how long ago in the title; a dash for no time."""
    if value is None:
        return not_applicable()
    local = timezone.localtime(value)
    shown = local.strftime("%Y-%m-%d %H:%M:%S")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), relative(value, timezone.now()), shown
    )


@register.filter
def expiry(value: datetime | None) -> str:
    """A day, or "Never"."""
    return gettext("Never") if value is None else day(value)


@register.filter
def window(value: str) -> str:
    """How often a budget starts anew: "monthly", "every 30 days"; "" where it never does."""
    words = {
        "daily": gettext("Daily"),
        "weekly": gettext("Weekly"),
        "monthly": gettext("Monthly"),
        "yearly": gettext("Yearly"),
    }
    if value in words:
        return words[value].lower()
    found = _DURATION.fullmatch(value or "")
    if found is None:
        return value or ""
    n = int(found["n"])
    every = {
        "h": ngettext("every %(n)s hour", "every %(n)s hours", n),
        "d": ngettext("every %(n)s day", "every %(n)s days", n),
        "w": ngettext("every %(n)s week", "every %(n)s weeks", n),
        "mo": ngettext("every %(n)s month", "every %(n)s months", n),
    }
    return every[found["unit"]] % {"n": number_text(n)}


def relative(value: datetime, now: datetime) -> str:
    """ "3 hours ago" or "in 2 days"."""
    if value <= now:
        return gettext("%(duration)s ago") % {"duration": timesince(value, now, depth=1)}
    return gettext("in %(duration)s") % {"duration": timeuntil(value, now, depth=1)}


@register.filter
def clock(value: timedelta) -> str:
    """How long something took: 0:07, 12:31 or 1:02:03."""
    minutes, seconds = divmod(max(int(value.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
