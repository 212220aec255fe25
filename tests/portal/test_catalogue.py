"""The models pages: filters in the address, one's own standing, what can be done in each state."""

from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.models import Model
from subscriptions import services
from subscriptions.models import Subscription
from tests.factories import ModelFactory, SubscriptionFactory
from tests.portal.conftest import issue, signed_in, subscribe
from tests.usage.conftest import log_row
from usage.ledger import write_rows


@pytest.fixture
def catalogue(person):
    ModelFactory(id="gpt-4o", provider="openai", capabilities=["chat", "vision"], context_length=128_000)
    ModelFactory(id="nomic/embed", provider="ollama", capabilities=["embeddings"], model_type="embeddings",
                 context_length=8_000)  # fmt: skip
    ModelFactory(id="claude", provider="anthropic", capabilities=["chat", "vision"], restricted_access=True,
                 context_length=None, input_cost_per_token=None)  # fmt: skip
    ModelFactory(id="gone", availability="unavailable", unavailable_since=timezone.now())


def names(response):
    return [model.pk for model in response.context["page"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["claude", "gpt-4o", "nomic/embed"]),
        ("search=EMBED", ["nomic/embed"]),
        ("provider=openai", ["gpt-4o"]),
        ("capability=chat&capability=vision", ["claude", "gpt-4o"]),
        ("type=embeddings", ["nomic/embed"]),
        ("access=restricted", ["claude"]),
        ("access=open", ["gpt-4o", "nomic/embed"]),
        ("order=context", ["gpt-4o", "nomic/embed", "claude"]),
        ("mine=active", ["gpt-4o"]),
        ("mine=none", ["claude", "nomic/embed"]),
        ("provider=nobody&page=99&page_size=7&order=x&access=%00", ["claude", "gpt-4o", "nomic/embed"]),
        ("search=nothing-like-this", []),
    ],
)
def test_filters_are_in_the_address(query, expected, catalogue, person, browser):
    services.subscribe(actor=person, model_id="gpt-4o", now=timezone.now())
    assert names(browser.get(f"/models?{query}")) == expected


def test_operators_also_see_what_has_vanished(catalogue, operator):
    assert "gone" in names(signed_in(operator).get("/models"))


def test_a_vanished_model_is_shown_to_who_subscribed_only(catalogue, person, browser):
    assert browser.get("/models/gone").status_code == 404
    SubscriptionFactory(user=person, model=Model.objects.get(pk="gone"))
    assert "not available at the moment" in browser.get("/models/gone").content.decode()


def test_a_name_with_a_slash_has_a_page(catalogue, browser):
    assert "nomic/embed" in browser.get("/models/nomic/embed").content.decode()


def test_unknown_facts_are_not_numbers(catalogue, browser):
    page = browser.get("/models/claude").content.decode()
    assert "N/A" in page
    assert "None" not in page


@pytest.mark.parametrize(
    ("status", "expected"),
    [("active", "Create key with this model"), ("pending", "Withdraw request"), ("denied", "Ask again"),
     ("inactive", ">Subscribe<"), ("expired", ">Subscribe<")],
)  # fmt: skip
def test_each_state_offers_its_act(status, expected, person, browser):
    row = subscribe(person, "lab/one")
    Subscription.objects.filter(pk=row.pk).update(status=status, status_reason="Because.")
    assert expected in browser.get("/models/lab/one").content.decode()


def test_who_may_only_read_is_offered_nothing(catalogue, person, browser):
    person.roles = ["readonly"]
    person.save()
    page = browser.get("/models/gpt-4o").content.decode()
    assert 'action="/subscriptions/new"' not in page
    assert browser.post("/subscriptions/new", {"model_id": "gpt-4o"}).status_code == 403


# --- the tabs of a model ---


@pytest.fixture
def caller(person, browser):
    """`person` has called lab/one: 9 tokens in, 20 out, for a dollar."""
    subscribe(person, "lab/one")
    token = issue(person, "first", "lab/one").secrets.get().token_hash
    now = timezone.now()
    write_rows([log_row(1, api_key=token, spend=1, model_group="lab/one", at=now)], now=now)
    return browser


@pytest.mark.parametrize(
    ("kind", "tabs", "call"),
    [
        ("chat", ["Overview", "Snippets", "My usage", "Calculator"], "/v1/chat/completions"),
        ("embeddings", ["Overview", "Snippets", "My usage", "Calculator"], "/v1/embeddings"),
        ("convert", ["Overview", "Snippets", "My usage"], "/docling/v1/convert/source"),
        ("other", ["Overview", "My usage", "Calculator"], None),
    ],
)
def test_a_model_has_the_tabs_and_examples_of_its_type(kind, tabs, call, browser):
    ModelFactory(id="lab/x", model_type=kind)
    page = browser.get("/models/lab/x?tab=snippets")
    assert [str(word) for _address, word, _current in page.context["tabs"]] == tabs
    if call:
        assert call in page.content.decode()


def test_chat_examples_come_streamed_too_and_tokens_are_counted_where_they_can_be(browser):
    ModelFactory(id="lab/x", capabilities=["chat", "tokenize"])
    whole = browser.get("/models/lab/x?tab=snippets").content.decode()
    assert "stream=True" not in whole
    assert "/utils/token_counter" in whole
    assert "stream=True" in browser.get("/models/lab/x?tab=snippets&streaming=yes").content.decode()


def test_my_usage_is_of_this_model_and_this_person(caller, operator):
    ModelFactory(id="lab/two")
    assert caller.get("/models/lab/one?tab=usage&metric=cost").context["total"].requests == 1
    assert "You have not used this model" in caller.get("/models/lab/two?tab=usage").content.decode()
    other = signed_in(operator).get("/models/lab/one?tab=usage")
    assert "You have not used this model" in other.content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("input_tokens=1,000,000&output_tokens=500000", "2.00"),
        ("mine=yes", "0.000049"),
        ("input_tokens=0&output_tokens=0", "0.00"),
        ("", "1.40"),
    ],
)
def test_the_calculator_multiplies_tokens_and_prices(query, expected, caller):
    page = caller.get(f"/models/lab/one?tab=calculator&{query}")
    assert f"<strong>${expected}</strong>" in page.content.decode()


@pytest.mark.parametrize(
    "query", ["input_tokens=x&output_tokens=1", "input_tokens=-1", f"input_tokens={10**40}"]
)
def test_the_calculator_says_what_it_cannot_read(query, browser):
    ModelFactory(id="lab/x")
    page = browser.get(f"/models/lab/x?tab=calculator&{query}")
    assert page.context["form"].errors
    assert page.context["estimate"] is None


def test_an_unknown_price_is_not_free(browser):
    ModelFactory(id="lab/x", output_cost_per_token=None)
    estimate = browser.get("/models/lab/x?tab=calculator").context["estimate"]
    assert (estimate.input, estimate.output, estimate.total) == (Decimal(1), None, None)


def test_embeddings_are_paid_by_what_goes_in(browser):
    ModelFactory(id="lab/x", model_type="embeddings", output_cost_per_token=None)
    page = browser.get("/models/lab/x?tab=calculator")
    assert page.context["estimate"].total == Decimal(1)
    assert list(page.context["form"].fields) == ["input_tokens"]
    assert "<strong>$2.00</strong>" in browser.get("/models/lab/x?tab=calculator&input_tokens=2000000").text


def test_without_any_price_the_calculator_says_so(browser):
    ModelFactory(id="lab/x", input_cost_per_token=None, output_cost_per_token=None)
    assert "so nothing can be calculated" in browser.get("/models/lab/x?tab=calculator").text


def test_a_tab_that_is_not_there_is_the_first(browser):
    ModelFactory(id="lab/x", model_type="convert")
    assert browser.get("/models/lab/x?tab=calculator").context["tab"] == "overview"


def test_administrators_come_from_the_model_to_its_form(operator, browser):
    ModelFactory(id="lab/x")
    assert "/operations/models/edit/lab/x" in signed_in(operator).get("/models/lab/x").content.decode()
    assert "/operations/models/edit/lab/x" not in browser.get("/models/lab/x").content.decode()


def test_the_list_shows_the_same_models_as_a_table_and_keeps_the_filters(catalogue, browser):
    page = browser.get("/models?view=list&capability=chat")
    text = page.content.decode()
    assert names(page) == ["claude", "gpt-4o"]
    assert "<table" in text
    assert 'href="/models?capability=chat&amp;view=list"' in text
    assert '<input type="hidden" form="filters" name="view" value="list">' in text
    assert "<table" not in browser.get("/models").content.decode()
