"""Secrets are planted through the real doors, and then looked for everywhere that is not meant to hold them."""

import base64
import gzip
import logging
from datetime import timedelta

import pytest
import structlog
from django.contrib import admin as django_admin
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import SYSTEM
from accounts.second_factors import SealingAdapter
from jobs.running import run_job
from portal.backups import store
from portal.backups.services import start_backup
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory
from tests.permission_table import API
from tests.permission_world import methods_of, routes

PASSWORD = "planted-password-QzX7"
TYPED = "planted-wrong-password-QzX8"
PROVIDER_KEY = "sk-planted-provider-key-QzX9"
FOREIGN_KEY = "sk-planted-foreign-key-QzY1"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TOTP = "PLANTEDTOTPSECRETQZY2"


@pytest.fixture
def lines():
    """Everything that is logged, as it is written in production."""
    kept = []

    class Keeper(logging.Handler):
        def emit(self, record):
            kept.append(self.format(record))

    keeper = Keeper(logging.DEBUG)
    keeper.setFormatter(logging.getLogger().handlers[0].formatter if logging.getLogger().handlers else None)
    root = logging.getLogger()
    root.addHandler(keeper)
    yield kept
    root.removeHandler(keeper)


@pytest.fixture
def planted(db, gateway, settings, lines):
    """Where each secret comes from → the secret, after every door was used."""
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.RATE_LIMITS = {}
    person = UserFactory.create(username="planter")
    person.set_password(PASSWORD)
    person.save()
    model = ModelFactory.create(id="lab/planted")
    SubscriptionFactory.create(user=person, model=model)
    secrets = {"password": PASSWORD, "typed password": TYPED, "foreign key": FOREIGN_KEY}
    door = ApiClient()
    door.post("/api/auth/token", {"grantType": "password", "username": "planter", "password": TYPED})
    door.post("/api/auth/token", {"grantType": "api_key", "apiKey": FOREIGN_KEY})
    door.get("auth/me", Authorization=f"Bearer {FOREIGN_KEY}")
    pair = door.post(
        "/api/auth/token", {"grantType": "password", "username": "planter", "password": PASSWORD}
    ).json()
    again = door.post("/api/auth/refresh", {"refresh_token": pair["refresh_token"]}).json()
    for name in ("access_token", "refresh_token"):
        secrets[f"first {name}"], secrets[name] = pair[name], again[name]
    owner = ApiClient(person)
    made = owner.post(
        "api-keys", {"modelIds": [model.pk], "name": "planted"}, **{"Idempotency-Key": "once"}
    ).json()
    secrets["API key"] = made["key"]
    assert owner.post(f"api-keys/{made['id']}/reveal").json()["key"] == made["key"]
    secrets["rotated key"] = owner.post(f"api-keys/{made['id']}/rotate").json()["key"]
    operator = ApiClient(UserFactory.create(username="plant-admin", is_operator=True))
    operator.post("api-keys/validate", {"key": FOREIGN_KEY})
    later = (timezone.now() + timedelta(days=9)).isoformat()
    automation = operator.post(
        "admin/automation-keys", {"name": "ci", "scopes": ["models:read"], "expiresAt": later}
    )
    secrets["automation key"] = next(v for v in automation.json().values() if str(v).startswith("ltm_admin_"))
    hook = operator.post("admin/usage/webhooks", {"url": "http://127.0.0.1:9/x"})
    secrets["webhook secret"] = hook.json()["secret"]
    provider = {
        "model_name": "lab/provider",
        "backend_model_name": "x",
        "api_base": "https://backend.example/v1",
        "input_cost_per_token": 0,
        "output_cost_per_token": 0,
    }
    answer = operator.post("admin/models", {**provider, "api_key": PROVIDER_KEY})
    assert answer.status_code == 201, answer.text
    secrets["provider key"] = PROVIDER_KEY
    secrets["second factor"] = TOTP
    person.authenticator_set.create(type="totp", data={"secret": SealingAdapter().encrypt(TOTP)})
    _break_with(secrets)
    return person, secrets


def _break_with(secrets):
    """A fault of ours that happens to hold secrets: what its log line says."""
    try:
        raise RuntimeError(f"failed with Bearer {secrets['API key']}")
    except RuntimeError:
        structlog.get_logger("planted").exception("a fault", authorization=secrets["access_token"])


def spellings(secret):
    """A secret as it is, and as something might have packed it."""
    return {secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode().rstrip("=")}


def leaks(text, secrets):
    return sorted(name for name, secret in secrets.items() if any(s in text for s in spellings(secret)))


def test_no_column_of_the_database_holds_one(planted):
    _person, secrets = planted
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {connection.ops.quote_name(table)} t")  # noqa: S608
            if names := leaks("\n".join(row for (row,) in cursor.fetchall()), secrets):
                found[table] = names
    assert found == {}


def test_no_log_line_and_no_mail_holds_one(planted, lines):
    _person, secrets = planted
    assert any("a fault" in line for line in lines)
    assert leaks("\n".join(lines), secrets) == []
    assert leaks("\n".join(f"{m.subject} {m.body} {m.alternatives}" for m in mail.outbox), secrets) == []


def test_no_answer_of_the_api_holds_one(planted):
    """Whoever reads whatever there is: lists, single things, exports, errors."""
    person, secrets = planted
    places = {"model_id": "lab/planted", "user_id": person.pk, "key_id": person.api_keys.first().pk}
    found = {}
    for client in (ApiClient(person), ApiClient(UserFactory.create(is_operator=True)), ApiClient()):
        # The token that this very client was given may come back in nothing either.
        for path, pattern in routes():
            if "GET" not in (methods_of(pattern) or ()) or f"GET {path}" not in API:
                continue
            try:
                answer = client.get(
                    path.format(**places), {"startDate": "2026-11-01", "endDate": "2026-11-30"}
                )
            except KeyError:
                continue
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if names := leaks(content.decode(errors="replace") + str(answer.headers), secrets):
                found[path] = names
    assert found == {}


def test_no_page_holds_one(planted):
    person, secrets = planted
    found = {}
    operator = Client(headers={"referer": ""})
    operator.force_login(
        UserFactory.create(is_operator=True), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    owner = Client(headers={"referer": ""})
    owner.force_login(person, backend=BACKEND)
    addresses = [
        (owner, f"/api-keys/{person.api_keys.first().pk}"),
        (owner, "/api-keys"),
        (owner, "/home"),
        (owner, "/2fa/"),
    ]
    for model in django_admin.site._registry:
        opts = model._meta
        addresses.append((operator, reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")))
        addresses += [
            (operator, reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[pk]))
            for pk in model._default_manager.order_by("pk").values_list("pk", flat=True)[:5]
        ]
    for client, address in addresses:
        page = client.get(address)
        assert page.status_code in {200, 302}, address
        if names := leaks(page.text, secrets):
            found[address] = names
    assert found == {}


def test_no_refusal_repeats_one(planted):
    person, secrets = planted
    door, owner = ApiClient(), ApiClient(person)
    answers = [
        door.post("/api/auth/token", {"grantType": "password", "username": ["x"], "password": PASSWORD}),
        door.post("/api/auth/token", {"grantType": PASSWORD}),
        door.post("/api/auth/refresh", {"refresh_token": secrets["first refresh_token"]}),
        door.post("/api/auth/validate", {"token": secrets["refresh_token"]}),
        door.raw("/api/auth/token", f'{{"password": "{PASSWORD}", oops'.encode()),
        owner.post("api-keys", {"name": secrets["API key"] * 20, "modelIds": []}),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert leaks(answer.text, {k: v for k, v in secrets.items() if k != "foreign key"}) == [], answer.text


@pytest.mark.django_db(transaction=True)
def test_no_backup_holds_one(planted, settings, tmp_path):
    """Neither on the disk nor in what is downloaded, which is the database in plain text."""
    _person, secrets = planted
    settings.BACKUP_DIR = str(tmp_path)
    job = start_backup(actor=SYSTEM, database="litemaas", now=timezone.now())
    run_job(job.pk)
    content = gzip.decompress(b"".join(store.backup_of(job.arguments["backupId"]).content()))
    assert b"planter" in content
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]
    for part in (content, *files):
        assert leaks(part.decode(errors="replace"), secrets) == []
