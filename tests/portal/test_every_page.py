"""What holds for all pages: they need a sign-in, are stored nowhere, and cost the same for 1 and for 50 rows."""

from importlib import import_module

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import UserFactory
from tests.portal.conftest import many_rows, signed_in

LISTS = ["/home", "/models?page_size=48", "/subscriptions?page_size=50", "/api-keys?page_size=50"]
MOST_STATEMENTS = 12
ROOMS = [
    "catalog.web.urls",
    "teams.web.urls",
    "subscriptions.web.urls",
    "apikeys.web.urls",
    "usage.web.urls",
    "portal.web.urls",
]
OPEN = {"root"}


def statements(client, address):
    """Of a warm process; the cheaper of two, because once in a while a request also notes that somebody was seen."""
    client.get(address)
    return min(_counted(client, address) for _turn in range(2))


def _counted(client, address):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200, address
    return len(captured)


@pytest.mark.parametrize("address", LISTS)
def test_a_list_costs_the_same_for_one_row_and_for_fifty(address, db):
    few, many = UserFactory(), UserFactory()
    many_rows(few, 1)
    cost_of_few = statements(signed_in(few), address)
    many_rows(many, 50)
    assert statements(signed_in(many), address) == cost_of_few <= MOST_STATEMENTS


@pytest.mark.parametrize(
    "page", ["/models/{model}", "/api-keys/{key}", "/api-keys/new", "/subscriptions/{own}/cancel"]
)
def test_a_page_of_one_thing_costs_little(page, db):
    user = UserFactory()
    rows, keys = many_rows(user, 20)
    address = page.format(model=rows[0].model_id, key=keys[0].pk, own=rows[0].pk)
    assert statements(signed_in(user), address) <= MOST_STATEMENTS


@pytest.mark.parametrize("room", ROOMS)
def test_every_page_asks_who_is_there(room):
    routes = [route for route in import_module(room).urlpatterns if route.name not in OPEN]
    assert routes
    assert [route.name for route in routes if not getattr(route.callback, "needs_sign_in", False)] == []


@pytest.mark.parametrize("address", ["/home", "/models", "/api-keys/new?model=a%2Fb", "/subscriptions"])
def test_a_stranger_is_sent_to_sign_in_and_back(address, db):
    response = Client().get(address)
    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=")


def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(db):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/models?search=x"}
    response = Client(headers=headers).get("/models?search=xy")
    assert response["HX-Redirect"] == "/login/?next=/models%3Fsearch%3Dx&session=expired"


def test_pages_are_stored_nowhere_and_differ_from_their_parts(browser):
    page = browser.get("/models")
    part = browser.get("/models", headers={"HX-Request": "true"})
    assert "no-store" in page["Cache-Control"]
    assert "HX-Request" in page["Vary"]
    assert b"<html" in page.content
    assert b"<html" not in part.content


def test_the_first_address_leads_home(db):
    assert Client().get("/")["Location"] == "/home"
