"""Who types a slash too many arrives all the same."""

import pytest

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(client):
    client.force_login(UserFactory())
    return client


def test_a_page_with_a_slash_leads_to_the_page(visitor):
    answer = visitor.get("/models/?provider=openai")
    assert (answer.status_code, answer["Location"]) == (301, "/models?provider=openai")


@pytest.mark.parametrize("path", ["/nothing-here/", "/models//", "//example.com/"])
def test_it_leads_nowhere_else(visitor, path):
    answer = visitor.get(path)
    assert answer.status_code == 404 or answer["Location"] in {"/models", "/home"}


def test_a_form_is_not_sent_on(visitor):
    assert visitor.post("/models/").status_code == 404
