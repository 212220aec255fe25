"""Tokens, sessions and keys as credentials: what each may, and how each ends (contract §2.2, §7.3)."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import portal_keys, signing
from accounts.automation import import_automation_key, issue_automation_key, revoke_automation_key
from accounts.credentials import AutomationKey, SignIn
from accounts.models import SYSTEM, AuditEvent
from accounts.portal_keys import KeyHolder
from accounts.secret_hash import hash_of
from litemaas import errors
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def bearing(token):
    client = ApiClient()
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def token_of(client):
    return client.headers["Authorization"].removeprefix("Bearer ")


def signed(claims, key=None, **header):
    kid, own = next(iter(signing.ring().items()))
    return jwt.encode(
        claims, key or own, algorithm=header.pop("algorithm", "HS256"), headers={"kid": kid, **header}
    )


class TestForgery:
    @pytest.fixture
    def claims(self, api):
        return jwt.decode(token_of(api), options={"verify_signature": False})

    def code(self, token):
        return bearing(token).get("auth/me").json().get("code")

    def test_the_real_one_is_taken(self, claims):
        assert self.code(signed(claims)) is None

    def test_what_was_altered_is_not(self, claims, api):
        assert self.code(signed(claims, b"x" * 32)) == "INVALID_TOKEN"
        assert self.code(signed(claims, kid="other")) == "INVALID_TOKEN"
        assert self.code(signed({**claims, "aud": "others"})) == "INVALID_TOKEN"
        assert self.code(signed({**claims, "iss": "others"})) == "INVALID_TOKEN"
        assert self.code(signed({**claims, "token_type": "refresh"})) == "INVALID_TOKEN"
        assert self.code(signed({**claims, "sid": str(uuid4())})) == "INVALID_TOKEN"
        assert self.code(signed({**claims, "sub": str(UserFactory().pk)})) == "INVALID_TOKEN"
        assert self.code(signed({**claims, "sid": "no uuid"})) == "INVALID_TOKEN"
        assert self.code(signed({**claims, "exp": 1})) == "TOKEN_EXPIRED"
        assert self.code(signed(claims, b"x" * 64, algorithm="HS512")) == "INVALID_TOKEN"

    def test_nothing_unsigned_is(self, claims):
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()  # noqa: E731
        kid = next(iter(signing.ring()))
        for algorithm in ("none", "None", "HS256"):
            assert self.code(f"{part({'alg': algorithm, 'kid': kid})}.{part(claims)}.") == "INVALID_TOKEN"


class TestTheKeyRing:
    def entry(self, name, letter):
        return f"{name}:{base64.b64encode(letter * 32).decode()}"

    def test_a_new_key_signs_and_the_old_one_still_verifies(self, settings):
        settings.JWT_SIGNING_KEYS = [self.entry("old", b"a")]
        before = ApiClient(UserFactory())
        settings.JWT_SIGNING_KEYS = [self.entry("new", b"b"), self.entry("old", b"a")]
        after = ApiClient(before.user)
        assert jwt.get_unverified_header(token_of(after))["kid"] == "new"
        assert before.get("auth/me").status_code == after.get("auth/me").status_code == 200
        settings.JWT_SIGNING_KEYS = [self.entry("new", b"b")]
        assert before.get("auth/me").json()["code"] == "INVALID_TOKEN"
        assert after.get("auth/me").status_code == 200


class TestTokens:
    def test_rotation_ends_the_old_one_at_once_and_keeps_the_time_of_the_sign_in(self, user):
        signed_in = timezone.now() - timedelta(minutes=30)
        old = ApiClient(user, signed_in_at=signed_in)
        fresh = bearing(old.post("/api/auth/token/rotate").json()["access_token"])
        assert old.get("auth/me").json()["code"] == "TOKEN_REVOKED"
        assert fresh.get("auth/me").status_code == 200
        claims = jwt.decode(token_of(fresh), options={"verify_signature": False})
        assert claims["auth_time"] == int(signed_in.timestamp())
        assert SignIn.objects.count() == 1

    def test_one_token_of_ones_own_can_be_ended(self, api, stranger):
        other = ApiClient(api.user)
        answer = api.post("/api/auth/token/blacklist", {"token": token_of(other)})
        assert answer.json()["revoked"] is True
        assert other.get("auth/me").status_code == 401
        assert api.get("auth/me").status_code == 200
        assert api.post("/api/auth/token/blacklist", {"token": token_of(stranger)}).status_code == 400
        assert stranger.get("auth/me").status_code == 200
        api.post("/api/auth/token/blacklist")
        assert api.get("auth/me").status_code == 401


class TestSessions:
    def test_they_are_listed_and_ended_one_by_one_or_all_others(self, api, stranger):
        others = [ApiClient(api.user) for _ in range(3)]
        found = api.get("/api/auth/sessions").json()
        assert len(found) == 4
        assert sum(row["isCurrent"] for row in found) == 1
        doomed = next(row["sessionId"] for row in found if not row["isCurrent"])
        assert stranger.delete(f"/api/auth/sessions/{doomed}").status_code == 404
        assert api.delete(f"/api/auth/sessions/{doomed}").json()["success"] is True
        assert api.delete(f"/api/auth/sessions/{doomed}").status_code == 404
        assert api.delete("/api/auth/sessions").json()["invalidatedSessions"] == 2
        assert all(other.get("auth/me").status_code == 401 for other in others)
        assert api.get("auth/me").status_code == 200

    @pytest.mark.parametrize("nonsense", ["x", "portal-x", "portal-1", "portal-٣", "portal-99999999999"])
    def test_nonsense_is_not_found(self, api, nonsense):
        assert api.delete(f"/api/auth/sessions/{nonsense}").status_code == 404

    def test_an_operator_ends_all_of_somebody(self, admin, api, client):
        answer = admin.post(f"admin/users/{api.user.pk}/revoke-sessions", {"reason": "Lost laptop."})
        assert answer.json() == {"revoked": 1}
        assert api.get("auth/me").json()["code"] == "TOKEN_REVOKED"
        assert AuditEvent.objects.get(action="SESSIONS_REVOKE").metadata["reason"] == "Lost laptop."


@pytest.fixture
def key(user, monkeypatch):
    """A personal key with portal permissions, as the app above would look it up."""
    holders = {}
    monkeypatch.setattr(portal_keys, "_lookups", [lambda token_hash, now: holders.get(token_hash)])
    by_id = lambda key_id, now: next((h for h in holders.values() if h.key_id == key_id), None)  # noqa: E731
    monkeypatch.setattr(portal_keys, "_lookups_by_id", [by_id])

    def give(*permissions):
        holders[hash_of("sk-personal")] = KeyHolder(uuid4(), user.pk, frozenset(permissions))
        return bearing("sk-personal")

    return give


class TestSightOfEverything:
    """`admin:…` rights of a personal key: an administrator's to give, to an own key, after a recent sign-in."""

    WISH = {"portalPermissions": ["admin:users", "usage:read"]}

    @pytest.fixture
    def model(self):
        return ModelFactory().pk

    def owner_of(self, person, model):
        SubscriptionFactory(user=person, model_id=model)
        return ApiClient(person)

    def test_administrators_give_it_to_their_own_keys(self, model):
        boss = self.owner_of(UserFactory(is_operator=True), model)
        made = boss.post("api-keys", {"modelIds": [model], **self.WISH})
        assert made.status_code == 201, made.text
        program = bearing(made.json()["key"])
        assert program.get("admin/users").status_code == 200
        assert program.get("admin/audit").status_code == 403
        # With the role, the sight is gone.
        boss.user.roles = ["user"]
        boss.user.save()
        assert program.get("admin/users").status_code == 403

    def test_after_a_long_time_they_sign_in_first(self, model):
        boss = UserFactory(is_operator=True)
        self.owner_of(boss, model)
        stale = ApiClient(boss, signed_in_at=timezone.now() - timedelta(hours=2))
        assert stale.post("api-keys", {"modelIds": [model], **self.WISH}).json()["code"] == "TOKEN_TOO_OLD"
        plain = stale.post("api-keys", {"modelIds": [model], "portalPermissions": ["usage:read"]})
        assert plain.status_code == 201
        assert stale.patch(f"api-keys/{plain.json()['id']}", self.WISH).json()["code"] == "TOKEN_TOO_OLD"

    def test_nobody_else_gives_it_and_nobody_gives_it_to_others(self, model):
        for person in (UserFactory(), UserFactory(is_auditor=True)):
            client = self.owner_of(person, model)
            assert client.post("api-keys", {"modelIds": [model], **self.WISH}).status_code == 400
        boss, other = ApiClient(UserFactory(is_operator=True)), UserFactory()
        made = self.owner_of(other, model).post("api-keys", {"modelIds": [model]}).json()
        assert boss.patch(f"admin/users/{other.pk}/api-keys/{made['id']}", self.WISH).status_code == 400
        wish = {"modelIds": [model], "name": "theirs", **self.WISH}
        assert boss.post(f"admin/users/{other.pk}/api-keys", wish).status_code == 400


class TestPersonalKeys:
    def test_it_reads_what_it_was_given_and_says_so(self, key):
        client = key("models:read")
        answer = client.get("auth/me")
        assert answer.status_code == 200
        assert answer["X-Authenticated-By"] == "api-key"
        assert client.get("models").status_code == 200
        assert client.get("subscriptions").status_code == 403

    def test_one_without_permissions_is_no_credential(self, key):
        assert key().get("auth/me").json()["code"] == "INVALID_TOKEN"
        assert bearing("sk-unknown").get("auth/me").status_code == 401

    def test_it_never_gets_further_than_its_owner(self, key):
        client = key("admin:users", "users:write", "models:read")
        assert client.get("admin/users").status_code == 403
        assert client.get("/api/rbac/permissions/me").json()["permissions"] == ["models:read"]

    def test_secrets_tokens_and_sessions_stay_closed(self, key):
        client = key("models:read", "api_keys:read")
        for path in ("/api/auth/token/rotate", "/api/auth/token/blacklist"):
            assert client.post(path).status_code == 403
        assert client.get("/api/auth/sessions").status_code == 403
        assert client.delete("/api/auth/sessions").status_code == 403

    def test_an_administrators_key_sees_only_its_own_where_others_would(self, key, user):
        user.roles = ["admin"]
        user.save()
        client = key("subscriptions:read", "admin:users")
        assert client.get("subscriptions", {"userId": "all"}).status_code == 400
        assert client.get("admin/users").status_code == 200
        assert client.post("admin/users/bulk-update-limits", {"rpmLimit": 1}).status_code == 403

    def test_it_can_be_traded_for_tokens_with_no_more_rights(self, key, anonymous):
        key("models:read")
        pair = anonymous.post("/api/auth/token", {"grantType": "api_key", "apiKey": "sk-personal"}).json()
        client = bearing(pair["access_token"])
        assert client.get("models").status_code == 200
        assert client.get("subscriptions").status_code == 403
        refreshed = anonymous.post("/api/auth/refresh", {"refreshToken": pair["refreshToken"]}).json()
        assert bearing(refreshed["accessToken"]).get("subscriptions").status_code == 403
        refused = anonymous.post("/api/auth/token", {"grantType": "api_key", "apiKey": "sk-other"})
        assert refused.status_code == 401


class TestAutomationKeys:
    @pytest.fixture
    def issued(self, admin):
        return issue_automation_key(
            actor=admin.user,
            name="ci",
            scopes=["admin:users", "users:read"],
            expires_at=timezone.now() + timedelta(days=30),
            now=timezone.now(),
        )

    def test_one_acts_as_itself_within_its_scopes(self, issued):
        client = bearing(issued.secret)
        answer = client.get("users")
        assert answer["X-Authenticated-By"] == "admin-key"
        assert answer.status_code == 200
        assert client.get("admin/system/stats").status_code == 403
        assert client.get("/api/auth/sessions").status_code == 403
        assert client.get("admin/automation-keys").status_code == 403

    def test_it_is_shown_once_listed_and_revoked(self, admin, auditor):
        body = {
            "name": "nightly",
            "scopes": ["users:read"],
            "expiresAt": (timezone.now() + timedelta(days=1)).isoformat(),
        }
        made = admin.post("admin/automation-keys", body)
        assert made["Cache-Control"] == "no-store"
        secret = made.json()["key"]
        assert secret.startswith("ltm_admin_")
        assert AutomationKey.objects.get().key_hash == hash_of(secret)
        listed = auditor.get("admin/automation-keys")
        assert secret not in listed.content.decode()
        assert auditor.post("admin/automation-keys", body).status_code == 403
        assert admin.post("admin/automation-keys", body).status_code == 409
        assert bearing(secret).get("users").status_code == 200
        assert admin.delete(f"admin/automation-keys/{made.json()['id']}").json()["revokedAt"]
        assert bearing(secret).get("users").status_code == 401
        assert secret not in str(list(AuditEvent.objects.values()))

    def test_it_expires(self, issued):
        AutomationKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert bearing(issued.secret).get("users").status_code == 401

    def test_nobody_gives_more_than_they_have(self, issued, api):
        with pytest.raises(errors.Forbidden):
            issue_automation_key(
                actor=api.user, name="x", scopes=["users:read"], expires_at=timezone.now(), now=timezone.now()
            )

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": ""}, "name"),
            ({"scopes": ["everything"]}, "scopes"),
            ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
            ({"expiresAt": "2999-01-01T00:00:00Z"}, "expiresAt"),
        ],
    )
    def test_nonsense_is_refused(self, admin, change, field):
        tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
        body = {"name": "x", "scopes": ["users:read"], "expiresAt": tomorrow, **change}
        refused = admin.post("admin/automation-keys", body)
        assert refused.status_code == 400
        assert field in str(refused.json()["details"])

    def test_the_environment_hands_over_hashes(self, monkeypatch):
        secret, day = "ltm_admin_from-before", (datetime.now(UTC) + timedelta(days=9)).date()
        monkeypatch.setenv("AUTOMATION_KEYS", f"legacy={hash_of(secret)}={day}=users:read+admin:users")
        call_command("import_automation_keys", verbosity=0)
        call_command("import_automation_keys", verbosity=0)
        assert bearing(secret).get("users").status_code == 200
        revoke_automation_key(actor=SYSTEM, key_id=AutomationKey.objects.get().pk, now=timezone.now())
        call_command("import_automation_keys", verbosity=0)
        assert bearing(secret).get("users").status_code == 401

    @pytest.mark.parametrize("entry", ["x", "x=abc=2027-01-01=users:read", f"x={'a' * 64}=soon=users:read"])
    def test_a_wrong_entry_is_named(self, monkeypatch, entry):
        monkeypatch.setenv("AUTOMATION_KEYS", entry)
        with pytest.raises(CommandError, match="x"):
            call_command("import_automation_keys")

    def test_the_hash_must_be_one(self, now):
        from accounts.automation import ImportedKey

        with pytest.raises(errors.InvalidInput):
            import_automation_key(ImportedKey("x", "plain", now, ("users:read",)), now=now)


class TestRoles:
    def test_every_permission_that_a_route_checks_is_listed(self, auditor):
        from litemaas.api.checks import rest_views
        from litemaas.api.permissions import ANYBODY, SIGNED_IN

        listed = {row["id"] for row in auditor.get("/api/rbac/permissions").json()}
        checked = {code for _path, view in rest_views() for code in view.permissions_needed.values()}
        assert checked - {ANYBODY, SIGNED_IN} <= listed
        roles = auditor.get("rbac/roles").json()
        assert [role["id"] for role in roles] == ["admin", "admin-readonly", "user", "readonly"]

    def test_permissions_can_be_asked_for(self, api):
        one = api.post("/api/rbac/permissions/check", {"permission": "models:read"}).json()
        assert one == {"hasPermission": True, "permission": "models:read", "resourceId": None}
        many = {"permissions": ["models:read", "admin:users"], "requireAll": True}
        assert api.post("rbac/permissions/check-bulk", many).json() == {
            "hasAccess": False,
            "results": {"models:read": True, "admin:users": False},
        }
        assert api.post("rbac/permissions/check-bulk", {"permissions": ["x"] * 51}).status_code == 400

    def test_how_people_sign_in_is_told_without_secrets(self, auditor):
        info = auditor.get("admin/auth/info").json()
        assert info == {
            "provider": "local", "issuer": None, "groupsClaim": None, "discoveryStatus": "not_applicable",
        }  # fmt: skip


class TestDevelopment:
    def test_there_is_nothing_unless_asked_for_twice(self, anonymous, settings):
        for debug, switch in ((False, True), (True, False), (False, False)):
            settings.DEBUG, settings.DEV_TOKENS = debug, switch
            assert anonymous.post("/api/auth/dev-token").status_code == 404
            assert anonymous.get("/api/auth/mock-users").status_code == 404
            assert anonymous.get("/api/auth/mock-login").status_code == 404

    def test_then_there_is(self, anonymous, settings):
        settings.DEBUG = settings.DEV_TOKENS = True
        token = anonymous.post("/api/auth/dev-token").json()["access_token"]
        assert bearing(token).get("auth/me").json()["username"] == "developer"
        assert len(anonymous.get("/api/auth/mock-users").json()) == 3
        assert "/auth/callback#token=" in anonymous.get("/api/auth/mock-login", {"user": 1})["Location"]


def test_without_a_provider_the_old_front_end_is_sent_to_the_portals_page(client, settings):
    person = UserFactory(username="ada", signs_in=True)
    address = client.post("/api/auth/login", {}, content_type="application/json").json()["authUrl"]
    assert "/login/?next=" in address
    answer = client.post(address, {"login": "ada", "password": "correct-horse-battery"}, follow=False)
    answer = client.get(answer["Location"])
    assert answer["Location"].startswith("/auth/callback#token=")
    assert SignIn.objects.get().user == person
    assert client.get("/api/v1/auth/me").status_code == 401


def test_without_local_accounts_no_password_opens_anything(client, anonymous, settings):
    UserFactory(username="ada", signs_in=True)
    settings.LOCAL_ACCOUNTS = False
    body = {"grantType": "password", "username": "ada", "password": "correct-horse-battery"}
    assert anonymous.post("/api/auth/token", body).status_code == 400
    assert client.post("/login/", {"login": "ada", "password": "correct-horse-battery"}).status_code == 403
    assert client.get("/password/reset/").status_code == 404
    assert anonymous.post("/api/auth/login").status_code == 503


def test_five_wrong_passwords_for_one_account_are_enough_from_anywhere(anonymous, settings):
    settings.RATE_LIMITS = {}
    UserFactory(username="ada", signs_in=True)
    body = {"grantType": "password", "username": "ada"}
    for _ in range(5):
        assert anonymous.post("/api/auth/token", {**body, "password": "no"}).status_code == 401
    refused = anonymous.post("/api/auth/token", {**body, "password": "correct-horse-battery"})
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
