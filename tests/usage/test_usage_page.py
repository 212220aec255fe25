"""The usage page of a signed-in person."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from litemaas.web.patterns import Pattern
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
    one = client.get("/usage", {"modelIds": "lab/m1", "trend": "cost"})
    assert one.context["total"].requests == 1


@pytest.mark.parametrize(
    "query",
    [
        {"period": "custom"},
        {"period": "custom", "first": "x", "last": "2020-01-01"},
        {"period": "custom", "first": "2020-02-01", "last": "2020-01-01"},
        {"period": "-1", "trend": "__class__", "modelIds": "\x00", "tab": "x", "csv": "x", "compare": "x"},
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


@pytest.fixture
def operator(client, person):
    client.force_login(UserFactory(is_auditor=True))
    return client


@pytest.mark.parametrize("tab", ["user", "model", "provider", "team", "key", "day", "nonsense"])
def test_operators_see_everybodys_usage_split_sorted_and_paged(operator, tab):
    page = operator.get("/operations/usage", {"tab": tab, "sort": "-cost", "page": "9", "page_size": "10"})
    assert page.status_code == 200
    if tab == "nonsense":
        assert page.context["total"].requests == 4
        return
    listed = page.context["listed"]
    assert sum(row.figures.requests for row in listed.rows) == 4


def test_operators_narrow_by_person_model_and_address(operator, person):
    one = operator.get("/operations/usage", {"person": person.username})
    assert one.context["total"].requests == 3
    linked = operator.get("/operations/usage", {"userIds": str(person.pk), "modelIds": "lab/m1"})
    assert linked.context["total"].requests == 1
    nobody = operator.get("/operations/usage", {"person": "nobody at all"})
    assert "No usage in this period" in nobody.content.decode()


def test_a_period_that_is_too_long_offers_shorter_ones(operator):
    page = operator.get(
        "/operations/usage", {"period": "custom", "first": "2026-01-01", "last": "2026-07-01"}
    )
    assert "At most 90 days" in page.content.decode()
    assert "first=2026-04-03&amp;last=2026-07-01" in page.content.decode()


def test_the_operators_page_does_not_exist_for_others(client, person):
    assert client.get("/operations/usage").status_code == 404


def test_the_weekly_pattern_shades_by_size_and_tells_what_is_missing():
    first = date(2026, 11, 4)
    values = {first: 1, first + timedelta(days=1): 1000, first + timedelta(days=2): None}
    pattern = Pattern("p", "Pattern", first, first + timedelta(days=8), values)
    cells = [cell for week in pattern.weeks for cell in week.cells]
    assert [cell.state for cell in cells[:6]] == ["outside", "outside", "value", "value", "missing", "zero"]
    assert [cells[2].step, cells[3].step] == [1, 6]
    assert "99.9" in cells[3].text
