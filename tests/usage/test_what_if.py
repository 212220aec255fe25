"""What the same calls would have cost otherwise."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.models import Model
from litemaas.errors import InvalidInput
from tests.factories import NOW, ModelFactory, UserFactory
from tests.usage.conftest import log_row
from usage.figures import Figures
from usage.ledger import write_rows
from usage.periods import last_days
from usage.questions import Filters, Question
from usage.scopes import Scope
from usage.web.price_list import PricesForm, as_lines
from usage.whatif import PriceList, Prices, alternatives, used_models, what_if

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
    prices = PriceList(others=Prices(Decimal(1), Decimal(2)))
    assert what_if(question, prices=prices, now=NOW).cost == 6 * (9 * 1 + 20 * 2)


def test_a_price_list_holds_for_its_models_and_the_others_keep_what_they_cost(question):
    found = what_if(question, prices=PriceList({"a": Prices(Decimal(1), Decimal(2))}), now=NOW)
    assert [(line.model, line.basis) for line in found.lines] == [("a", "told"), ("b", "paid")]
    assert found.cost == 3 * (9 + 2 * 20) + 3 * COST
    both = PriceList({"a": Prices(Decimal(1), Decimal(2))}, Prices(Decimal(3), Decimal(0)))
    assert what_if(question, prices=both, now=NOW).cost == 3 * (9 + 2 * 20) + 3 * 9 * 3
    assert what_if(question, prices=PriceList(), now=NOW).cost == 6 * COST


def test_a_price_list_prices_models_that_the_catalogue_does_not_have(question):
    new = PriceList({"new": Prices(Decimal(1), Decimal(0))})
    found = what_if(question, exchange={"a": "new", "b": "c"}, prices=new, now=NOW)
    assert [(line.becomes, line.basis, line.cost) for line in found.lines] == [
        ("new", "told", Decimal(3 * 9)),
        ("c", "catalogue", None),
    ]


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


def test_the_list_of_all_models_says_of_each_what_asking_for_it_says(question):
    found = {one.model: one for one in alternatives(used_models(question, now=NOW), Model.objects.all())}
    assert found["c"].cost is None
    for name in "ab":
        asked = what_if(question, model=name, now=NOW)
        assert (found[name].cost, found[name].difference) == (asked.cost, asked.difference)


def test_a_model_of_unknown_prices_that_was_the_only_one_gives_what_was_paid(question):
    only = replace(question, filters=Filters(model=["a"]))
    Model.objects.filter(pk="a").update(input_cost_per_token=None)
    [one] = alternatives(used_models(only, now=NOW), Model.objects.filter(pk="a"))
    assert one.cost == 3 * COST
    assert one.difference == 0


def test_differences_keep_every_digit(question):
    found = what_if(question, prices=PriceList(others=Prices(Decimal(10**9), Decimal("1e-18"))), now=NOW)
    assert str(found.cost) == "54000000000.000000000000000120"
    assert found.difference == Decimal("53999999999.9958600000000001194")


@pytest.fixture
def page(question, make_key, client):
    """Of somebody with four calls today, two of each model."""
    user = UserFactory()
    make_key("hash-2", owner=user)
    now = timezone.now()
    write_rows(
        [log_row(50 + n, api_key="hash-2", model_group="ab"[n % 2], at=now) for n in range(4)], now=now
    )
    client.force_login(user)
    return lambda **query: client.get("/usage/what-if", {"period": "7", **query})


def test_the_page_lists_every_model_the_cheapest_first_and_unknown_prices_last(page):
    answer = page()
    assert [one.model for one, _address in answer.context["listed"].rows] == ["a", "b", "c"]
    text = answer.content.decode()
    assert "With one model for all of it" in text
    assert 'href="/usage/what-if?period=7&amp;becomes=a"' in text
    assert "N/A" in text


def test_models_that_do_something_else_are_no_alternatives(page):
    ModelFactory(id="vectors", model_type="embeddings", input_cost_per_token=0, output_cost_per_token=0)
    assert [one.model for one, _address in page().context["listed"].rows] == ["a", "b", "c"]


def test_the_page_with_a_model_says_per_model_what_changes(page):
    answer = page(becomes="b")
    found = answer.context["found"]
    assert found.cost == 2 * 29 * Decimal("0.00001") + 2 * COST
    assert "−$0.0008000000000000002" in answer.content.decode()
    assert "does not report the prices of c" in page(becomes="c").content.decode()


def test_own_prices_are_told_per_million_tokens_and_wrong_ones_at_their_field(page):
    answer = page(input="1000000", output="2000000")
    assert answer.context["found"].cost == 4 * (9 + 2 * 20)
    assert "At the prices of the catalogue" in answer.content.decode()
    cached = page(input="1", output="2", cached="-1")
    assert cached.context["found"] is None
    assert "greater than or equal to 0" in cached.content.decode()


def test_prices_of_single_models_are_told_a_line_each(page):
    answer = page(single="Model\tInput\tOutput\na\t1000000\t2000000\n")
    assert answer.context["found"].cost == 2 * (9 + 2 * 20) + 2 * COST
    assert [line.basis for line, _address in answer.context["listed"].rows] == ["told", "paid"]
    both = page(single="a; 1000000; 2000000; 0\nz; 1; 1\nb; ;", input="0", output="1000000")
    assert both.context["found"].cost == 2 * (9 + 2 * 20) + 2 * 20
    assert "One model of your list was not used in this period: z" in both.content.decode()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("a; 1", "Line 1 must have a name and two or three prices."),
        ("a; 1; 1\nb; 1; x", "Line 2: x is not a price."),
        ("a; 1; -1", "Line 1: -1 is not a price."),
        ("a; 1; 1\n\na; 2; 2", "Line 3 names a a second time."),
    ],
)
def test_lines_that_are_no_prices_are_named(page, lines, problem):
    answer = page(single=lines)
    assert answer.context["found"] is None
    assert problem in answer.content.decode()


def test_a_price_list_can_begin_with_the_catalogues_prices(page):
    begun = page().context["started_list"]
    query = QueryDict(begun.partition("?")[2])
    assert query["single"] == "a; 1; 1\nb; 10; 10"
    answer = page(single=query["single"])
    assert answer.context["found"].cost == 2 * 29 * (Decimal("0.000001") + Decimal("0.00001"))


def test_prices_are_read_as_the_reader_writes_them(page):
    with override("de"):
        form = PricesForm({"single": "a; 0,5; 0.25"})
        assert form.prices.of_model["a"] == Prices(Decimal("5e-7"), Decimal("25e-8"))
        model = Model(id="a", input_cost_per_token=Decimal("5e-7"), output_cost_per_token=Decimal(10))
        assert as_lines([model]) == "a; 0,5; 10000000"


def test_its_file_holds_every_digit(page):
    text = b"".join(page(becomes="a", format="csv", sort="name").streaming_content).decode("utf-8-sig")
    heads, *rows = csv.reader(io.StringIO(text))
    assert heads == [
        "Model",
        "Model instead",
        *("Requests", "Prompt tokens", "Completion tokens"),
        *("Cost", "Would have cost", "Difference"),
    ]
    assert [row[:2] for row in rows] == [["a", "a"], ["b", "a"]]
    assert Decimal(rows[0][5]) == Decimal(rows[0][6]) == 2 * COST


@pytest.mark.parametrize(
    "query",
    [{"becomes": "nothing"}, {"input": "x"}, {"period": "custom", "first": "2020-01-01"}, {"sort": "x"}],
)
def test_what_it_does_not_understand_it_ignores(page, query):
    assert page(**query).status_code == 200


def test_it_asks_as_often_for_fifty_models_as_for_three(page, django_assert_max_num_queries):
    for n in range(50):
        ModelFactory(id=f"more-{n}")
    page()
    with django_assert_max_num_queries(14):
        page(becomes="b")
