"""Creating, revealing and revoking keys in the portal. No gateway runs here, so new keys wait for it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apikeys import secrets, services
from apikeys.models import ApiKey
from litellm_sync.models import GatewayObject
from tests.factories import UserFactory
from tests.portal.conftest import issue, signed_in, subscribe

FORM = {"request_token": "form-1", "name": "build", "model_ids": ["lab/one"]}


@pytest.fixture
def model(person):
    return subscribe(person, "lab/one").model


def test_the_secret_is_in_the_answer_to_the_form_and_nowhere_later(model, browser):
    response = browser.post("/api-keys/new", FORM)
    key = ApiKey.objects.get()
    secret = secrets.read_from(key.current_secret)
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    for address in ("/api-keys", f"/api-keys/{key.pk}", "/home"):
        assert secret not in browser.get(address).content.decode()


def test_sending_the_form_twice_makes_one_key(model, browser):
    first, second = (browser.post("/api-keys/new", FORM) for _ in range(2))
    assert ApiKey.objects.count() == 1
    assert first.context["secret"] == second.context["secret"]


def test_a_key_that_the_gateway_has_not_got_says_so_until_it_has(model, browser):
    page = browser.post("/api-keys/new", FORM).content.decode()
    key = ApiKey.objects.get()
    assert "Waiting for the gateway" in page
    assert f'hx-get="/api-keys/{key.pk}/state"' in page
    GatewayObject.objects.filter(object_id=key.pk).update(applied=1)
    part = browser.get(f"/api-keys/{key.pk}/state", headers={"HX-Request": "true"}).content.decode()
    assert "It works now." in part
    assert "hx-get" not in part


def test_limits_and_expiry_reach_the_key(model, browser):
    limits = {"max_budget": "12.50", "budget_duration": "monthly", "tpm_limit": "1,000", "rpm_limit": "60"}
    browser.post("/api-keys/new", FORM | limits | {"expires": "date", "expires_at": "2099-01-31"})
    key = ApiKey.objects.get()
    assert (str(key.max_budget), key.budget_window) == ("12.5000000000", "monthly")
    assert (key.tpm_limit, key.rpm_limit) == (1000, 60)
    assert key.expires_at == datetime(2099, 1, 31, 23, 59, 59, 999999, UTC)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"model_ids": []}, "model_ids"),
        ({"model_ids": ["lab/other"]}, "model_ids"),
        ({"expires": "date"}, "expires_at"),
        ({"expires": "date", "expires_at": "2001-01-01"}, "expires_at"),
        ({"max_budget": "-1"}, "max_budget"),
        ({"tpm_limit": "-5"}, "tpm_limit"),
        ({"rpm_limit": "many"}, "rpm_limit"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_values_stay(change, field, model, browser):
    response = browser.post("/api-keys/new", FORM | {"description": "kept"} | change)
    assert list(response.context["form"].errors) == [field]
    assert "kept" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_the_limit_of_keys_is_said_on_top_of_the_form(model, person, browser, settings):
    settings.MAX_ACTIVE_KEYS_PER_USER = 1
    issue(person, "first", "lab/one")
    response = browser.post("/api-keys/new", FORM)
    assert "as many active API keys as are allowed" in response.context["form"].non_field_errors()[0]


def test_without_a_subscription_the_page_leads_to_the_models(browser):
    assert 'href="/models"' in browser.get("/api-keys/new").content.decode()


def test_reveal_shows_the_secret_once(model, person, browser):
    key = issue(person, "build", "lab/one")
    assert browser.get(f"/api-keys/{key.pk}/reveal").status_code == 405
    response = browser.post(f"/api-keys/{key.pk}/reveal")
    assert secrets.read_from(key.current_secret) in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_after_a_long_session_revealing_asks_for_the_password(model, person):
    key = issue(person, "build", "lab/one")
    response = signed_in(person, ago=timedelta(hours=9)).post(f"/api-keys/{key.pk}/reveal")
    assert response.url == f"/reauthenticate/?next=%2Fapi-keys%2F{key.pk}"


def test_revoking_asks_and_then_ends_the_key(model, person, browser):
    key = issue(person, "build", "lab/one")
    assert "Revoke the key “build”?" in browser.get(f"/api-keys/{key.pk}/revoke").content.decode()
    for _ in range(2):
        assert browser.post(f"/api-keys/{key.pk}/revoke").url == "/api-keys"
    assert ApiKey.objects.get().is_revoked
    assert browser.get("/api-keys").context["rows"] == []
    assert len(browser.get("/api-keys?ended=on").context["rows"]) == 1


def test_somebody_elses_key_is_not_found(browser, operator):
    other = UserFactory.create()
    subscribe(other, "lab/theirs")
    key = services.issue_api_key(actor=other, model_ids=["lab/theirs"], now=timezone.now()).key
    for client in (browser, signed_in(operator)):
        assert client.get(f"/api-keys/{key.pk}").status_code == 404
        assert client.post(f"/api-keys/{key.pk}/reveal").status_code == 404
        assert client.post(f"/api-keys/{key.pk}/revoke").status_code == 404
