from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apikeys import secrets
from apikeys.models import ApiKey, ApiKeyModel
from subscriptions.services import cancel_subscription
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory


@pytest.fixture
def subscription(api):
    return SubscriptionFactory(user=api.user, model=ModelFactory(id="m"))


def issue(api, **more):
    headers = {"Idempotency-Key": more.pop("token")} if "token" in more else {}
    return api.post("api-keys", {"modelIds": ["m"], **more}, **headers)


def make_key(owner, model, **columns):
    """A key without the gateway, which these tests don't have."""
    now = timezone.now()
    key = ApiKey(owner=owner, name="k", created_at=now, updated_at=now, **columns)
    key.alias = f"portal-{key.pk}"
    row = secrets.secret_row(key, secrets.new_secret(), now=now)
    key.save()
    row.save()
    ApiKeyModel.objects.create(api_key=key, model=model)
    return key


def test_the_secret_is_shown_once_and_kept_by_nobody(api, subscription):
    answer = issue(api, name="CI", maxBudget=12.5, tpmLimit="100", metadata={"description": "For CI"})
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    made = answer.json()
    key = ApiKey.objects.get()
    assert secrets.token_hash(made["key"]) == key.current_secret.token_hash
    assert (made["name"], made["maxBudget"], made["tpmLimit"]) == ("CI", 12.5, 100)
    assert made["metadata"] == {"description": "For CI"}
    assert made["syncStatus"] == "pending"
    shown = api.get(f"api-keys/{key.pk}")
    assert made["key"] not in shown.content.decode()
    assert "key" not in shown.json()
    assert shown.json() == {name: value for name, value in made.items() if name != "key"} | {
        name: shown.json()[name] for name in ("syncError", "lastSyncAt")
    }


def test_one_name_for_a_repeated_request_makes_one_key(api, subscription):
    first, second = issue(api, token="once"), issue(api, token="once")
    assert first.json()["key"] == second.json()["key"]
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert ApiKey.objects.count() == 1
    other = issue(api, token="once", name="Another")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_a_late_repetition_no_longer_shows_the_secret(api, subscription):
    issue(api, token="once")
    ApiKey.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert issue(api, token="once").json()["key"] is None


def test_only_subscribed_models_open(api, subscription):
    ModelFactory(id="other")
    refused = api.post("api-keys", {"modelIds": ["m", "other"]})
    assert (refused.status_code, refused.json()["code"]) == (400, "MODEL_NOT_SUBSCRIBED")
    assert refused.json()["details"]["models"] == ["other"]


def test_old_clients_name_a_subscription(api, subscription):
    answer = api.post("api-keys", {"subscriptionId": str(subscription.pk)})
    assert answer.json()["models"] == ["m"]
    assert "X-API-Deprecation-Warning" in answer


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"modelIds": []}, "modelIds"),
        ({"modelIds": "m"}, "modelIds"),
        ({"modelIds": [7]}, "modelIds[0]"),
        ({"name": " "}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"maxBudget": -1}, "maxBudget"),
        ({"maxBudget": True}, "maxBudget"),
        ({"maxBudget": "NaN"}, "maxBudget"),
        ({"maxBudget": "1e400"}, "maxBudget"),
        ({"tpmLimit": True}, "tpmLimit"),
        ({"tpmLimit": 1.5}, "tpmLimit"),
        ({"tpmLimit": ""}, "tpmLimit"),
        ({"rpmLimit": 10**30}, "rpmLimit"),
        ({"maxParallelRequests": 0}, "maxParallelRequests"),
        ({"budgetDuration": "hourly", "maxBudget": 1}, "budgetDuration"),
        ({"expiresAt": "2020-01-01"}, "expiresAt"),
        ({"expiresAt": "soon"}, "expiresAt"),
        ({"expiresAt": "0001-01-01T00:00:00+14:00"}, "expiresAt"),
        ({"expiresAt": "9999-12-31T23:59:59-14:00"}, "expiresAt"),
        ({"softBudget": 5, "maxBudget": 4}, "softBudget"),
        ({"modelRpmLimit": {"other": 5}}, "modelRpmLimit"),
        ({"modelRpmLimit": {"m": 11}, "rpmLimit": 10}, "modelRpmLimit"),
        ({"modelTpmLimit": {"m": -1}}, "modelTpmLimit.m"),
        ({"modelMaxBudget": {"m": {"budgetLimit": 1}}}, "modelMaxBudget.m.timePeriod"),
        ({"tags": ["x" * 51]}, "tags[0]"),
        ({"permissions": {"allowEmbeddings": "yes"}}, "permissions.allowEmbeddings"),
        ({"portalPermissions": ["admin:users"]}, "portalPermissions"),
        ({"metadata": {"x": "y" * 5000}}, "metadata"),
        ({"metadata": {"description": 3}}, "metadata.description"),
        ({"metadata": 3}, "metadata"),
    ],
)
def test_a_wrong_field_is_named(api, subscription, body, field):
    refused = issue(api, **body)
    assert refused.status_code == 400, refused.content
    assert refused.json()["details"]["field"] == field
    assert not ApiKey.objects.exists()


def test_unknown_and_empty_fields_are_ignored(api, subscription):
    assert issue(api, colour="red", tags=[], modelMaxBudget={}, softBudget=None).status_code == 201


def test_the_limit_of_live_keys_is_kept(api, subscription, settings):
    settings.MAX_ACTIVE_KEYS_PER_USER = 1
    issue(api)
    refused = issue(api)
    assert (refused.status_code, refused.json()["code"]) == (400, "KEY_LIMIT_REACHED")


def test_what_a_key_opens_follows_the_subscription(api, subscription):
    make_key(api.user, subscription.model)
    before = api.get("api-keys").json()["data"][0]
    assert (before["models"], before["blocked"]) == (["m"], False)
    assert before["subscriptionDetails"] == [
        {"subscriptionId": str(subscription.pk), "modelId": "m", "status": "active"}
    ]
    cancel_subscription(actor=api.user, subscription_id=subscription.pk, now=timezone.now())
    after = api.get("api-keys").json()["data"][0]
    assert (after["models"], after["blocked"], after["isActive"]) == ([], True, True)


def test_a_list_is_filtered_by_model_and_by_being_active(api, subscription):
    live = make_key(api.user, subscription.model)
    other = make_key(api.user, ModelFactory(id="n"))
    dead = make_key(api.user, subscription.model, expires_at=timezone.now() - timedelta(days=1))

    def ids(query):
        return {row["id"] for row in api.get("api-keys", query).json()["data"]}

    assert ids({"modelIds": "m"}) == {str(live.pk), str(dead.pk)}
    assert ids({"modelIds[]": ["m", "n"]}) == {str(live.pk), str(other.pk), str(dead.pk)}
    assert ids({"isActive": "true"}) == {str(live.pk), str(other.pk)}
    assert ids({"isActive": "false"}) == {str(dead.pk)}
    assert ids({"subscriptionId": str(subscription.pk)}) == {str(live.pk), str(dead.pk)}


def test_the_owner_reveals_a_key_after_a_recent_sign_in(api, subscription):
    made = issue(api).json()
    answer = api.post(f"api-keys/{made['id']}/reveal")
    assert answer.json()["key"] == made["key"]
    assert answer["Cache-Control"] == "no-store"
    assert api.post(f"api-keys/{made['id']}/retrieve-key").status_code == 200
    stale = ApiClient(api.user, signed_in_at=timezone.now() - timedelta(hours=9))
    refused = stale.post(f"api-keys/{made['id']}/reveal")
    assert (refused.status_code, refused.json()["code"]) == (403, "TOKEN_TOO_OLD")


def test_too_many_reveals_are_refused_with_a_time_to_wait(api, subscription, settings):
    settings.KEY_REVEALS_PER_WINDOW = 1
    pk = make_key(api.user, subscription.model).pk
    api.post(f"api-keys/{pk}/reveal")
    refused = api.post(f"api-keys/{pk}/reveal")
    assert (refused.status_code, refused.json()["code"]) == (429, "KEY_OPERATION_RATE_LIMITED")
    assert int(refused["Retry-After"]) == refused.json()["details"]["retryAfter"] > 0


def test_nobody_else_reveals_or_touches_a_key(api, subscription, stranger, admin):
    pk = make_key(api.user, subscription.model).pk
    assert admin.post(f"api-keys/{pk}/reveal").status_code == 404
    for call in (stranger.get, stranger.delete):
        assert call(f"api-keys/{pk}").status_code == 404
    for act in ("reveal", "revoke"):
        assert stranger.post(f"api-keys/{pk}/{act}").status_code == 404
    assert stranger.get("api-keys", {"userId": str(api.user.pk)}).status_code == 404
    assert admin.get("api-keys", {"userId": "all"}).json()["total"] == 1


def test_a_revoked_key_stays_on_the_list_and_a_deleted_one_does_not(api, subscription):
    pk = make_key(api.user, subscription.model).pk
    revoked = api.post(f"api-keys/{pk}/revoke").json()
    assert (revoked["isActive"], revoked["secretAvailable"]) == (False, False)
    assert revoked["revokedAt"] is not None
    assert api.get("api-keys").json()["total"] == 1
    assert api.delete(f"api-keys/{pk}").json().keys() == {"message", "deletedAt"}
    assert api.get("api-keys").json()["total"] == 0
    assert api.delete(f"api-keys/{pk}").status_code == 404


def test_a_read_only_user_makes_no_key(db):
    reader = ApiClient(UserFactory(roles=["readonly"]))
    assert reader.get("api-keys").status_code == 200
    assert issue(reader).json()["details"]["requiredPermission"] == "api_keys:write"


def test_a_list_costs_the_same_statements_however_long(api):
    model = ModelFactory()
    make_key(api.user, model)
    with CaptureQueriesContext(connection) as one:
        api.get("api-keys", {"limit": 100})
    for _ in range(49):
        make_key(api.user, model)
    with CaptureQueriesContext(connection) as fifty:
        assert api.get("api-keys", {"limit": 100}).json()["total"] == 50
    assert len(one) == len(fifty) == 2


@pytest.mark.parametrize(
    ("sent", "kept"), [("1mo", "monthly"), ("1d", "daily"), ("12mo", "yearly"), ("36h", "36h")]
)
def test_a_window_comes_back_as_the_word_that_old_clients_know(api, subscription, sent, kept):
    key = issue(api, maxBudget=5, budgetDuration=sent).json()
    assert key["budgetDuration"] == kept
    changed = api.patch(f"api-keys/{key['id']}", {"budgetDuration": sent})
    assert changed.json()["budgetDuration"] == kept


def test_an_empty_text_is_no_amount_and_clears_no_budget(api, admin, subscription):
    key = issue(api, maxBudget=5).json()
    for client, path in (
        (api, f"api-keys/{key['id']}"),
        (admin, f"admin/users/{api.user.pk}/budget-limits"),
        (admin, f"admin/users/{api.user.pk}/api-keys/{key['id']}"),
    ):
        answer = client.patch(path, {"maxBudget": ""})
        assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")
    assert admin.put("admin/settings/user-defaults", {"maxBudget": " "}).status_code == 400
    assert api.get(f"api-keys/{key['id']}").json()["maxBudget"] == 5
