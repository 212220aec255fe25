"""A process that is killed with -9 at any step leaves no orphan at the gateway, no usable key without a row, and loses
no secret."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.utils import timezone

from apikeys import secrets
from apikeys.models import ApiKey
from apikeys.services import issue_api_key, retire_former_secret, revoke_api_key, rotate_api_key
from litellm_sync.client import forget_gateway
from litellm_sync.client import gateway as configured
from litellm_sync.models import LEASE, GatewayObject
from subscriptions.models import Subscription
from subscriptions.services import cancel_subscription
from tests.apikeys.conftest import call_model
from tests.factories import SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

# The lease of the killed one has run out by then.
LATER = LEASE + timedelta(seconds=1)
MOST_STEPS = 200


@pytest.fixture
def run_until_killed(gateway) -> Iterator[Callable[..., str]]:
    """Do an act in a process that is killed at its n-th step: "killed", or "done" when it has fewer steps."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.apikeys.killed_at"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ
        | {
            "DATABASE_URL": _test_database(),
            "LITELLM_API_URL": gateway.url,
            "LITELLM_API_KEY": gateway.master_key,
        },
    )

    assert process.stdin
    assert process.stdout
    orders, answers = process.stdin, process.stdout

    def run(**order) -> str:
        orders.write(json.dumps(order) + "\n")
        orders.flush()
        ended = answers.readline().strip()
        assert ended in {"killed", "done"}, "the reason is above"
        return ended

    yield run
    process.communicate(timeout=10)


def _test_database() -> str:
    url = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}"))


def each_step(act: Callable[[int], str]) -> int:
    """Run `act` killed at step 1, 2, 3 … until it gets through; how many steps that took."""
    for step in range(1, MOST_STEPS):
        if act(step) == "done":
            return step
    raise AssertionError(f"still not done after {MOST_STEPS} steps")


def somebody(model):
    return SubscriptionFactory.create(user=UserFactory.create(), model=model).user


def keys_at_the_gateway(client, user) -> list[str]:
    return [key["token"] for key in client.list_keys(user_id=str(user.pk)).keys]


def test_killed_while_issuing(gateway, chat_model, admin_client, run_until_killed, drain):
    def act(step):
        owner, token = somebody(chat_model), f"request-{step}"
        ended = run_until_killed(
            act="issue", step=step, owner=str(owner.pk), model=chat_model.pk, request_token=token
        )
        # Before anybody repairs: whatever the gateway has, the portal knows.
        assert set(keys_at_the_gateway(admin_client, owner)) <= set(
            ApiKey.objects.filter(owner=owner).values_list("secrets__token_hash", flat=True)
        )
        drain(later=LATER)
        for key in ApiKey.objects.filter(owner=owner):
            assert call_model(gateway, secrets.read_from(key.current_secret), chat_model.pk) == 200
        # The client did not hear an answer and asks again: it gets that key, or a first one.
        again = issue_api_key(actor=owner, model_ids=[chat_model.pk], request_token=token, now=timezone.now())
        drain(later=LATER)
        assert ApiKey.objects.filter(owner=owner).count() == 1
        assert keys_at_the_gateway(admin_client, owner) == [again.key.current_secret.token_hash]
        assert call_model(gateway, again.secret, chat_model.pk) == 200
        return ended

    assert each_step(act) > 25


def test_killed_while_the_worker_creates(gateway, chat_model, admin_client, run_until_killed, drain):
    def act(step):
        owner = somebody(chat_model)
        gateway.faults.add("status", status=503)
        issued = issue_api_key(actor=owner, model_ids=[chat_model.pk], now=timezone.now())
        gateway.faults.clear()
        _rest_the_breaker()
        _make_due()
        ended = run_until_killed(act="drain", step=step)
        assert set(keys_at_the_gateway(admin_client, owner)) <= {issued.key.current_secret.token_hash}
        drain(later=LATER)
        assert keys_at_the_gateway(admin_client, owner) == [issued.key.current_secret.token_hash]
        assert call_model(gateway, issued.secret, chat_model.pk) == 200
        return ended

    assert each_step(act) > 15


@pytest.mark.parametrize("ending", ["revoked", "access lost"])
def test_killed_while_the_worker_takes_away(gateway, chat_model, run_until_killed, drain, ending):
    def act(step):
        owner = somebody(chat_model)
        issued = issue_api_key(actor=owner, model_ids=[chat_model.pk], now=timezone.now())
        drain(later=LATER)
        assert call_model(gateway, issued.secret, chat_model.pk) == 200
        if ending == "revoked":
            revoke_api_key(actor=owner, key_id=issued.key.pk, now=timezone.now())
        else:
            row = Subscription.objects.get(user=owner)
            cancel_subscription(actor=owner, subscription_id=row.pk, now=timezone.now())
        ended = run_until_killed(act="drain", step=step)
        drain(later=LATER)
        assert call_model(gateway, issued.secret, chat_model.pk) == 401
        return ended

    assert each_step(act) > 8


@pytest.mark.parametrize("overlap", [0, 3600])
def test_killed_while_rotating(gateway, chat_model, admin_client, run_until_killed, drain, overlap):
    def act(step):
        owner, token = somebody(chat_model), f"request-{step}"
        issued = issue(owner, chat_model, max_budget=Decimal(1000))
        asked = {"owner": str(owner.pk), "key": str(issued.key.pk), "request_token": token}
        ended = run_until_killed(act="rotate", step=step, overlap=overlap, **asked)
        known = set(issued.key.secrets.values_list("token_hash", flat=True))
        assert set(keys_at_the_gateway(admin_client, owner)) <= known
        # Nobody repaired anything yet, and the key still works: with the former secret or with the new one.
        current = secrets.read_from(ApiKey.objects.get(owner=owner).current_secret)
        assert 200 in {call_model(gateway, secret, chat_model.pk) for secret in (issued.secret, current)}
        drain(later=LATER)
        # The client did not hear an answer and asks again: it gets that secret, or a first one.
        again = rotate_api_key(
            actor=owner,
            key_id=issued.key.pk,
            overlap=timedelta(seconds=overlap),
            request_token=token,
            now=timezone.now(),
        )
        drain(later=LATER)
        assert again.current.number == 2
        wanted = {row.token_hash for row in issued.key.secrets.live()}
        assert len(wanted) == (2 if overlap else 1)
        assert set(keys_at_the_gateway(admin_client, owner)) == wanted
        assert call_model(gateway, again.secret, chat_model.pk) == 200
        assert call_model(gateway, issued.secret, chat_model.pk) == (200 if overlap else 401)
        return ended

    assert each_step(act) > 30


def test_killed_while_the_worker_retires(gateway, chat_model, admin_client, run_until_killed, drain):
    def act(step):
        owner = somebody(chat_model)
        issued = issue(owner, chat_model, max_budget=Decimal(1000))
        rotated = rotate_api_key(
            actor=owner, key_id=issued.key.pk, overlap=timedelta(hours=1), now=timezone.now()
        )
        drain(later=LATER)
        assert call_model(gateway, issued.secret, chat_model.pk) == 200
        retire_former_secret(actor=owner, key_id=issued.key.pk, now=timezone.now())
        ended = run_until_killed(act="drain", step=step)
        assert call_model(gateway, rotated.secret, chat_model.pk) == 200
        drain(later=LATER)
        assert keys_at_the_gateway(admin_client, owner) == [rotated.current.token_hash]
        there = admin_client.get_key(rotated.current.token_hash)
        late = issued.key.secrets.current().get().late_spend
        assert late is not None
        assert Decimal(str(there["max_budget"])) == pytest.approx(1000 - late)
        return ended

    assert each_step(act) > 10


def test_killed_while_changing(chat_model, admin_client, run_until_killed, drain):
    def act(step):
        owner = somebody(chat_model)
        issued = issue(owner, chat_model, max_budget=Decimal(5), tpm_limit=1)
        asked = {"owner": str(owner.pk), "key": str(issued.key.pk), "tpm_limit": 7}
        ended = run_until_killed(act="change", step=step, **asked)
        drain(later=LATER)
        key = ApiKey.objects.get(owner=owner)
        there = admin_client.get_key(key.current_secret.token_hash)
        # All of it or nothing, and the same on both sides.
        assert (key.tpm_limit, key.max_budget, key.tags) in [(1, Decimal(5), []), (7, None, ["changed"])]
        assert there["tpm_limit"] == key.tpm_limit
        assert there["max_budget"] == key.max_budget
        assert there["metadata"].get("portal_tags", []) == key.tags
        return ended

    assert each_step(act) > 15


def issue(owner, model, **values):
    return issue_api_key(actor=owner, model_ids=[model.pk], now=timezone.now() - timedelta(days=1), **values)


def _rest_the_breaker() -> None:
    """Close it again: the trouble was ours, and over."""
    storage = configured().breaker._storage
    storage.state = "closed"
    storage.reset_counter()
    forget_gateway()


def _make_due() -> None:
    GatewayObject.objects.dirty().update(not_before=timezone.now() - timedelta(seconds=1))
