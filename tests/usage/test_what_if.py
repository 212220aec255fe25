"""What the same calls would have cost otherwise."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litemaas.errors import InvalidInput
from tests.factories import NOW, ModelFactory, UserFactory
from tests.usage.conftest import log_row
from usage.figures import Figures
from usage.ledger import write_rows
from usage.periods import last_days
from usage.questions import Question
from usage.scopes import Scope
from usage.whatif import Prices, what_if

pytestmark = pytest.mark.django_db
COST = Decimal("0.0006900000000000001")


@pytest.fixture
def question(make_key):
    user = UserFactory()
    make_key("hash-1", owner=user)
    for name, price in (("a", "0.000001"), ("b", "0.00001"), ("c", None)):
        value = Decimal(price) if price else None
        ModelFactory(id=name, input_cost_per_token=value, output_cost_per_token=value)
    rows = [
        log_row(n, api_key="hash-1", model_group="ab"[n % 2], at=NOW - timedelta(days=n)) for n in range(6)
    ]
    write_rows(rows, now=NOW)
    return Question(Scope.of(user), last_days(30, NOW))


def test_the_same_models_give_exactly_what_was_paid(question):
    found = what_if(question, now=NOW)
    assert found.cost == found.actual == 6 * COST
    same = what_if(question, exchange={"a": "a"}, now=NOW)
    assert same.cost == found.actual


def test_another_model_is_priced_by_its_own_list_with_the_tokens_kept(question):
    found = what_if(question, exchange={"a": "b"}, now=NOW)
    assert found.cost == 3 * 29 * Decimal("0.00001") + 3 * COST
    assert {line.model: line.becomes for line in found.lines} == {"a": "b", "b": "b"}
    assert found.lines[0].difference == 3 * 29 * Decimal("0.00001") - 3 * COST


def test_unknown_prices_stay_unknown_and_unknown_models_are_refused(question):
    assert what_if(question, model="c", now=NOW).cost is None
    with pytest.raises(InvalidInput):
        what_if(question, model="nothing", now=NOW)


def test_own_prices_hold_for_all_models(question):
    prices = Prices(Decimal(1), Decimal(2))
    assert what_if(question, prices=prices, now=NOW).cost == 6 * (9 * 1 + 20 * 2)


@given(
    prompt=st.integers(0, 10**9),
    cached=st.integers(0, 10**9),
    output=st.integers(0, 10**9),
    price=st.decimals(0, 1, places=12),
)
@settings(deadline=None)
def test_a_cached_price_equal_to_the_plain_one_changes_nothing(prompt, cached, output, price):
    figures = Figures(prompt_tokens=prompt, cached_tokens=min(cached, prompt), completion_tokens=output)
    assert Prices(price, price).cost_of(figures) == Prices(price, price, price).cost_of(figures)
