"""Numbers, money and time as a reader sees them; what is not known is never a zero."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import number_format

from litemaas.web.templatetags import formats
from tests.web.conftest import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1234, "1.2K"),
        (999_949, "999.9K"),
        (999_950, "1M"),
        (34_567_890, "34.6M"),
        (2_000_000_000, "2B"),
        (-1500, "-1.5K"),
        (Decimal("0.25"), "0.3"),
    ],
)
def test_compact_numbers(value, shown):
    assert formats.compact_text(value) == shown


def test_a_compact_number_tells_the_full_one(draw):
    assert 'title="1,234,567"' in draw("{{ n|compact }}", n=1_234_567)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("12.5", "$12.50"),
        ("1234567.891", "$1,234,567.89"),
        ("0.01", "$0.01"),
        ("0.009", "$0.009"),
        ("0.0042131", "$0.004213"),
        ("0.00000012", "< $0.000001"),
        ("-3", "−$3.00"),
    ],
)
def test_money_has_two_decimals_and_up_to_six_below_a_cent(amount, shown):
    assert formats.money_text(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0.000000120000", "$0.00000012"), ("12.5", "$12.50"), ("3", "$3.00"), ("1E-7", "$0.0000001")],
)
def test_exact_money_has_every_decimal_that_was_reported(amount, shown):
    assert formats.money(Decimal(amount), "exact") == shown


@pytest.mark.parametrize(
    ("per_token", "shown"),
    [("0", "Free"), ("0.00000015", "$0.15"), ("0.0000000375", "$0.0375"), ("0.00003", "$30.00")],
)
def test_prices_are_per_million_tokens_without_losing_decimals(per_token, shown):
    assert formats.price_per_million(Decimal(per_token)) == shown


@pytest.mark.parametrize("name", ["number", "compact", "money", "percent", "price_per_million"])
def test_what_is_not_known_is_never_a_zero(draw, name):
    html = draw("{{ nothing|" + name + " }}", nothing=None)
    assert words(html) == "N/A"
    assert "The gateway does not report this" in html


def test_no_limit_and_no_end_have_words(draw):
    assert draw("{{ x|limit }} {{ x|money_limit }} {{ x|expiry }}", x=None) == "Unlimited Unlimited Never"
    assert words(draw("{{ x|day }}", x=None)) == "–not applicable"


def test_numbers_follow_the_readers_language():
    with translation.override("de"):
        assert formats.number_text(1_234_567) == "1.234.567"
        assert formats.compact_text(1234) == "1,2K"


def test_times_are_in_the_readers_zone_with_the_distance_as_title(draw):
    at = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    with timezone.override("Europe/Berlin"):
        html = draw("{{ at|moment }} {{ at|day }}", at=at)
    assert "2026-11-23 00:30:00" in html
    assert ">2026-11-23</time>" in html
    assert draw("{{ d|day }}", d=date(2026, 1, 2)).endswith(">2026-01-02</time>")


def test_distances_look_back_and_ahead():
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert formats.relative(now - timedelta(hours=3), now) == "3\xa0hours ago"
    assert formats.relative(now + timedelta(days=2), now) == "in 2\xa0days"


@pytest.mark.parametrize(
    ("window", "shown"),
    [
        ("", ""),
        ("monthly", "monthly"),
        ("1d", "every 1 day"),
        ("30d", "every 30 days"),
        ("2mo", "every 2 months"),
        ("90s", "90s"),
    ],
)
def test_a_budgets_window_in_words(window, shown):
    assert formats.window(window) == shown


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
@pytest.mark.parametrize(
    "value", [0, -1234567, 10**21, Decimal("1234567.000100"), Decimal("-0.5"), Decimal("1E+3"), 12345.25]
)
def test_numbers_have_the_separators_of_the_language(value, language):
    exact = Decimal(str(value))
    places = max(0, -exact.normalize().as_tuple().exponent)
    with translation.override(language):
        expected = number_format(exact, decimal_pos=places, use_l10n=True, force_grouping=True)
        assert formats.number_text(value) == expected
