"""The usage page of a signed-in person."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import UserFactory
from tests.usage.conftest import log_row
from usage.ledger import write_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(make_key, client):
    user = UserFactory()
    make_key("hash-1", owner=user)
    make_key("hash-2")
    now = timezone.now()
    mine = [
        log_row(n, api_key="hash-1", model_group=f"lab/m{n % 2}", at=now - timedelta(hours=n))
        for n in range(3)
    ]
    write_rows([*mine, log_row(9, api_key="hash-2", model_group="lab/secret", at=now)], now=now)
    client.force_login(user)
    return user


def test_the_page_shows_own_usage_with_the_cost_to_the_last_digit(client, person):
    text = client.get("/usage").content.decode()
    assert "$0.0013800000000000002" in text
    assert "$0.0006900000000000001" in text
    assert "lab/m0" in text
    assert "lab/secret" not in text


def test_models_and_dates_narrow_it(client, person):
    only = client.get("/usage", {"period": "custom", "first": "2020-01-01", "last": "2020-01-31"})
    assert "No usage in this period" in only.content.decode()
    one = client.get("/usage", {"model": "lab/m1", "metric": "cost"})
    assert one.context["total"].requests == 1


@pytest.mark.parametrize(
    "query",
    [
        {"period": "custom"},
        {"period": "custom", "first": "x", "last": "2020-01-01"},
        {"period": "custom", "first": "2020-02-01", "last": "2020-01-01"},
        {"period": "-1", "metric": "__class__", "model": "\x00"},
    ],
)
def test_wrong_values_still_show_the_page(client, person, query):
    assert client.get("/usage", query).context["total"].requests == 3


def test_somebody_without_usage_learns_what_to_do(client):
    client.force_login(UserFactory())
    assert "No usage in this period" in client.get("/usage").content.decode()


def test_the_page_asks_as_often_for_fifty_models_as_for_one(client, person, django_assert_max_num_queries):
    client.get("/usage")
    now = timezone.now()
    write_rows([log_row(100 + n, api_key="hash-1", model_group=f"m{n}", at=now) for n in range(50)], now=now)
    with django_assert_max_num_queries(12):
        client.get("/usage")
