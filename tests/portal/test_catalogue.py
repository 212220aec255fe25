"""The models pages: filters in the address, one's own standing, what can be done in each state."""

import pytest
from django.utils import timezone

from catalog.models import Model
from subscriptions import services
from subscriptions.models import Subscription
from tests.factories import ModelFactory, SubscriptionFactory
from tests.portal.conftest import signed_in, subscribe


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
