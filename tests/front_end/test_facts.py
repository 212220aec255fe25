"""Facts about the unchanged v0.4 front end (contract §21), one test each, by their numbers there."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts import audit
from accounts.models import SYSTEM
from accounts.tokens import issue_tokens
from apikeys.models import ApiKey
from subscriptions.models import Subscription
from tests.api.test_api_keys import make_key
from tests.factories import PASSWORD, ModelFactory, SubscriptionFactory, UserFactory
from tests.front_end.client import Failed, FrontEnd
from usage.ledger import write_rows
from usage.models import UsageLog


def signed_in(user):
    return FrontEnd(issue_tokens(user, signed_in_at=timezone.now())["access_token"])


@pytest.fixture
def person(db):
    return UserFactory(username="fay")


@pytest.fixture
def app(person):
    return signed_in(person)


@pytest.fixture
def admin(db):
    return signed_in(UserFactory(is_operator=True))


@pytest.fixture
def model(person):
    model = ModelFactory(id="lab/m")
    SubscriptionFactory(user=person, model=model)
    return model


def test_1_lists_of_keys_and_subscriptions_have_their_total_at_the_top(app, person, model):
    make_key(person, model)
    for path in ("api-keys", "subscriptions"):
        found = app.get(path, {"page": 1, "limit": 10})
        assert found["total"] == found["pagination"]["total"] == len(found["data"]) == 1


def test_2_only_a_failed_credential_signs_people_out(app, person, model):
    key = make_key(person, model, expires_at=timezone.now() - timedelta(minutes=1))
    others = make_key(UserFactory(), model)
    refused = [
        ("POST", f"api-keys/{key.pk}/reveal"), ("POST", f"api-keys/{others.pk}/reveal"),
        ("GET", "users"), ("POST", f"subscriptions/{Subscription.objects.get().pk}/resume"),
        ("GET", "no-such-thing"), ("POST", "/api/auth/token"),
    ]  # fmt: skip
    for method, path in refused:
        with pytest.raises(Failed) as caught:
            app.call(method, path)
        assert caught.value.status in {400, 403, 404}
    # What is open to everybody takes a token that has gone bad for none at all.
    app.token = "gone.bad.token"
    for path in ("config", "config/admin-analytics", "branding", "banners", "health/live"):
        app.get(path)
    app.post("/api/auth/logout")
    assert app.location == "/home"
    with pytest.raises(Failed):
        app.get("auth/me")
    assert app.location == "/login?session=expired"


def test_3_the_start_needs_no_database(db):
    def is_away(*_):
        raise OperationalError("the database is away")

    app = FrontEnd()
    with connection.execute_wrapper(is_away):
        for path in ("config", "config/admin-analytics"):
            first = app.fetch("GET", path)
            assert first.status_code == 200
            again = app.browser.get(f"/api/v1/{path}", headers={"If-None-Match": first["ETag"]})
            assert again.status_code == 304


def test_4_roles_have_exactly_the_names_that_are_compared(admin):
    user = UserFactory(roles=["admin-readonly", "user"])
    assert signed_in(user).get("auth/me")["roles"] == ["admin-readonly", "user"]
    assert set(admin.get("auth/me")["roles"]) == {"admin", "user"}
    with pytest.raises(Failed):
        admin.patch(f"users/{user.pk}", {"roles": ["Admin"]})
    for row in admin.get("users")["data"]:
        assert set(row["roles"]) <= {"admin", "admin-readonly", "user", "readonly"}


def test_5_its_one_token_lives_as_long_as_it_is_told(db, settings):
    UserFactory(username="newcomer", signs_in=True)
    app = FrontEnd()
    begun = app.post("/api/auth/login", {})
    # The browser goes there, and its person signs in.
    place = urlsplit(begun["authUrl"])
    form = {"login": "newcomer", "password": PASSWORD, "next": parse_qs(place.query)["next"][0]}
    answer = app.browser.post(place.path, form)
    while "#" not in answer["Location"]:
        answer = app.browser.get(answer["Location"])
    path, _, fragment = answer["Location"].partition("#")
    handed = {name: values[0] for name, values in parse_qs(fragment).items()}
    assert urlsplit(path).path == "/auth/callback"
    assert int(handed["expires_in"]) == settings.LEGACY_TOKEN_LIFETIME.total_seconds()
    app.token = handed["token"]
    assert app.get("auth/me")["username"] == "newcomer"


def test_6_its_playground_reveals_the_key_and_calls_the_public_address(gateway, settings, drain, person, app):
    settings.LITELLM_PUBLIC_URL = gateway.url
    model = ModelFactory(id="gpt-4o-mini")
    SubscriptionFactory(user=person, model=model)
    made = app.post("api-keys", {"modelIds": [model.pk], "name": "Playground"})
    drain()
    address = app.get("config")["litellmApiUrl"]
    key = app.post(f"api-keys/{made['id']}/reveal")["key"]
    body = {"model": model.pk, "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    answer = requests.post(
        f"{address}/v1/chat/completions", json={**body, "stream_options": {"include_usage": True}},
        headers={"Authorization": f"Bearer {key}"}, timeout=30,
    )  # fmt: skip
    chunks = [json.loads(line[6:]) for line in answer.text.split("\n\n") if line.startswith("data: {")]
    assert chunks[-1]["usage"]["total_tokens"] > 0


def test_7_the_filters_of_ones_own_usage_ask_two_addresses_of_administrators(app, person, model):
    mine, others = make_key(person, model), make_key(UserFactory(), model)
    options = app.get("admin/usage/filter-options", {"startDate": "2026-11-01", "endDate": "2026-11-20"})
    assert [one["userId"] for one in options["users"]] == [str(person.pk)]
    ids = [str(person.pk), str(others.owner_id), "no uuid"]
    found = app.get("admin/api-keys", {"userIds": ids})
    assert [one["id"] for one in found["apiKeys"]] == [str(mine.pk)]
    assert app.get("admin/api-keys") == {"apiKeys": [], "total": 0}


def test_8_the_expiry_is_sent_with_each_edit(app, person, model):
    key = make_key(person, model, expires_at=timezone.now() + timedelta(days=3))
    assert app.patch(f"api-keys/{key.pk}", {"name": "a", "expiresAt": None})["expiresAt"] is None
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = (midnight + timedelta(days=1)).isoformat().replace("+00:00", ".000Z")
    assert app.patch(f"api-keys/{key.pk}", {"expiresAt": tomorrow})["expiresAt"][:10] == tomorrow[:10]
    today = midnight.isoformat().replace("+00:00", ".000Z")
    with pytest.raises(Failed) as caught:
        app.patch(f"api-keys/{key.pk}", {"expiresAt": today})
    assert caught.value.status == 400
    assert caught.value.shown


def test_9_an_empty_limit_is_not_sent_and_stays(app, person, model):
    key = make_key(person, model, max_budget=Decimal(5), tpm_limit=100)
    changed = app.patch(f"api-keys/{key.pk}", {"name": "b", "tpmLimit": 50})
    assert (changed["maxBudget"], changed["tpmLimit"]) == (5, 50)


def test_10_an_administrators_edit_clears_limits_by_null(admin, person, model):
    key = make_key(person, model, max_budget=Decimal(5), tpm_limit=9, rpm_limit=9, budget_window="monthly")
    empty = dict.fromkeys(("maxBudget", "tpmLimit", "rpmLimit", "budgetDuration"))
    changed = admin.patch(f"admin/users/{person.pk}/api-keys/{key.pk}", {"name": "c", **empty})
    assert {name: changed[name] for name in empty} == empty
    limits = admin.patch(f"admin/users/{person.pk}/budget-limits", {**empty, "maxBudget": 7})
    assert {name: limits[name] for name in empty} == {**empty, "maxBudget": 7}


def test_11_lists_of_models_come_in_the_sizes_that_are_asked_for(app, admin):
    ModelFactory.create_batch(25)
    for limit, shown in ((12, 12), (100, 25), (1000, 25)):
        assert len(app.get("models", {"page": 1, "limit": limit})["data"]) == shown
    assert len(admin.get("models")["data"]) == 20


def test_12_the_category_filter_asks_for_vision_alone(app):
    ModelFactory(id="sees", capabilities=["chat", "vision"])
    ModelFactory(id="does-not")
    assert [one["id"] for one in app.get("models", {"capability": "vision"})["data"]] == ["sees"]


def test_13_a_banner_may_be_in_elvish(admin, app):
    content = {"en": "Hello", "de": "Hallo", "elv": "Mae govannen", "fr": " "}
    made = admin.post("banners/admin", {"name": "Jest", "content": content, "isActive": True})["banner"]
    assert made["content"] == {name: text for name, text in content.items() if name != "fr"}
    assert app.get("banners")[0]["content"]["elv"] == "Mae govannen"


def test_14_errors_of_models_are_shown_by_the_message_at_the_top(admin):
    answer = admin.fetch("POST", "admin/models", {"model_name": "two words"})
    assert answer.status_code == 400
    body = answer.json()
    assert body["message"] == body["error"]["message"] == body["detail"]
    assert body["statusCode"] == 400


def test_15_the_last_synchronisation_has_the_names_that_are_read(admin, gateway):
    done = admin.post("models/sync", {})
    assert {
        "totalModels",
        "newModels",
        "updatedModels",
        "unavailableModels",
        "errors",
        "syncedAt",
    } <= done.keys()
    assert done["totalModels"] == done["newModels"] > 0
    assert done["errors"] == []


def test_16_downloads_look_at_the_status_alone(app, admin):
    file = app.fetch("GET", "usage/export", {"format": "csv"})
    assert (file.status_code, file["Content-Disposition"].partition(";")[0]) == (200, "attachment")
    nobody = "admin/backup/litemaas-20260101T000000Z-00000000.dump.gz/download"
    assert admin.fetch("GET", nobody).status_code == 404
    assert app.fetch("GET", nobody).status_code == 403
    assert FrontEnd().fetch("GET", "usage/export").status_code == 401


def test_17_a_success_rate_that_nobody_knows_is_null(app):
    answer = app.post("usage/analytics", {"startDate": "2026-11-01", "endDate": "2026-11-02"})
    assert answer["successRate"] is None
    assert answer["totalRequests"] == 0


def test_18_audit_rows_have_metadata_and_may_lack_a_name(admin):
    audit.record("MODELS_SYNC", actor=SYSTEM, resource=("MODEL", "x"), at=timezone.now())
    rows = admin.get("admin/audit")["data"]
    assert all(row["metadata"] is None or isinstance(row["metadata"], dict) for row in rows)
    assert all({"username", "action", "resourceType", "createdAt"} <= row.keys() for row in rows)


def test_19_links_to_the_usage_of_people_and_keys_are_honoured_by_our_own_page(db):
    operator, person = UserFactory(is_operator=True), UserFactory(username="heard-of")
    browser = Client()
    browser.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = browser.get("/operations/usage", {"userIds": str(person.pk)})
    assert page.status_code == 200
    assert "heard-of" in page.content.decode()


def test_20_the_tabs_of_a_person_ask_without_a_limit(admin, person, model):
    for _ in range(21):
        make_key(person, model)
        SubscriptionFactory(user=person)
    for path in ("api-keys", "subscriptions"):
        found = admin.get(f"admin/users/{person.pk}/{path}", {"page": 1})
        assert len(found["data"]) == found["pagination"]["limit"] == 20


def test_21_the_requests_of_a_key_are_counted_not_made_up(app, person, model):
    key = make_key(person, model)
    token = key.current_secret.token_hash
    at = timezone.now()
    row = {
        "request_id": "r1", "call_type": "acompletion", "api_key": token, "spend": 0.1, "prompt_tokens": 1,
        "completion_tokens": 1, "total_tokens": 2, "startTime": at.isoformat(), "endTime": at.isoformat(),
        "model": "x", "model_id": "x", "model_group": "lab/m", "custom_llm_provider": "x", "metadata": {},
        "request_tags": [], "status": "success", "request_duration_ms": 1,
    }  # fmt: skip
    write_rows([row], now=at)
    assert UsageLog.objects.count() == 1
    assert app.get(f"api-keys/{key.pk}/usage")["totalRequests"] == 1


def test_22_subscribing_answers_active_or_pending_and_409_for_a_second_time(app, person):
    ModelFactory(id="open")
    ModelFactory(id="closed", restricted_access=True)
    assert app.post("subscriptions", {"modelId": "open"})["status"] == "active"
    assert app.post("subscriptions", {"modelId": "closed"})["status"] == "pending"
    for name in ("open", "closed"):
        with pytest.raises(Failed) as caught:
            app.post("subscriptions", {"modelId": name})
        assert caught.value.status == 409
        assert caught.value.body["code"] == "ALREADY_EXISTS"


def test_errors_are_found_in_all_three_places(app, person, model):
    key = make_key(person, model)
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    with pytest.raises(Failed) as caught:
        app.post(f"api-keys/{key.pk}/reveal")
    assert "expired" in caught.value.body["message"]
    assert caught.value.body["code"] == caught.value.body["error"]["code"]
    with pytest.raises(Failed) as wrong:
        app.post("api-keys", {"modelIds": [], "name": ""})
    assert ";" in wrong.value.shown or wrong.value.shown.endswith(".")
