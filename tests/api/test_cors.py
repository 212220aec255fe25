"""Browsers of origins that are configured exactly may call the API; nobody else's may."""

import pytest
from django.test import Client

ORIGIN = "https://front.example.com"


@pytest.fixture
def _known(settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]


def preflight(origin, path="/api/v1/config"):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key,if-match",
    }
    return Client().options(path, headers=headers)


@pytest.mark.usefixtures("_known")
def test_a_configured_origin_is_named_exactly_and_kept_ten_minutes():
    answer = preflight(ORIGIN)
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert answer["Access-Control-Max-Age"] == "600"
    assert "idempotency-key" in answer["Access-Control-Allow-Headers"]


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "http://front.example.com", f"{ORIGIN}.evil.com", "null"]
)
def test_other_origins_get_nothing(origin):
    assert not preflight(origin).has_header("Access-Control-Allow-Origin")


@pytest.mark.usefixtures("_known")
def test_pages_are_for_our_own_origin_alone():
    assert not preflight(ORIGIN, "/home").has_header("Access-Control-Allow-Origin")


@pytest.mark.django_db
@pytest.mark.usefixtures("_known")
def test_an_answer_may_be_read_and_says_whom_it_depends_on(api):
    answer = api.get("auth/me", Origin=ORIGIN)
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert {"origin", "Authorization", "Cookie"} <= {part.strip() for part in answer["Vary"].split(",")}
    assert "ETag" in answer["Access-Control-Expose-Headers"]
