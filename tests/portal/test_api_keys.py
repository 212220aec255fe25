"""Creating, revealing and revoking keys in the portal. No gateway runs here, so new keys wait for it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import options
from accounts.models import SYSTEM
from apikeys import secrets, services
from apikeys.limits import GATEWAY_IS_ENTERPRISE
from apikeys.models import ApiKey, ApiKeySecret
from catalog.models import Model
from litellm_sync.models import GatewayObject, GatewaySpend
from subscriptions.models import Subscription
from tests.factories import UserFactory
from tests.portal.conftest import issue, signed_in, subscribe

CALLS = ["allowChatCompletions", "allowEmbeddings", "allowCompletions"]
FORM = {"request_token": "form-1", "name": "build", "model_ids": ["lab/one"], "permissions": CALLS}


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


def test_the_usual_life_of_a_key_is_prefilled_and_what_is_too_long_is_not_offered(model, browser):
    values = {"keyDefaultExpirationDays": 45, "keyMaximumExpirationDays": 60}
    options.change_options(actor=SYSTEM, values=values, action="TEST", now=timezone.now())
    form = browser.get("/api-keys/new").context["form"]
    assert [value for value, _word in form.fields["expires"].choices] == ["30", "45", "60", "date"]
    assert form.initial["expires"] == "45"


def test_the_only_model_is_chosen_and_what_most_keys_do_without_is_folded(model, person, browser):
    form = browser.get("/api-keys/new").context["form"]
    assert form["model_ids"].value() == ["lab/one"]
    assert not form.sets_rare
    assert browser.post("/api-keys/new", FORM | {"name": "", "tags": "batch"}).context["form"].sets_rare
    subscribe(person, "lab/two")
    assert browser.get("/api-keys/new").context["form"]["model_ids"].value() == []


def test_a_key_that_opens_nothing_says_so_and_why(model, person, browser):
    key = issue(person, "build", "lab/one")
    assert "Opens no model" not in browser.get("/api-keys").text
    Subscription.objects.update(status="suspended", suspended_by="owner")
    assert "Opens no model" in browser.get("/api-keys").text
    page = browser.get(f"/api-keys/{key.pk}").text
    assert "This key opens no model at the moment" in page
    assert "There is no active subscription to it." in page


def test_a_model_that_a_key_does_not_open_is_named_beside_those_that_it_opens(model, person, browser):
    subscribe(person, "lab/two")
    key = issue(person, "build", "lab/one", "lab/two")
    Model.objects.filter(pk="lab/one").update(availability="unavailable", unavailable_since=timezone.now())
    page = browser.get(f"/api-keys/{key.pk}")
    assert "1 of its models does not open at the moment" in page.text
    assert "The gateway does not offer it at the moment." in page.text
    assert page.context["sample"].pk == "lab/two"
    assert "Opens no model" not in browser.get("/api-keys").text


def test_the_limit_of_keys_is_said_on_top_of_the_form(model, person, browser, settings):
    settings.MAX_ACTIVE_KEYS_PER_USER = 1
    issue(person, "first", "lab/one")
    response = browser.post("/api-keys/new", FORM)
    assert "as many active API keys as are allowed" in response.context["form"].non_field_errors()[0]


def test_without_a_subscription_the_page_leads_to_the_models(browser):
    assert 'href="/models"' in browser.get("/api-keys/new").content.decode()


def test_who_waits_for_a_model_is_not_told_to_subscribe(person, browser):
    subscribe(person, "lab/one")
    Subscription.objects.update(status="pending")
    for address in ("/api-keys", "/api-keys/new"):
        assert "once your request for a model is approved" in browser.get(address).text


def test_reveal_shows_the_secret_once(model, person, browser):
    key = issue(person, "build", "lab/one")
    assert browser.get(f"/api-keys/{key.pk}/reveal").status_code == 405
    response = browser.post(f"/api-keys/{key.pk}/reveal")
    assert secrets.read_from(key.current_secret) in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_a_revealed_secret_leaves_the_page_after_a_minute_by_script(model, person, browser):
    key = issue(person, "build", "lab/one")
    assert 'data-secret="60"' in browser.post(f"/api-keys/{key.pk}/reveal").content.decode()


def test_revealing_too_often_is_refused_on_the_keys_page_with_the_time_to_wait(
    model, person, browser, settings
):
    settings.KEY_REVEALS_PER_WINDOW = 1
    key = issue(person, "build", "lab/one")
    browser.post(f"/api-keys/{key.pk}/reveal")
    page = browser.post(f"/api-keys/{key.pk}/reveal", follow=True)
    assert page.request["PATH_INFO"] == f"/api-keys/{key.pk}"
    assert "You have revealed keys too often" in page.content.decode()


def test_a_secret_that_is_not_kept_is_not_offered_and_rotating_is_named(model, person, browser):
    key = issue(person, "build", "lab/one")
    ApiKeySecret.objects.update(sealed=None)
    page = browser.get(f"/api-keys/{key.pk}").content.decode()
    assert "Reveal key" not in page
    assert "Rotate the key to get a new one." in page
    assert "not kept" in browser.post(f"/api-keys/{key.pk}/reveal", follow=True).content.decode()


def test_the_secret_on_the_page_comes_back_as_a_file_and_no_other(model, person, browser, settings):
    settings.LITELLM_PUBLIC_URL = "https://gateway.example"
    key, other = issue(person, "build", "lab/one"), issue(person, "other", "lab/one")
    secret = secrets.read_from(key.current_secret)
    answer = browser.post(f"/api-keys/{key.pk}/env", {"secret": secret})
    assert answer["Content-Disposition"] == 'attachment; filename="litemaas.env"'
    assert answer.content.decode().splitlines() == [
        f"LITEMAAS_API_KEY={secret}",
        "LITEMAAS_BASE_URL=https://gateway.example/v1",
    ]
    assert browser.post(f"/api-keys/{other.pk}/env", {"secret": secret}).status_code == 404


def test_in_show_once_mode_the_new_key_is_said_to_be_shown_this_once(model, browser):
    options.change_options(
        actor=SYSTEM, values={"keyRevealMode": "once"}, action="UPDATE_PORTAL_SETTINGS", now=timezone.now()
    )
    page = browser.post("/api-keys/new", FORM).content.decode()
    assert "This is the only time that it is shown." in page
    assert "reveal it again" not in page


def test_the_list_is_narrowed_by_state_and_says_what_a_rotation_does(model, person, browser):
    issue(person, "plain", "lab/one")
    rotated, blocked = issue(person, "rotated", "lab/one"), issue(person, "blocked", "lab/one")
    waiting = issue(person, "waiting", "lab/one", applied=False)
    ended = issue(person, "ended", "lab/one")
    services.revoke_api_key(actor=person, key_id=ended.pk, now=timezone.now())
    ApiKey.objects.filter(pk=blocked.pk).update(is_blocked=True)
    current = rotated.current_secret
    now = timezone.now()
    ApiKeySecret.objects.filter(pk=current.pk).update(superseded_at=now, valid_until=now + timedelta(hours=1))
    secrets.secret_row(rotated, secrets.new_secret(), number=2, now=now).save()

    def names(state):
        return [row.key.name for row in browser.get(f"/api-keys?status={state}").context["rows"]]

    assert names("active") == ["plain"]
    assert names("rotating") == ["rotated"]
    assert names("blocked") == ["blocked"]
    assert names("provisioning") == [waiting.name]
    assert names("revoked") == ["ended"]
    assert names("expired") == []
    assert "Rotating" in browser.get("/api-keys").content.decode()


def test_the_list_shows_spend_against_the_budget_and_sorts_by_it(model, person, browser):
    rich, poor = issue(person, "rich", "lab/one"), issue(person, "poor", "lab/one")
    ApiKey.objects.update(max_budget=10, budget_window="monthly")
    for key, spend in ((rich, 9), (poor, 1)):
        GatewaySpend.objects.create(
            kind="key", object_id=key.pk, gateway_id=key.name, spend=spend, as_of=timezone.now()
        )
    page = browser.get("/api-keys?sort=-spend")
    assert [row.key.name for row in page.context["rows"]] == ["rich", "poor"]
    assert "$9.00 / $10.00" in page.content.decode()


def test_the_list_is_a_file_of_what_is_filtered(model, person, browser):
    issue(person, "=cmd", "lab/one")
    issue(person, "other", "lab/one")
    answer = browser.get("/api-keys?search=cmd&columns=models&format=csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert text.splitlines() == ["Name,Models", "'=cmd,lab/one"]


def test_revoking_a_key_that_is_in_use_warns(model, person, browser):
    key = issue(person, "build", "lab/one")
    assert "last 24 hours" not in browser.get(f"/api-keys/{key.pk}/revoke").content.decode()
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(hours=2))
    assert "It was used in the last 24 hours" in browser.get(f"/api-keys/{key.pk}/revoke").content.decode()


def test_examples_are_shown_for_the_model_that_is_chosen(model, person, browser):
    subscribe(person, "lab/two")
    key = issue(person, "build", "lab/one", "lab/two")
    assert browser.get(f"/api-keys/{key.pk}").context["sample"].pk == "lab/one"
    assert browser.get(f"/api-keys/{key.pk}?model=lab/two").context["sample"].pk == "lab/two"


def test_a_key_without_any_ledger_has_no_invented_count(model, person, browser):
    page = browser.get(f"/api-keys/{issue(person, 'build', 'lab/one').pk}")
    assert page.context["use"].requests is None
    assert page.context["use"].trend is None


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


class TestChanging:
    @pytest.fixture
    def key(self, model, person):
        return issue(person, "build", "lab/one")

    def test_every_field_is_shown_and_can_be_changed_and_cleared(self, key, browser):
        address = f"/api-keys/{key.pk}/change"
        filled = FORM | {"name": "other", "max_budget": "12.5", "soft_budget": "5", "tpm_limit": "1,000"}
        filled |= {"budget_duration": "monthly", "model_rpm_limit": "lab/one: 5", "tags": "a, b"}
        filled |= {"permissions": ["allowChatCompletions"], "expires": "keep", "max_parallel_requests": "2"}
        assert browser.post(address, filled).status_code == 302
        key.refresh_from_db()
        assert (key.name, str(key.max_budget), key.tpm_limit) == ("other", "12.5000000000", 1000)
        assert (key.model_rpm_limit, key.tags, key.max_parallel_requests) == ({"lab/one": 5}, ["a", "b"], 2)
        assert key.permissions == {"allowEmbeddings": False, "allowCompletions": False}
        text = browser.get(address).content.decode()
        assert "lab/one: 5" in text
        assert 'value="12.5"' in text
        assert browser.post(address, FORM | {"expires": "keep"}).status_code == 302
        key.refresh_from_db()
        assert (key.max_budget, key.tags, key.model_rpm_limit, key.permissions) == (None, [], {}, {})

    def test_who_saves_second_sees_both_versions(self, key, browser):
        address = f"/api-keys/{key.pk}/change"
        seen = browser.get(address).context["form"].version
        sent = FORM | {"expires": "keep", "version": seen}
        assert browser.post(address, sent | {"tpm_limit": "100"}).status_code == 302
        page = browser.post(address, sent | {"tpm_limit": "200"})
        assert [(item.yours, item.saved) for item in page.context["form"].conflict] == [("200", "100")]
        key.refresh_from_db()
        assert key.tpm_limit == 100

    def test_budgets_of_models_are_offered_where_the_gateway_can_enforce_them(self, key, browser):
        address = f"/api-keys/{key.pk}/change"
        assert "model_max_budget" not in browser.get(address).context["form"].fields
        cache.set(GATEWAY_IS_ENTERPRISE, True)
        try:
            assert "model_max_budget" in browser.get(address).context["form"].fields
            for wrong in ("lab/one", "lab/one: x monthly", "lab/one: 5"):
                answer = browser.post(address, FORM | {"expires": "keep", "model_max_budget": wrong})
                assert list(answer.context["form"].errors) == ["model_max_budget"]
        finally:
            cache.delete(GATEWAY_IS_ENTERPRISE)
        ApiKey.objects.update(model_max_budget={"lab/one": {"budgetLimit": 5, "timePeriod": "monthly"}})
        assert "lab/one: 5 monthly" in browser.get(address).content.decode(), "what is set can be seen"

    def test_what_is_wrong_is_said_at_its_field(self, key, browser):
        for change, field in (
            ({"max_budget": "1", "soft_budget": "2"}, "soft_budget"),
            ({"model_rpm_limit": "lab/one"}, "model_rpm_limit"),
            ({"model_rpm_limit": "lab/two: 5"}, "model_rpm_limit"),
            ({"permissions": []}, "permissions"),
        ):
            answer = browser.post(f"/api-keys/{key.pk}/change", FORM | {"expires": "keep"} | change)
            assert list(answer.context["form"].errors) == [field]

    def test_a_rotation_shows_the_new_key_once_and_the_former_one_until_it_ends(self, key, browser):
        ApiKeySecret.objects.update(created_at=timezone.now() - timedelta(days=1))
        assert "works on" in browser.get(f"/api-keys/{key.pk}/rotate").content.decode()
        answer = browser.post(f"/api-keys/{key.pk}/rotate", {"request_token": "r", "overlap": "3600"})
        current = ApiKeySecret.objects.current().get()
        assert current.number == 2
        assert secrets.read_from(current) in answer.content.decode()
        page = browser.get(f"/api-keys/{key.pk}").content.decode()
        assert secrets.read_from(current) not in page
        assert "The former key still works" in page
        assert "Rotated" in page
        assert browser.post(f"/api-keys/{key.pk}/retire-former").status_code == 302
        assert ApiKeySecret.objects.superseded().get().valid_until <= timezone.now()

    def test_resetting_the_spend_is_offered_to_whom_it_is_allowed(self, key, person, operator, browser):
        address = f"/api-keys/{key.pk}/reset-spend"
        assert browser.get(address).status_code == 403
        options.change_options(
            actor=operator, values={"ownerSpendReset": True}, action="TEST", now=timezone.now()
        )
        assert browser.get(address).status_code == 200
        assert browser.post(address).status_code == 302
        assert ApiKey.objects.get(pk=key.pk).spend_reset_at is not None

    def test_a_strangers_key_and_an_ended_one_are_not_changed(self, key, operator, person, browser):
        assert signed_in(operator).get(f"/api-keys/{key.pk}/change").status_code == 404
        assert signed_in(operator).post(f"/api-keys/{key.pk}/retire-former").status_code == 404
        services.revoke_api_key(actor=person, key_id=key.pk, now=timezone.now())
        assert browser.get(f"/api-keys/{key.pk}/change").status_code == 403
