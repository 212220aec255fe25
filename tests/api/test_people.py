"""People for operators, and one's own account (contract §4, §11)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, User
from litellm_sync.models import GatewayObject
from tests.api.conftest import ApiClient
from tests.factories import PASSWORD, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


class TestTheList:
    def test_operators_find_people_by_name_role_and_state(self, admin, auditor):
        grace = UserFactory(username="grace", full_name="Grace Hopper")
        UserFactory(username="gone", is_active=False)
        UserFactory(username="robot", is_service=True)
        found = auditor.get("users", {"search": "HOPPER"}).json()
        assert [row["id"] for row in found["data"]] == [str(grace.pk)]
        assert set(found["data"][0]) == {
            *("id", "username", "email", "fullName", "roles", "isActive", "lastLoginAt", "createdAt"),
        }
        names = lambda query: [r["username"] for r in admin.get("users", query).json()["data"]]  # noqa: E731
        assert names({"isActive": "false"}) == ["gone"]
        assert names({"role": "adminReadonly"}) == [auditor.user.username]
        assert "robot" not in names({})
        assert names({"sortBy": "username", "sortOrder": "asc", "limit": 1, "page": 2, "search": "g"})

    @pytest.mark.parametrize(
        "query", [{"role": "emperor"}, {"sortBy": "password"}, {"limit": 101}, {"page": "x"}]
    )
    def test_what_makes_no_sense_is_refused(self, admin, query):
        assert admin.get("users", query).status_code == 400

    def test_it_is_no_ones_business_else(self, api):
        assert api.get("users").status_code == 403
        assert api.get("admin/users").status_code == 403

    def test_many_cost_as_much_as_one(self, admin):
        with CaptureQueriesContext(connection) as few:
            admin.get("users")
        UserFactory.create_batch(30)
        with CaptureQueriesContext(connection) as many:
            admin.get("users", {"limit": 50})
        assert len(few) == len(many)

    def test_filters_get_names_in_order(self, admin):
        UserFactory(username="aaa")
        found = admin.get("admin/users").json()
        assert found["users"][0]["username"] == "aaa"
        assert found["total"] == User.objects.count()


@pytest.mark.django_db(transaction=True)
class TestRolesAndActivity:
    def patch(self, client, user, **body):
        return client._client.patch(
            f"/api/v1/users/{user.pk}", body, content_type="application/json", headers=client.headers
        )

    def test_roles_are_effective_at_once(self, admin):
        target = ApiClient(UserFactory())
        answer = self.patch(admin, target.user, roles=["adminReadonly", "user"])
        assert answer.json()["roles"] == ["admin-readonly", "user"]
        assert target.get("users").status_code == 200
        self.patch(admin, target.user, roles=["user"])
        assert target.get("users").status_code == 403

    def test_all_that_a_deactivated_person_holds_dies_with_the_commit(self, admin, client):
        target = ApiClient(UserFactory(username="ada", signs_in=True))
        client.post("/login/", {"login": "ada", "password": PASSWORD})
        assert client.get("/api/v1/auth/me").status_code == 200
        assert self.patch(admin, target.user, isActive=False, reason="Left.").json()["isActive"] is False
        assert target.get("auth/me").json()["code"] in {"ACCOUNT_DISABLED", "TOKEN_REVOKED"}
        assert client.get("/api/v1/auth/me").status_code == 401
        user = User.objects.get(pk=target.user.pk)
        assert (user.deactivation_reason, bool(user.deactivated_at)) == ("Left.", True)
        # Coming back brings the account back, not the sessions.
        assert self.patch(admin, target.user, isActive=True).json()["isActive"] is True
        assert target.get("auth/me").json()["code"] == "TOKEN_REVOKED"
        assert client.get("/api/v1/auth/me").status_code == 401

    def test_the_last_administrator_stays(self, admin):
        refused = self.patch(admin, admin.user, roles=["user"])
        assert (refused.status_code, refused.json()["code"]) == (409, "LAST_ADMIN")

    def test_it_needs_a_recent_sign_in(self, admin):
        stale = ApiClient(admin.user, signed_in_at=timezone.now() - timedelta(hours=2))
        refused = self.patch(stale, UserFactory(), roles=["admin"])
        assert (refused.status_code, refused.json()["code"]) == (403, "TOKEN_TOO_OLD")

    def test_an_auditor_changes_nothing(self, auditor):
        assert self.patch(auditor, auditor.user, roles=["admin"]).status_code == 403

    @pytest.mark.parametrize(
        "body", [{"roles": []}, {"roles": ["emperor"]}, {"roles": "admin"}, {"isActive": "yes"}]
    )
    def test_nonsense_is_refused(self, admin, body):
        assert self.patch(admin, UserFactory(), **body).status_code == 400

    def test_a_dry_run_changes_nothing(self, admin):
        target = UserFactory()
        answer = admin._client.patch(
            f"/api/v1/users/{target.pk}?dryRun=true",
            {"isActive": False},
            content_type="application/json",
            headers=admin.headers,
        ).json()
        assert answer["dryRun"] is True
        assert User.objects.get(pk=target.pk).is_active


@pytest.mark.django_db(transaction=True)
class TestLimits:
    def patch(self, client, user, **body):
        return client._client.patch(
            f"/api/v1/admin/users/{user.pk}/budget-limits",
            body,
            content_type="application/json",
            headers=client.headers,
        )

    def test_they_are_kept_recorded_and_told(self, admin):
        target = UserFactory(tpm_limit=5)
        answer = self.patch(
            admin, target, maxBudget=12.5, tpmLimit=None, rpmLimit="7", budgetDuration="7d"
        ).json()
        assert (answer["maxBudget"], answer["tpmLimit"], answer["rpmLimit"]) == (12.5, None, 7)
        assert (answer["budgetDuration"], answer["syncStatus"]) == ("weekly", "pending")
        event = AuditEvent.objects.get(action="USER_BUDGET_UPDATE")
        assert event.old_values["tpmLimit"] == 5
        assert GatewayObject.objects.dirty().filter(kind="user", object_id=target.pk).exists()

    def test_absent_keeps_and_a_window_needs_a_budget(self, admin):
        target = UserFactory(max_budget=3, budget_window="daily")
        assert self.patch(admin, target, rpmLimit=1).json()["maxBudget"] == 3
        assert self.patch(admin, target, maxBudget=None).json()["budgetDuration"] is None

    @pytest.mark.parametrize(
        "body",
        [
            {"maxBudget": -1},
            {"rpmLimit": ""},
            {"budgetDuration": "often"},
            {"tpmLimit": 2**40},
            {"maxBudget": "x"},
        ],
    )
    def test_nonsense_is_refused(self, admin, body):
        refused = self.patch(admin, UserFactory(), **body)
        assert refused.status_code == 400
        assert next(iter(body)) in str(refused.json()["details"])

    def test_many_at_once(self, admin):
        UserFactory(is_active=False)
        chosen = UserFactory.create_batch(2)
        answer = admin.post(
            "admin/users/bulk-update-limits", {"rpmLimit": 0, "userIds": [str(user.pk) for user in chosen]}
        ).json()
        assert (answer["totalUsers"], answer["successCount"], answer["failedCount"]) == (2, 2, 0)
        assert set(User.objects.filter(rpm_limit=0)) == set(chosen)
        assert AuditEvent.objects.filter(action="BULK_USER_LIMITS").count() == 2
        assert admin.post("admin/users/bulk-update-limits", {}).json()["code"] == "INVALID_INPUT"

    def test_an_auditor_may_not(self, auditor):
        assert self.patch(auditor, UserFactory(), rpmLimit=1).status_code == 403
        assert auditor.post("admin/users/bulk-update-limits", {"rpmLimit": 1}).status_code == 403

    def test_spend_is_reset_at_the_gateway_or_not_at_all(self, admin, gateway, gateway_client):
        target = UserFactory()
        gateway_client.create_user(user_id=str(target.pk))
        gateway_client.update_user(user_id=str(target.pk), spend=3)
        answer = admin.post(f"admin/users/{target.pk}/reset-spend", {"reason": "A mistake."}).json()
        assert answer["currentSpend"] == 0
        assert gateway_client.get_user(str(target.pk))["spend"] == 0
        assert AuditEvent.objects.get(action="USER_SPEND_RESET").metadata == {"reason": "A mistake."}

    def test_a_gateway_that_is_away_is_told(self, admin):
        refused = admin.post(f"admin/users/{UserFactory().pk}/reset-spend", {})
        assert (refused.status_code, refused.json()["code"]) == (502, "LITELLM_ERROR")
        assert not AuditEvent.objects.filter(action="USER_SPEND_RESET").exists()


class TestOnePerson:
    def test_everything_about_somebody(self, auditor):
        row = SubscriptionFactory()
        seen = auditor.get(f"admin/users/{row.user_id}").json()
        assert (seen["subscriptionsCount"], seen["activeSubscriptionsCount"], seen["apiKeysCount"]) == (
            1,
            1,
            0,
        )
        assert (seen["currentSpend"], seen["drift"], seen["syncStatus"]) == (None, [], "synced")
        assert seen["teams"][0]["role"] == "member"

    def test_not_for_others(self, api):
        assert api.get(f"admin/users/{api.user.pk}").status_code == 403

    def test_nobody_is_not_found(self, admin):
        assert admin.get("admin/users/00000000-0000-4000-8000-000000000000").status_code == 404

    def test_totals(self, auditor):
        stats = auditor.get("admin/system/stats").json()
        assert stats["totalUsers"] == 1
        status = auditor.get("admin/system/status").json()
        assert status["database"]["connectionPool"]["total"] >= 1
        assert status["usage"]["totalUsers"] == 1


@pytest.mark.django_db(transaction=True)
class TestOwnAccount:
    def patch(self, client, path, body):
        return client._client.patch(
            f"/api/v1/{path}", body, content_type="application/json", headers=client.headers
        )

    def test_only_the_full_name_can_be_changed(self, api):
        body = {"fullName": "Me Myself", "roles": ["admin"], "isActive": False, "username": "root", "id": "x"}
        assert self.patch(api, "users/me", body).json()["fullName"] == "Me Myself"
        user = User.objects.get(pk=api.user.pk)
        assert (user.roles, user.is_active, user.username) == (["user"], True, api.user.username)
        event = AuditEvent.objects.get(action="PROFILE_UPDATE")
        assert event.new_values == {"fullName": "Me Myself"}

    def test_what_one_did_is_listed_and_nobody_elses_acts(self, api, stranger):
        self.patch(api, "users/me", {"fullName": "A"})
        self.patch(stranger, "users/me", {"fullName": "B"})
        found = api.get("users/me/activity", {"action": "PROFILE_UPDATE"}).json()
        assert found["pagination"]["total"] == 1
        assert found["data"][0]["action"] == "PROFILE_UPDATE"

    def test_usage_that_never_was_is_not_zero(self, api):
        stats = api.get("users/me/stats").json()
        assert stats["usage"]["totalRequests"] is None
        assert stats["subscriptions"] == {"total": 0, "active": 0, "suspended": 0}

    def test_preferences_are_kept(self, api):
        assert api.get("users/me/preferences").json()["theme"] == "system"
        kept = self.patch(api, "users/me/preferences", {"theme": "dark", "timeZone": "Europe/Berlin"}).json()
        assert (kept["theme"], kept["timeZone"], kept["language"]) == ("dark", "Europe/Berlin", "en")
        assert api.get("users/me/preferences").json() == kept

    @pytest.mark.parametrize(
        "body",
        [{"theme": "pink"}, {"timeZone": "../etc"}, {"language": "xx"}, {"playground": {"x": "y" * 9000}}],
    )
    def test_other_preferences_are_refused(self, api, body):
        assert self.patch(api, "users/me/preferences", body).status_code == 400
