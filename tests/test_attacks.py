"""Attacks that nothing else stages: guessing, telling apart what must look alike, slipping in fields, fixing sessions.

docs/security.md lists all of them, also those that other files stage.
"""

from uuid import uuid4

import pytest
from django.contrib.auth.hashers import BasePasswordHasher, PBKDF2PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, User
from apikeys.models import ApiKey
from apikeys.services import issue_api_key, revoke_api_key
from subscriptions.models import Subscription
from teams.models import Member
from tests.api.conftest import ApiClient
from tests.factories import PASSWORD, ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
WRONG = "not-the-password-at-all"


@pytest.fixture
def unlimited(settings):
    settings.RATE_LIMITS = {}


class Counting(PBKDF2PasswordHasher):
    """Counts how often a password is hashed: what a sign-in costs."""

    algorithm = "counting"
    iterations = 1
    hashed = 0

    def encode(self, password, salt, iterations=None):
        type(self).hashed += 1
        return super().encode(password, salt, iterations)


@pytest.fixture
def hasher(settings):
    settings.PASSWORD_HASHERS = ["tests.test_attacks.Counting", *settings.PASSWORD_HASHERS]
    assert issubclass(Counting, BasePasswordHasher)
    return Counting


def people():
    """Everybody whose name somebody may try, who must all look like nobody."""
    known, inactive = UserFactory(username="known"), UserFactory(username="inactive")
    for user in (known, inactive):
        user.set_password(PASSWORD)
    inactive.is_active = False
    provided = UserFactory(username="provided")
    provided.set_unusable_password()
    service = UserFactory(username="service", is_service=True)
    service.set_unusable_password()
    for user in (known, inactive, provided, service):
        user.save()
    return ["known", "known@example.com", "inactive", "provided", "service", "nobody", "nobody@example.com"]


def plain(answer):
    """An answer without what differs from call to call."""
    changing = {"requestId", "timestamp", "instance", "correlationId"}

    def without(value):
        if isinstance(value, dict):
            return {name: without(part) for name, part in value.items() if name not in changing}
        return value

    return answer.status_code, without(answer.json())


class TestTellingApart:
    """Equal work by construction, which holds on every machine; clocks on a shared one prove little."""

    def test_sign_in_over_the_api_costs_and_says_the_same_for_everybody(self, hasher, unlimited):
        names, costs, answers = people(), {}, set()
        for name in names:
            hasher.hashed = 0
            with CaptureQueriesContext(connection) as captured:
                answer = ApiClient().post(
                    "/api/auth/token", {"grantType": "password", "username": name, "password": WRONG}
                )
            costs[name] = (hasher.hashed, len([q for q in captured if "audit" in q["sql"]]) > 0)
            answers.add(str(plain(answer)))
        assert set(costs.values()) == {(1, True)}, costs
        assert len(answers) == 1, answers

    def test_sign_in_on_the_page_costs_and_says_the_same_for_everybody(self, hasher, unlimited):
        # The words name what was typed, an address or a name; they don't depend on whether it is known.
        costs, texts = {}, set()
        for name in people():
            hasher.hashed = 0
            answer = Client().post("/login/", {"login": name, "password": WRONG})
            costs[name] = (answer.status_code, hasher.hashed)
            texts.add(("@" in name, str(answer.context["form"].errors)))
        assert set(costs.values()) == {(200, 1)}, costs
        assert len(texts) == 2, texts

    def test_a_right_password_of_an_inactive_account_says_no_more_than_a_wrong_one(self, hasher, unlimited):
        people()
        answers = {
            str(plain(ApiClient().post(
                "/api/auth/token", {"grantType": "password", "username": "inactive", "password": password}
            )))
            for password in (PASSWORD, WRONG)
        }  # fmt: skip
        assert len(answers) == 1

    def test_keys_that_open_nothing_look_like_keys_that_are_not_there(self, unlimited):
        person = UserFactory.create()
        model = ModelFactory.create()
        SubscriptionFactory.create(user=person, model=model)
        issue = lambda: issue_api_key(actor=person, model_ids=[model.pk], now=timezone.now())  # noqa: E731
        revoked = issue()
        revoke_api_key(actor=person, key_id=revoked.key.pk, now=timezone.now())
        found = {}
        for name, secret in {
            "plain": issue().secret,
            "revoked": revoked.secret,
            "none": "sk-" + "x" * 40,
        }.items():
            with CaptureQueriesContext(connection) as captured:
                answer = ApiClient().get("auth/me", Authorization=f"Bearer {secret}")
            found[name] = (str(plain(answer)), len(captured))
        assert len(set(found.values())) == 1, found

    @pytest.mark.parametrize(
        "path",
        ["api-keys/{}", "subscriptions/{}", "teams/{}", "jobs/{}", "admin/users/{}", "notifications/{}/read"],
    )
    def test_ids_of_others_look_like_ids_of_nothing(self, unlimited, path):
        owner, stranger = UserFactory.create(), ApiClient(UserFactory.create())
        model = ModelFactory.create()
        subscription = SubscriptionFactory.create(user=owner, model=model)
        key = issue_api_key(actor=owner, model_ids=[model.pk], now=timezone.now()).key
        theirs = {"api-keys": key.pk, "subscriptions": subscription.pk, "admin/users": owner.pk}
        real = next((pk for start, pk in theirs.items() if path.startswith(start)), uuid4())
        ask = stranger.post if path.endswith("/read") else stranger.get
        assert plain(ask(path.format(real))) == plain(ask(path.format(uuid4())))


class TestGuessing:
    def test_passwords_of_many_accounts_from_one_address(self, settings):
        """One try each, so no account's own limit stops it."""
        settings.RATE_LIMITS = {"sign-in": "20/m"}
        statuses = [
            ApiClient().post(
                "/api/auth/token", {"grantType": "password", "username": f"u{n}", "password": WRONG}
            ).status_code
            for n in range(25)
        ]  # fmt: skip
        # allauth stops an address after ten wrong ones, whatever else is counted.
        assert statuses == [401] * 10 + [429] * 15

    def test_a_password_on_the_page(self, settings):
        settings.RATE_LIMITS = {}
        UserFactory.create(username="ada", signs_in=True)
        for _ in range(6):
            Client().post("/login/", {"login": "ada", "password": WRONG})
        Client().post("/login/", {"login": "ada", "password": PASSWORD})
        assert not AuditEvent.objects.filter(action="LOGIN").exists()

    @pytest.mark.parametrize(
        ("path", "body", "most"),
        [
            ("/api/auth/refresh", {"refresh_token": "x.y.z"}, 20),
            ("/api/auth/token", {"grantType": "api_key", "apiKey": "sk-guess"}, 20),
            ("/api/auth/token", {"grantType": "authorization_code", "code": "x", "codeVerifier": "y"}, 20),
            ("/api/auth/validate", {"token": "x.y.z"}, 60),
        ],
    )
    def test_tokens_codes_and_keys(self, settings, path, body, most):
        settings.RATE_LIMITS = {"sign-in": "20/m"}
        statuses = [ApiClient().post(path, body).status_code for _ in range(most + 2)]
        assert set(statuses[:most]) <= {400, 401}
        assert statuses[most:] == [429, 429]

    def test_bearers_of_any_kind_are_counted_before_they_are_known(self, settings):
        settings.RATE_LIMITS = {"anonymous": "30/m", "signed-in": "300/m"}
        kinds = ("sk-guess-{}", "ltm_admin_guess-{}", "x.y.{}")
        statuses = [
            ApiClient().get("auth/me", Authorization=f"Bearer {kinds[n % 3].format(n)}").status_code
            for n in range(33)
        ]
        assert statuses == [401] * 30 + [429] * 3

    def test_the_secret_of_a_key_after_ten_reveals(self, settings):
        settings.RATE_LIMITS = {}
        person = UserFactory.create()
        model = ModelFactory.create()
        SubscriptionFactory.create(user=person, model=model)
        key = issue_api_key(actor=person, model_ids=[model.pk], now=timezone.now()).key
        client = ApiClient(person)
        statuses = [client.post(f"api-keys/{key.pk}/reveal").status_code for _ in range(12)]
        assert statuses == [200] * 10 + [429] * 2
        assert AuditEvent.objects.filter(action="API_KEY_RETRIEVE_FAILED").count() == 2


class TestFixingASession:
    def test_signing_in_gives_a_new_key_and_ends_the_one_that_was_planted(self):
        client = Client()
        session = client.session
        session["planted"] = "by somebody else"
        session.save()
        planted = session.session_key
        client.cookies["sessionid"] = planted
        UserFactory.create(username="ada", signs_in=True)
        client.post("/login/", {"login": "ada", "password": PASSWORD})
        assert client.cookies["sessionid"].value != planted
        assert client.get("/home").status_code == 200
        attacker = Client()
        attacker.cookies["sessionid"] = planted
        assert attacker.get("/home").status_code == 302

    def test_signing_in_as_somebody_else_takes_nothing_along(self):
        UserFactory.create(username="ada", signs_in=True)
        other = UserFactory.create(username="grace", signs_in=True)
        client = Client()
        client.post("/login/", {"login": "ada", "password": PASSWORD})
        session = client.session
        session["of_ada"] = True
        session.save()
        client.post("/logout/")
        client.post("/login/", {"login": "grace", "password": PASSWORD})
        assert "of_ada" not in client.session
        assert client.session["_auth_user_id"] == str(other.pk)


class TestSlippingInFields:
    """What is no field of the contract's body is ignored, whatever it is called."""

    EXTRA = {
        "roles": ["admin"], "role": "admin", "isActive": True, "is_active": True, "userId": None, "user_id": None,
        "ownerId": None, "owner": None, "status": "active", "permissions": ["users:write"], "isAdmin": True,
        "is_superuser": True, "is_staff": True, "maxBudget": 1_000_000, "id": None, "groupRoles": ["admin"],
        "currentSpend": 0, "restrictedAccess": False, "createdBy": None, "actor": None,
    }  # fmt: skip

    def bodies(self, victim):
        ids = {"userId", "user_id", "ownerId", "owner", "id", "createdBy", "actor"}
        return {name: str(victim.pk) if name in ids else value for name, value in self.EXTRA.items()}

    @pytest.fixture
    def scene(self, unlimited):
        person, victim = UserFactory.create(), UserFactory.create()
        model = ModelFactory.create(id="lab/open")
        ModelFactory.create(id="lab/closed", restricted_access=True)
        SubscriptionFactory.create(user=person, model=model)
        return person, victim, ApiClient(person)

    def test_into_ones_own_profile(self, scene):
        person, victim, client = scene
        before = User.objects.filter(pk=victim.pk).values().get()
        names = {"fullName": "Mallory", "username": "root", "email": "x@y.z"}
        assert client.patch("users/me", {**self.bodies(victim), **names}).status_code == 200
        person.refresh_from_db()
        assert (person.full_name, person.roles, person.max_budget) == ("Mallory", ["user"], None)
        assert person.username != "root"
        assert person.email != "x@y.z"
        assert User.objects.filter(pk=victim.pk).values().get() == before

    def test_into_a_key(self, scene):
        person, victim, client = scene
        body = {
            **self.bodies(victim),
            "modelIds": ["lab/open"],
            "name": "mine",
            "permissions": {},
            "maxBudget": 5,
        }
        made = client.post(
            "api-keys", {**body, "secret": "sk-chosen", "key": "sk-chosen", "tokenHash": "0" * 64}
        )
        assert made.status_code == 201, made.text
        key = ApiKey.objects.get()
        assert (key.owner, key.team_id) == (person, None)
        assert made.json()["key"] != "sk-chosen"
        states = {"isActive": True, "status": "revoked", "isBlocked": True, "isRevoked": True}
        assert client.patch(f"api-keys/{key.pk}", {**body, **states}).status_code in {200, 400}
        key.refresh_from_db()
        assert (key.owner, key.is_blocked, key.is_revoked) == (person, False, False)

    def test_into_a_subscription(self, scene):
        """Naming whose it is is a right of administrators, and refused; the rest is ignored."""
        person, victim, client = scene
        body = {**self.bodies(victim), "modelId": "lab/closed", "statusChangedBy": str(victim.pk)}
        assert client.post("subscriptions", body).status_code == 403
        body.pop("userId")
        assert client.post("subscriptions", body).status_code == 201
        row = Subscription.objects.get(model_id="lab/closed")
        assert (row.user, row.status) == (person, "pending")

    def test_into_a_team(self, scene):
        _person, victim, client = scene
        made = client.post("teams", {**self.bodies(victim), "name": "Mine", "members": [str(victim.pk)]})
        assert made.status_code in {201, 403}
        assert not Member.objects.filter(user=victim).exists()

    def test_into_preferences(self, scene):
        person, victim, client = scene
        client.patch("users/me/preferences", {**self.bodies(victim), "theme": "dark"})
        person.refresh_from_db()
        assert person.roles == ["user"]
        assert set(person.preferences) <= {"theme"}

    def test_into_a_sign_in(self, scene):
        _person, _victim, _client = scene
        UserFactory.create(username="ada", signs_in=True)
        body = {
            "grantType": "password",
            "username": "ada",
            "password": PASSWORD,
            "roles": ["admin"],
            "scope": "admin",
        }
        token = ApiClient().post("/api/auth/token", body).json()["access_token"]
        assert ApiClient().get("users", Authorization=f"Bearer {token}").status_code == 403


ELSEWHERE = [
    *(
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
    ),
    *("\thttps://evil.example", "http:///evil.example", "/\t/evil.example"),
]


@pytest.mark.parametrize("next_url", ELSEWHERE)
@pytest.mark.parametrize(
    "door", ["/login/", "/logout/", "/reauthenticate/", "/preferences/theme", "/preferences/language"]
)
def test_no_door_sends_anybody_to_another_site(unlimited, door, next_url):
    person = UserFactory.create(username="ada", signs_in=True)
    client = Client(headers={"referer": ""})
    if door != "/login/":
        client.post("/login/", {"login": person.username, "password": PASSWORD})
    body = {"login": "ada", "password": PASSWORD, "next": next_url, "theme": "dark", "language": "de"}
    answer = client.post(door, body, query_params={"next": next_url})
    assert answer.status_code in {200, 204, 302, 303, 400}
    assert "evil" not in answer.headers.get("Location", "")
    assert "javascript" not in answer.headers.get("Location", "")


@pytest.mark.parametrize(
    "path", ["//evil.example/", "///evil.example/", "/\\evil.example/", "//evil.example/home/"]
)
def test_nor_does_an_address_with_a_slash_too_many(path):
    answer = Client().get("/", PATH_INFO=path)
    where = answer.headers.get("Location", "")
    assert not where.startswith(("//", "/\\", "http"))


def test_a_token_that_was_given_for_a_key_ends_with_the_key(unlimited):
    person = UserFactory.create()
    model = ModelFactory.create()
    SubscriptionFactory.create(user=person, model=model)
    wish = {"modelIds": [model.pk], "portalPermissions": ["models:read", "api_keys:read"]}
    made = ApiClient(person).post("api-keys", wish).json()
    pair = ApiClient().post("/api/auth/token", {"grantType": "api_key", "apiKey": made["key"]}).json()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert ApiClient().get("api-keys", **bearer).status_code == 200
    ApiClient(person).patch(f"api-keys/{made['id']}", {"portalPermissions": ["models:read"]})
    assert ApiClient().get("models", **bearer).status_code == 200
    assert ApiClient().get("api-keys", **bearer).status_code == 403
    revoke_api_key(actor=person, key_id=made["id"], now=timezone.now())
    assert ApiClient().get("models", **bearer).json()["code"] == "TOKEN_REVOKED"
    again = ApiClient().post("/api/auth/refresh", {"refresh_token": pair["refresh_token"]})
    assert again.json()["code"] == "TOKEN_REVOKED"
