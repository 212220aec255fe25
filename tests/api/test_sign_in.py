from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, User
from accounts.tokens import PortalAccessToken
from tests.api.conftest import ApiClient
from tests.factories import PASSWORD, UserFactory


@pytest.fixture
def person(db):
    return UserFactory(username="ada", signs_in=True)


def sign_in(client, password=PASSWORD, **more):
    body = {"grantType": "password", "username": "ada", "password": password, **more}
    return client.post("/api/auth/token", body)


def bearing(token):
    client = ApiClient()
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def test_a_password_gives_tokens_in_both_spellings(anonymous, person):
    answer = sign_in(anonymous)
    pair = answer.json()
    assert answer["Cache-Control"] == "no-store"
    assert pair["access_token"] == pair["accessToken"]
    assert pair["refresh_token"] == pair["refreshToken"]
    assert pair["user"]["username"] == "ada"
    assert bearing(pair["access_token"]).get("auth/me").json()["id"] == str(person.pk)
    assert AuditEvent.objects.filter(action="LOGIN", actor=person).exists()


def test_a_wrong_password_and_an_unknown_name_look_alike(anonymous, person):
    wrong, unknown = sign_in(anonymous, "no"), sign_in(anonymous, username="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["message"] == unknown.json()["message"]
    assert AuditEvent.objects.filter(action="AUTH_FAILED").count() == 2


def test_an_inactive_account_does_not_sign_in(anonymous, person):
    User.objects.update(is_active=False)
    assert sign_in(anonymous).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "grantType"),
        ({"grantType": "refresh"}, "grantType"),
        ({"grantType": "api_key"}, "apiKey"),
        ({"grantType": "authorization_code", "code": "x"}, "codeVerifier"),
        ({"grantType": "password", "username": "ada"}, "password"),
        ({"grantType": "password", "username": 3, "password": "x"}, "username"),
    ],
)
def test_other_grants_and_missing_fields_are_refused(anonymous, db, body, field):
    refused = anonymous.post("/api/auth/token", body)
    assert refused.status_code == 400
    assert refused.json()["details"]["field"] == field


def test_the_twenty_first_try_in_a_minute_waits(anonymous, db):
    for _ in range(20):
        anonymous.post("/api/auth/token", {})
    refused = anonymous.post("/api/auth/token", {})
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    details = refused.json()["details"]
    assert details["limit"] == 20
    assert 0 < details["retryAfter"] <= 60
    assert refused["Retry-After"] == str(details["retryAfter"])


def test_nobody_signs_in_while_nobody_counts(anonymous, person, settings):
    """Another alias of the cache stands for a Valkey that is away: nobody listens there."""
    settings.CACHES = settings.CACHES | {
        "away": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
            "OPTIONS": {"socket_connect_timeout": 0.5},
        }
    }
    settings.RATELIMIT_USE_CACHE = "away"
    assert sign_in(anonymous).status_code == 503


def test_a_refresh_token_works_once_and_its_reuse_ends_the_session(anonymous, person):
    first = sign_in(anonymous).json()
    second = anonymous.post("/api/auth/refresh", {"refresh_token": first["refresh_token"]}).json()
    assert bearing(second["access_token"]).get("auth/me").status_code == 200
    signed_in = PortalAccessToken(first["access_token"])["auth_time"]
    assert PortalAccessToken(second["access_token"])["auth_time"] == signed_in
    reused = anonymous.post("/api/v1/auth/refresh", {"refreshToken": first["refresh_token"]})
    assert (reused.status_code, reused.json()["code"]) == (401, "REFRESH_TOKEN_REUSED")
    after = anonymous.post("/api/auth/refresh", {"refreshToken": second["refresh_token"]})
    assert (after.status_code, after.json()["code"]) == (401, "TOKEN_REVOKED")
    assert bearing(second["access_token"]).get("auth/me").json()["code"] == "TOKEN_REVOKED"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "access"])
def test_what_is_no_refresh_token_is_refused(anonymous, person, token):
    raw = sign_in(anonymous).json()["access_token"] if token == "access" else token
    assert anonymous.post("/api/auth/refresh", {"refresh_token": raw}).status_code in {400, 401}


def test_signing_out_ends_the_session_at_once(anonymous, person):
    pair = sign_in(anonymous).json()
    client = bearing(pair["access_token"])
    assert client.post("/api/auth/logout").json()["logoutUrl"] is None
    assert client.get("auth/me").status_code == 401
    assert anonymous.post("/api/auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 401
    assert client.post("/api/auth/logout").status_code == 200
    assert AuditEvent.objects.filter(action="LOGOUT", actor=person).count() == 1


def test_a_token_is_validated(anonymous, person):
    token = sign_in(anonymous).json()["access_token"]
    good = anonymous.post("/api/auth/validate", {"token": token})
    assert good.json()["user"]["userId"] == str(person.pk)
    bad = anonymous.post("/api/auth/validate", {"token": token[:-2]})
    assert (bad.status_code, bad.json()["valid"], bad.json()["code"]) == (401, False, "INVALID_TOKEN")


def test_a_credential_is_needed_and_must_be_good(anonymous, user):
    assert anonymous.get("auth/me").json()["code"] == "UNAUTHORIZED"
    assert bearing("rubbish").get("auth/me").json()["code"] == "INVALID_TOKEN"
    assert bearing("").get("auth/me").status_code == 401
    old = PortalAccessToken()
    old["sub"] = str(user.pk)
    old.set_exp(from_time=timezone.now() - timedelta(days=1))
    assert bearing(str(old)).get("auth/me").json()["code"] == "TOKEN_EXPIRED"
    assert bearing("rubbish").get("config").status_code == 200


def test_rights_are_read_from_the_database(api):
    User.objects.filter(pk=api.user.pk).update(roles=["admin"])
    assert "admin:users" in api.get("/api/rbac/permissions/me").json()["permissions"]
    User.objects.filter(pk=api.user.pk).update(is_active=False)
    assert api.get("auth/me").json()["code"] == "ACCOUNT_DISABLED"


def test_who_i_am(api):
    user = api.user
    me = api.get("auth/me").json()
    assert me == {
        "id": str(user.pk),
        "username": user.username,
        "email": user.email,
        "name": user.full_name,
        "roles": ["user"],
    }
    profile = api.get("auth/profile").json()
    assert profile == api.get("users/me").json()
    assert profile["fullName"] == user.full_name


def test_who_i_am_costs_one_statement(api):
    with CaptureQueriesContext(connection) as statements:
        api.get("auth/me")
    assert len(statements) == 1


def test_a_session_needs_the_csrf_token(client, user):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.get("/api/v1/auth/me").json()["username"] == user.username
    refused = browser.post("/api/v1/subscriptions", {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "CSRF_FAILED")
