"""Keys as the gateway sees them, on good days and on bad ones."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.services import change_user
from apikeys import services
from apikeys.gateway import opened_models, prepare_keys
from apikeys.models import ApiKey
from catalog.models import Model
from catalog.services import availability_changed
from litellm_sync.models import GatewayObject, GatewaySpend
from litellm_sync.polling import poll_spend
from litellm_sync.reconciler import reconcile
from subscriptions.models import Subscription
from subscriptions.services import cancel_subscription, subscribe
from tests.apikeys.conftest import call_model
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=2)


@pytest.fixture
def issue(owner, chat_model):
    def run(**parts):
        return services.issue_api_key(
            **{"actor": owner, "model_ids": [chat_model.pk], "now": timezone.now()} | parts
        )

    return run


def test_the_wishes_for_many_keys_are_read_in_as_few_statements_as_for_one(
    issue, django_assert_max_num_queries
):
    keys = [issue().key.pk for _ in range(8)]
    with django_assert_max_num_queries(6):
        acts = prepare_keys(keys)
    assert set(acts) == set(keys)


@pytest.mark.parametrize("is_archived", [True, False])
def test_a_key_that_was_deleted_over_there_does_not_begin_at_nothing_again(
    issue, admin_client, gateway, drain, is_archived
):
    """As when somebody takes its owner out of the team over there, which deletes the keys as well."""
    key = issue(max_budget=Decimal(5), budget_window="monthly").key
    token = key.current_secret.token_hash
    admin_client.update_key(token, spend=3.5)
    poll_spend(client=admin_client)
    admin_client.delete_key(token)
    if not is_archived:
        # As 1.80 does.
        gateway.state.archive.clear()
    reconcile(client=admin_client)
    drain()
    assert admin_client.get_key(token)["spend"] == Decimal("3.5")
    assert GatewaySpend.objects.get(kind="key", object_id=key.pk).spend == Decimal("3.5")


def test_a_key_that_is_made_again_in_a_new_budget_window_begins_at_nothing(
    issue, admin_client, gateway, drain
):
    key = issue(max_budget=Decimal(5), budget_window="monthly").key
    token = key.current_secret.token_hash
    admin_client.update_key(token, spend=3.5)
    poll_spend(client=admin_client)
    admin_client.delete_key(token)
    gateway.state.archive.clear()
    GatewaySpend.objects.update(budget_reset_at=timezone.now() - timedelta(days=1))
    reconcile(client=admin_client)
    drain()
    assert not admin_client.get_key(token)["spend"]


def status_of(key: ApiKey) -> str:
    return GatewayObject.objects.get(kind="key", object_id=key.pk).sync_status


def test_a_key_works_as_soon_as_it_is_issued(gateway, issue, chat_model):
    issued = issue()
    assert status_of(issued.key) == "synced"
    assert call_model(gateway, issued.secret, chat_model.pk) == 200


def test_the_gateway_knows_the_keys_limits_owner_and_models(issue, admin_client, owner, chat_model):
    limits: dict[str, Any] = {"max_budget": Decimal("12.5"), "budget_window": "monthly"}
    limits |= {"tpm_limit": 1000, "rpm_limit": 10, "max_parallel_requests": 2}
    key = issue(**limits, expires_at=timezone.now() + timedelta(days=3)).key
    there = admin_client.get_key(key.current_secret.token_hash)
    assert there["models"] == [chat_model.pk]
    assert (there["user_id"], there["key_alias"]) == (str(owner.pk), f"portal-{key.pk}")
    assert (there["max_budget"], there["budget_duration"]) == (Decimal("12.5"), "1mo")
    assert (there["tpm_limit"], there["rpm_limit"], there["max_parallel_requests"]) == (1000, 10, 2)
    assert there["expires"] is not None
    assert there["metadata"]["portal_key_id"] == str(key.pk)


def test_applying_again_changes_nothing_at_the_gateway(gateway, issue, drain):
    limits: dict[str, Any] = {"max_budget": Decimal("0.1"), "budget_window": "weekly"}
    key = issue(**limits, expires_at=timezone.now() + timedelta(days=3)).key
    GatewayObject.objects.filter(object_id=key.pk).update(applied=0)
    before = len(gateway.calls)
    assert drain() == 1
    assert gateway.calls[before:] == ["GET /key/info"]


def test_a_revoked_key_stops_working(gateway, issue, owner, chat_model, drain):
    issued = issue()
    services.revoke_api_key(actor=owner, key_id=issued.key.pk, now=timezone.now())
    drain()
    assert call_model(gateway, issued.secret, chat_model.pk) == 401
    assert status_of(issued.key) == "synced"


def test_revoking_a_key_that_the_gateway_never_had_succeeds(gateway, issue, owner, drain):
    gateway.faults.add("status", status=503)
    key = issue().key
    services.revoke_api_key(actor=owner, key_id=key.pk, now=timezone.now())
    gateway.faults.clear()
    drain(later=LATER)
    assert status_of(key) == "synced"


def test_a_blocked_key_stops_and_an_unblocked_one_goes_on(gateway, issue, chat_model, drain):
    issued, admin = issue(), UserFactory.create(is_operator=True)
    services.block_api_key(actor=admin, key_id=issued.key.pk, reason="Leaked.", now=timezone.now())
    drain()
    assert call_model(gateway, issued.secret, chat_model.pk) == 401
    services.unblock_api_key(actor=admin, key_id=issued.key.pk, now=timezone.now())
    drain()
    assert call_model(gateway, issued.secret, chat_model.pk) == 200


class TestAccessEnds:
    """A key that opens nothing is blocked. An empty list would open everything and is never sent."""

    @pytest.fixture
    def sent(self, gateway, monkeypatch):
        """The bodies of all writes to keys."""
        from litellm_sync.simulated import routing, server

        bodies = []

        def answer(state, request):
            if request.method == "POST" and request.path.startswith("/key/"):
                bodies.append(request.body)
            return routing.answer(state, request)

        monkeypatch.setattr(server, "answer", answer)
        yield bodies
        assert bodies
        assert not [body for body in bodies if b'"models": []' in body or b'"models":[]' in body]

    def test_a_cancelled_subscription_blocks_the_key(self, sent, gateway, issue, owner, chat_model, drain):
        issued = issue()
        row = Subscription.objects.get(user=owner)
        cancel_subscription(actor=owner, subscription_id=row.pk, now=timezone.now())
        drain()
        assert call_model(gateway, issued.secret, chat_model.pk) == 401
        # Taking it up again adds the model to no key by itself.
        subscribe(actor=owner, model_id=chat_model.pk, now=timezone.now())
        drain()
        assert opened_models(issued.key) == []
        assert call_model(gateway, issued.secret, chat_model.pk) == 401

    def test_a_deactivated_owner_has_no_working_key(self, sent, gateway, issue, owner, chat_model, drain):
        issued, admin = issue(), UserFactory.create(is_operator=True)
        change_user(actor=admin, user_id=owner.pk, is_active=False, now=timezone.now())
        drain()
        assert call_model(gateway, issued.secret, chat_model.pk) == 401
        change_user(actor=admin, user_id=owner.pk, is_active=True, now=timezone.now())
        drain()
        assert call_model(gateway, issued.secret, chat_model.pk) == 200

    def test_a_model_that_vanishes_leaves_the_key_with_the_others(
        self, sent, issue, owner, chat_model, drain, admin_client
    ):
        other = SubscriptionFactory.create(user=owner, model=ModelFactory.create()).model
        key = issue(model_ids=[chat_model.pk, other.pk]).key
        self._set_available(other, False)
        drain()
        there = admin_client.get_key(key.current_secret.token_hash)
        assert (there["models"], bool(there["blocked"])) == ([chat_model.pk], False)
        self._set_available(other, True)
        drain()
        assert admin_client.get_key(key.current_secret.token_hash)["models"] == sorted(
            [chat_model.pk, other.pk]
        )

    def test_a_key_whose_only_model_is_gone_is_made_closed(
        self, sent, gateway, issue, chat_model, drain, admin_client
    ):
        gateway.faults.add("status", status=503)
        key = issue().key
        self._set_available(chat_model, False)
        gateway.faults.clear()
        drain(later=LATER)
        there = admin_client.get_key(key.current_secret.token_hash)
        assert (there["models"], there["blocked"]) == (["no-default-models"], True)

    def _set_available(self, model, available):
        from django.db import transaction

        now = timezone.now()
        with transaction.atomic():
            Model.objects.filter(pk=model.pk).update(
                availability="available" if available else "unavailable",
                unavailable_since=None if available else now,
            )
            availability_changed([model.pk], now)


TROUBLES: dict[str, dict[str, Any]] = {
    "answers 500": {"kind": "status", "status": 500},
    "answers 503": {"kind": "status", "status": 503},
    "is slow": {"kind": "delay", "seconds": 30},
    "hangs": {"kind": "hang"},
    "trickles": {"kind": "trickle", "seconds": 1},
    "resets": {"kind": "reset"},
    "does it and says nothing": {"kind": "lost_reply"},
    "answers garbage": {"kind": "garbage"},
    "refuses our key": {"kind": "refuse_master_key"},
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_gateway_in_trouble_makes_a_pending_key_that_works_later(
    gateway, issue, drain, chat_model, trouble
):
    gateway.faults.add(**TROUBLES[trouble])
    began = time.monotonic()
    issued = issue()
    assert time.monotonic() - began < 5
    assert issued.secret.startswith("sk-")
    assert status_of(issued.key) == "pending"
    gateway.faults.clear()
    self_heal(drain, issued.key)
    assert call_model(gateway, issued.secret, chat_model.pk) == 200


@pytest.mark.parametrize("path", ["/key/generate", "/user/new"])
@pytest.mark.parametrize("kind", ["lost_reply", "garbage", "reset", "hang"])
def test_one_call_that_goes_wrong_makes_no_second_key(
    gateway, issue, drain, chat_model, admin_client, path, kind
):
    gateway.faults.add(kind, path, count=1)
    issued = issue()
    gateway.faults.clear()
    self_heal(drain, issued.key)
    assert call_model(gateway, issued.secret, chat_model.pk) == 200
    assert admin_client.list_keys().total == 1


def test_a_key_deleted_behind_our_back_is_made_again_with_the_same_secret(
    gateway, issue, drain, chat_model, admin_client
):
    issued = issue()
    admin_client.delete_key(issued.key.current_secret.token_hash)
    GatewayObject.objects.filter(object_id=issued.key.pk).update(applied=0)
    drain()
    assert call_model(gateway, issued.secret, chat_model.pk) == 200


def self_heal(drain, key):
    """The breaker may rest for ten seconds; what waits is tried again until then."""
    from litellm_sync.client import gateway as configured

    deadline = time.monotonic() + 20
    while status_of(key) != "synced" and time.monotonic() < deadline:
        if configured().breaker.is_open:
            time.sleep(0.2)
        drain(later=LATER)
    assert status_of(key) == "synced"
