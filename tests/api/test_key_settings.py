"""Every setting of a key over REST: what is absent stays, null clears, and maximums bind."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent
from apikeys.models import ApiKey
from litellm_sync.models import GatewaySpend
from subscriptions.models import Subscription
from teams.models import AllowedModel
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory
from tests.teams.conftest import put_in

from .conftest import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def model(user):
    return SubscriptionFactory(user=user, model=ModelFactory(id="m")).model


@pytest.fixture
def made(api, model):
    answer = api.post("api-keys", {"modelIds": ["m"], "name": "CI", "maxBudget": 10, "rpmLimit": 100})
    assert answer.status_code == 201, answer.content
    return answer.json()


@pytest.fixture
def maximums(admin):
    def put(**values):
        answer = admin.put("admin/settings/api-key-defaults", values)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return put


def fields_of(answer) -> list[str]:
    assert answer.status_code == 400, answer.content
    return [entry["field"] for entry in answer.json()["details"]["validation"]]


EVERYTHING = {
    "name": "New name",
    "maxBudget": 20.5,
    "softBudget": 10,
    "budgetDuration": "36h",
    "tpmLimit": 1000,
    "rpmLimit": "60",
    "maxParallelRequests": 3,
    "modelRpmLimit": {"m": 5},
    "modelTpmLimit": {"m": 500},
    "tags": ["a", "b"],
    "permissions": {"allowEmbeddings": False},
    "metadata": {"description": "For CI", "rateLimit": 5},
    "portalPermissions": ["models:read"],
}


def test_every_field_can_be_set_read_and_cleared(api, made):
    changed = api.patch(f"api-keys/{made['id']}", EVERYTHING)
    assert changed.status_code == 200, changed.content
    shown = changed.json()
    for field, value in EVERYTHING.items():
        assert shown[field] == (60 if field == "rpmLimit" else value), field
    assert shown["keyAlias"] == made["keyAlias"]
    assert api.get(f"api-keys/{made['id']}").json() == shown
    assert api.get("api-keys").json()["data"] == [shown]
    cleared = api.patch(f"api-keys/{made['id']}", dict.fromkeys(set(EVERYTHING) - {"name"})).json()
    for field in set(EVERYTHING) - {"name", "tags", "metadata", "portalPermissions"}:
        assert cleared[field] is None, field
    assert (cleared["tags"], cleared["metadata"], cleared["portalPermissions"]) == ([], {}, [])
    assert cleared["name"] == "New name"


def test_what_is_absent_stays_and_metadata_is_merged(api, made):
    api.patch(f"api-keys/{made['id']}", {"metadata": {"a": 1, "b": 2}})
    shown = api.patch(f"api-keys/{made['id']}", {"metadata": {"b": None, "description": "x"}}).json()
    assert shown["metadata"] == {"a": 1, "description": "x"}
    assert (shown["maxBudget"], shown["rpmLimit"], shown["name"]) == (10, 100, "CI")
    event = AuditEvent.objects.filter(action="API_KEY_UPDATE").latest("at")
    assert event.new_values == {"metadata.description": "x", "metadata": {"a": 1}}


def test_all_is_checked_before_anything_is_written(api, made):
    refused = api.patch(f"api-keys/{made['id']}", {"name": "x", "softBudget": 11})
    assert fields_of(refused) == ["softBudget"]
    assert ApiKey.objects.get().name == "CI"
    assert api.patch(f"api-keys/{made['id']}", {"modelIds": []}).status_code == 400
    missing = api.patch(f"api-keys/{made['id']}", {"modelIds": ["m", "nope"]})
    assert missing.json()["code"] == "MODEL_NOT_SUBSCRIBED"


def test_an_ended_key_is_not_changed(api, made):
    api.post(f"api-keys/{made['id']}/revoke")
    assert api.patch(f"api-keys/{made['id']}", {"name": "x"}).status_code == 400


def test_models_can_be_added_and_taken_away(api, user, made):
    SubscriptionFactory(user=user, model=ModelFactory(id="n"))
    shown = api.patch(f"api-keys/{made['id']}", {"modelIds": ["n"]}).json()
    assert shown["models"] == ["n"]


def test_strangers_auditors_and_guardrails(api, admin, auditor, stranger, made):
    path = f"api-keys/{made['id']}"
    assert stranger.patch(path, {"name": "x"}).status_code == 404
    assert auditor.patch(path, {"name": "x"}).status_code == 403
    assert admin.patch(path, {"name": "x"}).status_code == 200
    assert api.post("api-keys", {"modelIds": ["m"], "guardrails": ["pii"]}).status_code == 403


class TestMaximums:
    def test_a_new_key_gets_defaults_and_is_held_to_maximums(self, api, model, maximums):
        maximums(
            defaults={"maxBudget": 5, "budgetDuration": "monthly", "expirationDays": 30},
            maximums={"maxBudget": 50, "tpmLimit": 1000, "expirationDays": 90},
        )
        made = api.post("api-keys", {"modelIds": ["m"]}).json()
        assert (made["maxBudget"], made["budgetDuration"], made["tpmLimit"]) == (5, "monthly", 1000)
        assert made["expiresAt"] is not None
        # None at all counts as above the maximum, and becomes it.
        assert api.post("api-keys", {"modelIds": ["m"], "maxBudget": None}).json()["maxBudget"] == 50
        late = (timezone.now() + timedelta(days=91)).isoformat()
        refused = api.post("api-keys", {"modelIds": ["m"], "maxBudget": 51, "expiresAt": late})
        assert refused.json()["code"] == "LIMIT_EXCEEDS_MAXIMUM"
        assert fields_of(refused) == ["maxBudget", "expiresAt"]
        assert fields_of(api.post("api-keys", {"modelIds": ["m"], "expiresAt": None})) == ["expiresAt"]

    def test_a_change_can_neither_exceed_nor_clear_what_is_limited(self, api, made, maximums):
        maximums(maximums={"maxBudget": 50, "tpmLimit": 1000, "rpmLimit": 200, "expirationDays": 9})
        body = {"maxBudget": None, "tpmLimit": None, "rpmLimit": 201, "expiresAt": None}
        assert fields_of(api.patch(f"api-keys/{made['id']}", body)) == [
            "maxBudget",
            "tpmLimit",
            "rpmLimit",
            "expiresAt",
        ]
        assert fields_of(api.patch(f"api-keys/{made['id']}", {"modelTpmLimit": {"m": 1001}})) == [
            "modelTpmLimit"
        ]
        assert api.patch(f"api-keys/{made['id']}", {"name": "x"}).status_code == 200

    def test_who_sets_them_and_what_makes_sense(self, admin, auditor, api, anonymous, maximums):
        body = {"defaults": {"maxBudget": 5}, "maximums": {"maxBudget": 4}}
        assert fields_of(admin.put("admin/settings/api-key-defaults", body)) == ["defaults.maxBudget"]
        assert (
            admin.put("admin/settings/api-key-defaults", {"defaults": {"expirationDays": 0}}).status_code
            == 400
        )
        assert auditor.get("admin/settings/api-key-defaults").status_code == 200
        for client in (auditor, api):
            assert client.put("admin/settings/api-key-defaults", {}).status_code == 403
        assert maximums(maximums={"tpmLimit": 7})["maximums"]["tpmLimit"] == 7
        assert anonymous.get("config/api-key-defaults").json()["maximums"]["tpmLimit"] == 7
        assert AuditEvent.objects.filter(action="UPDATE_API_KEY_DEFAULTS").exists()


class TestAdministrators:
    def test_a_key_for_somebody_brings_the_subscriptions(self, admin, user, maximums):
        ModelFactory(id="free"), ModelFactory(id="locked", restricted_access=True)
        maximums(maximums={"maxBudget": 5})
        body = {"name": "For you", "modelIds": ["free", "locked"], "maxBudget": 100}
        answer = admin.post(f"admin/users/{user.pk}/api-keys", body)
        assert answer.status_code == 201, answer.content
        assert answer.json()["key"].startswith("sk-")
        assert answer.json()["models"] == ["free", "locked"]
        assert Subscription.objects.active().filter(user=user).count() == 2
        unknown = admin.post(f"admin/users/{user.pk}/api-keys", {"name": "x", "modelIds": ["free", "no"]})
        assert unknown.status_code == 400
        assert ApiKey.objects.count() == 1
        assert ApiKey.objects.get().created_by == admin.user

    def test_routes_below_a_user(self, admin, auditor, api, user, made):
        path = f"admin/users/{user.pk}/api-keys"
        assert auditor.get(path).json()["total"] == 1
        assert api.get(path).status_code == 403
        one = f"{path}/{made['id']}"
        assert admin.patch(one, {"maxBudget": None, "modelIds": ["m"]}).json()["maxBudget"] is None
        assert admin.patch(one, {"modelIds": []}).status_code == 400
        assert admin.post(f"{one}/reset-spend").json()["currentSpend"] == 0
        foreign = f"admin/users/{admin.user.pk}/api-keys/{made['id']}"
        assert admin.patch(foreign, {"name": "x"}).status_code == 404
        assert admin.delete(one, {"reason": "Left."}).json() == {"success": True}
        assert ApiKey.objects.get().deleted_at is None
        assert admin.delete(f"{one}?permanent=true").json() == {"success": True}
        actions = set(AuditEvent.objects.filter(action__startswith="ADMIN_").values_list("action", flat=True))
        wanted = {"UPDATE_API_KEY", "RESET_API_KEY_SPEND", "REVOKE_API_KEY", "DELETE_API_KEY"}
        assert {f"ADMIN_{action}" for action in wanted} <= actions

    def test_all_keys_can_be_searched(self, auditor, api, made):
        found = auditor.get("api-keys/admin/all", {"search": "ci"}).json()
        assert (found["total"], found["data"][0]["user"]["username"]) == (1, api.user.username)
        assert auditor.get("api-keys/admin/all", {"search": "nothing"}).json()["total"] == 0
        assert api.get("api-keys/admin/all").status_code == 403

    def test_names_of_keys(self, auditor, api, stranger, user, made):
        ask = {"userIds": [str(user.pk), "no-uuid"]}
        assert auditor.get("admin/api-keys", ask).json()["total"] == 1
        assert api.get("admin/api-keys", ask).json()["apiKeys"][0]["keyAlias"] == made["keyAlias"]
        assert stranger.get("admin/api-keys", ask).json() == {"apiKeys": [], "total": 0}
        assert auditor.get("admin/api-keys").json()["total"] == 0

    def test_expired_keys_are_cleaned_up_and_a_dry_run_changes_nothing(self, admin, auditor, api, made):
        ended = timezone.now() - timedelta(minutes=1)
        ApiKey.objects.update(expires_at=ended, created_at=ended - timedelta(days=1))
        path = "api-keys/admin/cleanup-expired"
        dry = admin.post(f"{path}?dryRun=true").json()
        assert (dry["cleanedCount"], dry["affected"]["apiKeys"]) == (1, 1)
        assert ApiKey.objects.get().revoked_at is None
        assert auditor.post(path).status_code == 403
        assert admin.post(path).json()["cleanedCount"] == 1
        assert admin.post(path).json()["cleanedCount"] == 0
        key = ApiKey.objects.get()
        assert (key.revoked_at, key.current_secret.sealed) == (ended, None)

    def test_a_secret_can_be_validated(self, admin, api, user, made):
        ask = {"key": made["key"]}
        assert admin.post("api-keys/validate", ask).json() == {
            "isValid": True,
            "subscriptionId": None,
            "models": ["m"],
            "userId": str(user.pk),
            "keyId": made["id"],
            "reason": None,
        }
        assert api.post("api-keys/validate", ask).status_code == 403
        assert admin.post("api-keys/validate", {"key": "sk-unknown"}).json()["reason"] == "unknown"
        api.post(f"api-keys/{made['id']}/revoke")
        assert admin.post("api-keys/validate", ask).json()["reason"] == "revoked"


class TestSpend:
    def test_owners_reset_where_administrators_let_them(self, api, admin, made):
        path = f"api-keys/{made['id']}/reset-spend"
        assert api.post(path).status_code == 403
        assert admin.put("admin/settings/portal", {"ownerSpendReset": True}).status_code == 200
        answer = api.post(path).json()
        assert (answer["id"], answer["currentSpend"]) == (made["id"], 0)

    def test_what_the_gateway_counted_is_shown(self, api, made):
        key = ApiKey.objects.get()
        GatewaySpend.objects.create(
            kind="key",
            gateway_id=key.current_secret.token_hash,
            object_id=key.pk,
            spend="2.5",
            as_of=timezone.now(),
        )
        shown = api.get(f"api-keys/{made['id']}").json()
        assert (shown["currentSpend"], shown["budgetUtilization"]) == (2.5, 25.0)
        limits = api.get(f"api-keys/{made['id']}/limits").json()
        assert limits["effective"]["remainingBudget"] == 7.5
        assert [level["level"] for level in limits["levels"] if level["binding"]] == ["key"]

    def test_nothing_told_is_nothing_shown(self, api, made):
        shown = api.get(f"api-keys/{made['id']}").json()
        assert (shown["currentSpend"], shown["budgetUtilization"], shown["spendAsOf"]) == (None, None, None)
        used = api.get(f"api-keys/{made['id']}/usage").json()
        assert (used["totalRequests"], used["lastUsedAt"]) == (None, None)

    def test_stats_count_ones_own(self, api, stranger, made):
        assert api.get("api-keys/stats").json()["byModel"] == {"m": 1}
        assert stranger.get("api-keys/stats").json()["total"] == 0


class TestTeamKeys:
    @pytest.fixture
    def team(self, user, model):
        made = TeamFactory(name="Physics", max_budget=50, rpm_limit=60)
        put_in(made, user, "admin")
        return made

    def test_a_member_makes_a_key_within_the_teams_limits(self, api, user, team):
        path = f"teams/{team.pk}/api-keys"
        made = api.post(path, {"modelIds": ["m"], "name": "T"}).json()
        assert (made["teamId"], made["userId"], made["ownership"]) == (str(team.pk), str(user.pk), "personal")
        refused = api.post(path, {"modelIds": ["m"], "maxBudget": 51, "rpmLimit": 61})
        assert fields_of(refused) == ["maxBudget", "rpmLimit"]
        assert api.post("api-keys", {"modelIds": ["m"], "teamId": str(team.pk)}).status_code == 201
        assert api.get(path).json()["total"] == 2
        ModelFactory(id="other")
        AllowedModel.objects.create(team=team, model_id="other")
        assert fields_of(api.post(path, {"modelIds": ["m"]})) == ["modelIds"]
        assert api.get(f"api-keys/{made['id']}").json()["models"] == []

    def test_a_service_key_is_nobodys_and_survives_whoever_made_it(self, api, user, team):
        ModelFactory(id="other")
        answer = api.post(f"teams/{team.pk}/api-keys", {"modelIds": ["other"], "ownership": "service"})
        assert answer.status_code == 201, answer.content
        made = answer.json()
        assert (made["userId"], made["ownership"], made["models"]) == (None, "service", ["other"])
        user.is_active = False
        user.save()
        other = UserFactory()
        put_in(team, other, "admin")
        assert ApiClient(other).get(f"api-keys/{made['id']}").json()["models"] == ["other"]
        rotated = ApiClient(other).post(f"teams/{team.pk}/api-keys/{made['id']}/rotate")
        assert rotated.status_code == 200, rotated.content

    def test_roles_in_the_team_decide(self, api, team, stranger):
        ModelFactory(id="other")
        path, viewer, member = f"teams/{team.pk}/api-keys", ApiClient(UserFactory()), ApiClient(UserFactory())
        put_in(team, viewer.user, "viewer")
        put_in(team, member.user, "member")
        SubscriptionFactory(user=viewer.user, model_id="other")
        assert viewer.post(path, {"modelIds": ["other"]}).status_code == 403
        assert member.post(path, {"modelIds": ["other"], "ownership": "service"}).status_code == 403
        assert stranger.post(path, {"modelIds": ["other"]}).status_code == 404
        made = api.post(path, {"modelIds": ["m"]}).json()
        assert member.get(f"{path}").json()["total"] == 0
        assert member.patch(f"{path}/{made['id']}", {"name": "x"}).status_code == 404
        assert api.patch(f"{path}/{made['id']}", {"name": "x"}).status_code == 200

    def test_who_leaves_loses_the_key_and_gets_it_back_with_the_place(self, api, user, team):
        made = api.post(f"teams/{team.pk}/api-keys", {"modelIds": ["m"]}).json()
        place = team.members.get(user=user)
        for removed_at, models in ((timezone.now(), []), (None, ["m"])):
            place.removed_at = removed_at
            place.save()
            assert api.get(f"api-keys/{made['id']}").json()["models"] == models
        team.is_active, team.deactivated_at = False, timezone.now()
        team.save()
        assert api.get(f"api-keys/{made['id']}").json()["models"] == []

    def test_the_teams_budget_can_bind_first_and_the_persons_does_not(self, api, user, team):
        made = api.post(f"teams/{team.pk}/api-keys", {"modelIds": ["m"], "maxBudget": 40}).json()
        user.max_budget = 1
        user.save()
        now = timezone.now()
        counted = {"key": (made["id"], 1), "team": (team.pk, 45), "user": (user.pk, 0)}
        for kind, (pk, spend) in counted.items():
            GatewaySpend.objects.create(kind=kind, gateway_id=f"{pk}", object_id=pk, spend=spend, as_of=now)
        limits = api.get(f"api-keys/{made['id']}/limits").json()
        levels = {level["level"]: level for level in limits["levels"]}
        assert limits["effective"] | {"budgetResetAt": None} == {
            "maxBudget": 50,
            "remainingBudget": 5,
            "budgetResetAt": None,
            "tpmLimit": None,
            "rpmLimit": 60,
            "maxParallelRequests": None,
        }
        assert (levels["user"]["applies"], levels["team"]["binding"]) == (False, True)
        mine = api.get("users/me/limits").json()
        assert mine["effective"]["remainingBudget"] == 1


@pytest.mark.parametrize("path", ["api-keys", "api-keys/admin/all"])
def test_a_list_costs_the_same_for_one_row_and_for_many(api, admin, made, model, path):
    client = admin if "admin" in path else api

    def statements():
        with CaptureQueriesContext(connection) as found:
            assert client.get(path, {"limit": 50}).status_code == 200
        return len(found)

    first = statements()
    for n in range(8):
        api.post("api-keys", {"modelIds": ["m"], "name": f"k{n}"})
    assert statements() == first


def test_a_key_is_made_with_few_statements(api, made):
    with CaptureQueriesContext(connection) as found:
        assert api.post("api-keys", {"modelIds": ["m"]}).status_code == 201
    writes = [s["sql"] for s in found if not s["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(writes) <= 24, "\n".join(writes)
