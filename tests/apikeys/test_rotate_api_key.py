"""A rotation gives a key a new secret without a gap, and without a budget that counts twice."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from apikeys import services
from apikeys.errors import KeyEnded, RequestTokenReused, RotationInProgress
from apikeys.models import ApiKey, ApiKeySecret
from litellm_sync.errors import GatewayRefused
from litellm_sync.models import GatewayObject
from litemaas import errors
from tests.apikeys.conftest import call_model
from tests.concurrency import in_parallel
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = timedelta(hours=2)
# A budget of so many calls: the last one is let in while there is anything left.
CALLS = Decimal("19.5")


@pytest.fixture(autouse=True)
def _waits_for_the_gateway(settings):
    """These look at what the gateway has right after the use case, however busy the machine is."""
    settings.GATEWAY_INLINE_DEADLINE = 20.0


@pytest.fixture
def issue(owner, chat_model):
    def run(**parts):
        asked = {"actor": owner, "model_ids": [chat_model.pk], "now": timezone.now() - DAY} | parts
        return services.issue_api_key(**asked)

    return run


@pytest.fixture
def rotate(owner):
    def run(key, **parts):
        return services.rotate_api_key(**{"actor": owner, "key_id": key.pk, "now": timezone.now()} | parts)

    return run


def secrets_of(key) -> list[ApiKeySecret]:
    return list(ApiKeySecret.objects.filter(api_key=key).order_by("number"))


def tend(drain, **parts):
    services.tend_rotations(now=timezone.now() + parts.get("later", timedelta()))
    drain(**parts)


def end_overlap(key):
    """As if it had been over for a second."""
    ended = timezone.now() - timedelta(seconds=1)
    ApiKeySecret.objects.superseded().filter(api_key=key).update(superseded_at=ended, valid_until=ended)


def test_without_an_overlap_the_new_secret_works_and_the_former_one_does_not(
    gateway, issue, rotate, chat_model
):
    issued = issue(name="CI", tpm_limit=100_000)
    rotated = rotate(issued.key, reason="Leaked.")
    assert rotated.secret != issued.secret
    assert call_model(gateway, rotated.secret, chat_model.pk) == 200
    assert call_model(gateway, issued.secret, chat_model.pk) == 401
    former, current = secrets_of(issued.key)
    assert former.retired_at is not None
    assert former.sealed is None
    assert current.confirmed_at is not None
    key = ApiKey.objects.get()
    assert (key.pk, key.name, key.secret_prefix) == (issued.key.pk, "CI", rotated.secret[:8])
    assert AuditEvent.objects.get(action="API_KEY_ROTATE").metadata["reason"] == "Leaked."


def test_during_the_overlap_both_work_and_the_former_one_ends_by_itself(
    gateway, issue, rotate, chat_model, drain
):
    issued = issue()
    rotated = rotate(issued.key, overlap=HOUR)
    assert rotated.former.valid_until == rotated.current.created_at + HOUR
    for secret in (issued.secret, rotated.secret):
        assert call_model(gateway, secret, chat_model.pk) == 200
    tend(drain)
    assert call_model(gateway, issued.secret, chat_model.pk) == 200
    end_overlap(issued.key)
    tend(drain)
    assert call_model(gateway, issued.secret, chat_model.pk) == 401
    assert call_model(gateway, rotated.secret, chat_model.pk) == 200


def test_the_overlap_can_be_ended_by_hand(gateway, issue, rotate, chat_model, drain, owner):
    issued = issue()
    rotate(issued.key, overlap=DAY)
    services.retire_former_secret(actor=owner, key_id=issued.key.pk, now=timezone.now())
    drain()
    assert call_model(gateway, issued.secret, chat_model.pk) == 401
    # Again is nothing.
    services.retire_former_secret(actor=owner, key_id=issued.key.pk, now=timezone.now())
    assert AuditEvent.objects.filter(action="API_KEY_SECRET_RETIRE").count() == 1


def test_the_new_key_at_the_gateway_has_everything_of_the_former_one(issue, rotate, admin_client):
    limits = {"max_budget": Decimal(10), "budget_window": "monthly", "soft_budget": Decimal(5)}
    limits |= {"tpm_limit": 1000, "rpm_limit": 10, "max_parallel_requests": 3, "tags": ["a"]}
    issued = issue(**limits, expires_at=timezone.now() + DAY)
    former = admin_client.get_key(issued.key.current_secret.token_hash)
    rotate(issued.key)
    fresh = admin_client.get_key(secrets_of(issued.key)[-1].token_hash)
    same = ("user_id", "team_id", "models", "max_budget", "budget_duration", "tpm_limit", "rpm_limit")
    for field in (*same, "max_parallel_requests", "metadata", "allowed_routes", "key_type"):
        assert fresh[field] == former[field], field
    assert fresh["litellm_budget_table"]["soft_budget"] == 5
    assert fresh["key_alias"] == f"portal-{issued.key.pk}-r2"


def test_the_former_secret_stays_while_the_gateway_is_away(gateway, issue, rotate, chat_model, drain):
    issued = issue()
    gateway.faults.add("status", "/key/generate", status=503)
    rotated = rotate(issued.key)
    assert GatewayObject.objects.get(kind="key").sync_status == "pending"
    assert call_model(gateway, issued.secret, chat_model.pk) == 200
    gateway.faults.clear()
    drain(later=LATER)
    assert call_model(gateway, rotated.secret, chat_model.pk) == 200
    assert call_model(gateway, issued.secret, chat_model.pk) == 401


def test_a_key_that_the_gateway_never_had_is_brought_there_with_both_secrets(
    gateway, issue, rotate, chat_model, drain
):
    gateway.faults.add("status", "/key/generate", status=503)
    issued = issue(max_budget=Decimal(10))
    rotated = rotate(issued.key, overlap=HOUR)
    gateway.faults.clear()
    drain(later=LATER)
    for secret in (issued.secret, rotated.secret):
        assert call_model(gateway, secret, chat_model.pk) == 200


def test_a_refusal_for_good_leaves_the_former_secret(gateway, issue, rotate, chat_model, drain):
    issued = issue()
    gateway.faults.add("status", "/key/generate", status=400)
    with pytest.raises(GatewayRefused):
        rotate(issued.key)
    gateway.faults.clear()
    drain(later=LATER)
    assert call_model(gateway, issued.secret, chat_model.pk) == 200
    assert ApiKey.objects.get().current_secret.number == 1
    rotate(issued.key, now=timezone.now() + timedelta(minutes=1))
    assert ApiKey.objects.get().current_secret.number == 3


@pytest.mark.parametrize("path", ["/key/generate", "/key/delete", "/key/info", "/key/update"])
@pytest.mark.parametrize("kind", ["lost_reply", "garbage", "reset"])
def test_one_call_that_goes_wrong_makes_no_third_secret(
    gateway, issue, rotate, drain, chat_model, admin_client, path, kind
):
    issued = issue(max_budget=Decimal(10))
    gateway.faults.add(kind, path, count=1)
    rotated = rotate(issued.key)
    gateway.faults.clear()
    drain(later=LATER)
    assert call_model(gateway, rotated.secret, chat_model.pk) == 200
    assert [key["token"] for key in admin_client.list_keys().keys] == [rotated.current.token_hash]


def test_the_same_request_again_gives_the_same_secret(issue, rotate):
    key = issue().key
    first = rotate(key, request_token="r-1", overlap=HOUR)
    again = rotate(key, request_token="r-1", overlap=HOUR)
    assert (again.secret, again.is_replay) == (first.secret, True)
    assert len(secrets_of(key)) == 2


def test_a_request_that_was_overtaken_by_a_later_rotation_is_refused(issue, rotate):
    key = issue().key
    rotate(key, request_token="r-1")
    rotate(key, now=timezone.now() + timedelta(minutes=1))
    with pytest.raises(RequestTokenReused):
        rotate(key, request_token="r-1")


def test_a_second_click_and_a_third_secret_are_refused(issue, rotate):
    key = issue().key
    rotate(key, overlap=HOUR)
    with pytest.raises(RotationInProgress):
        rotate(key)
    with pytest.raises(RotationInProgress, match="still works"):
        rotate(key, now=timezone.now() + timedelta(minutes=1))


@pytest.mark.django_db(transaction=True)
def test_twenty_rotations_at_once_leave_exactly_one_new_secret(gateway, issue, rotate, admin_client):
    key = issue().key
    answers = in_parallel(20, lambda: rotate(key))
    assert [type(answer) for answer in answers].count(RotationInProgress) == 19
    assert [row.number for row in ApiKeySecret.objects.live().filter(api_key=key)] == [2]
    assert len(secrets_of(key)) == 2
    assert admin_client.list_keys().total == 1


def test_who_may_rotate_what(issue, rotate, owner):
    key = issue().key
    with pytest.raises(errors.NotFound):
        rotate(key, actor=UserFactory.create())
    with pytest.raises(errors.Forbidden):
        rotate(key, actor=UserFactory.create(is_auditor=True))
    with pytest.raises(errors.InvalidInput, match="seconds"):
        rotate(key, overlap=timedelta(days=8))
    rotate(key, actor=UserFactory.create(is_operator=True))
    services.revoke_api_key(actor=owner, key_id=key.pk, now=timezone.now())
    with pytest.raises(KeyEnded):
        rotate(key, now=timezone.now() + HOUR)


def test_a_revoked_key_loses_both_secrets(gateway, issue, rotate, owner, chat_model, drain):
    issued = issue()
    rotated = rotate(issued.key, overlap=DAY)
    services.revoke_api_key(actor=owner, key_id=issued.key.pk, now=timezone.now())
    drain()
    for secret in (issued.secret, rotated.secret):
        assert call_model(gateway, secret, chat_model.pk) == 401
    assert all(row.sealed is None for row in secrets_of(issued.key))


def test_a_blocked_key_is_blocked_with_both_secrets(gateway, issue, rotate, chat_model, drain):
    issued, admin = issue(), UserFactory.create(is_operator=True)
    rotated = rotate(issued.key, overlap=DAY)
    services.block_api_key(actor=admin, key_id=issued.key.pk, reason="x", now=timezone.now())
    drain()
    for secret in (issued.secret, rotated.secret):
        assert call_model(gateway, secret, chat_model.pk) == 401


@pytest.mark.django_db(transaction=True)
def test_a_continuous_caller_sees_no_refused_call(gateway, issue, owner, chat_model, drain):
    issued = issue(max_budget=Decimal(1000))
    in_use, answers, done = [issued.secret], [], threading.Event()

    def call_on():
        while not done.is_set():
            answers.append(call_model(gateway, in_use[0], chat_model.pk))

    caller = threading.Thread(target=call_on)
    caller.start()
    try:
        for _ in range(3):
            before = len(answers)
            rotated = services.rotate_api_key(
                actor=owner, key_id=issued.key.pk, overlap=HOUR, now=timezone.now()
            )
            while len(answers) < before + 20:
                done.wait(0.01)
            in_use[0] = rotated.secret
            before = len(answers)
            while len(answers) < before + 3:
                done.wait(0.01)
            end_overlap(issued.key)
            tend(drain)
            ApiKeySecret.objects.filter(api_key=issued.key).update(created_at=timezone.now() - HOUR)
    finally:
        done.set()
        caller.join()
    assert set(answers) == {200}
    assert [row.number for row in ApiKeySecret.objects.live().filter(api_key=issued.key)] == [4]
    connection.close()


class TestSharedBudget:
    """One call of the chat model costs the same each time; the budget is a number of calls."""

    @pytest.fixture
    def price(self, gateway, issue, chat_model, admin_client) -> Decimal:
        issued = issue()
        assert call_model(gateway, issued.secret, chat_model.pk) == 200
        return Decimal(str(admin_client.get_key(issued.key.current_secret.token_hash)["spend"]))

    def spend_all(self, gateway, secrets_in_use, model) -> int:
        """Calls with one secret after the other until both are refused; how many were answered."""
        answered, open_ones = 0, list(secrets_in_use)
        while open_ones:
            for secret in list(open_ones):
                if call_model(gateway, secret, model) == 200:
                    answered += 1
                else:
                    open_ones.remove(secret)
        return answered

    def test_both_secrets_together_spend_the_budget_once(
        self, gateway, issue, rotate, chat_model, price, drain
    ):
        issued = issue(max_budget=price * CALLS, budget_window="monthly")
        for _ in range(4):
            assert call_model(gateway, issued.secret, chat_model.pk) == 200
        rotated = rotate(issued.key, overlap=DAY)
        both = [issued.secret, rotated.secret]
        answered = 4 + self.spend_all(gateway, both, chat_model.pk)
        assert 18 <= answered <= 20

    def test_what_one_does_not_use_the_other_gets(self, gateway, issue, rotate, chat_model, price, drain):
        issued = issue(max_budget=price * CALLS)
        rotated = rotate(issued.key, overlap=DAY)
        answered = 0
        for _ in range(6):
            answered += self.spend_all(gateway, [rotated.secret], chat_model.pk)
            tend(drain)
        # All but the former one's share of the little that is left.
        assert 17 <= answered <= 20

    def test_after_the_overlap_the_new_one_has_the_rest(
        self, gateway, issue, rotate, chat_model, price, drain, admin_client
    ):
        issued = issue(max_budget=price * CALLS, budget_window="monthly")
        rotated = rotate(issued.key, overlap=DAY)
        for _ in range(5):
            assert call_model(gateway, issued.secret, chat_model.pk) == 200
        end_overlap(issued.key)
        tend(drain)
        assert secrets_of(issued.key)[-1].late_spend == pytest.approx(price * 5)
        assert self.spend_all(gateway, [rotated.secret], chat_model.pk) == 15
        # With the next window the whole budget is back.
        ApiKeySecret.objects.update(period_ends_at=timezone.now())
        tend(drain)
        there = admin_client.get_key(secrets_of(issued.key)[-1].token_hash)
        assert Decimal(str(there["max_budget"])) == pytest.approx(price * CALLS)

    def test_without_an_overlap_the_spend_is_carried(
        self, gateway, issue, rotate, chat_model, price, admin_client
    ):
        issued = issue(max_budget=price * CALLS)
        for _ in range(4):
            call_model(gateway, issued.secret, chat_model.pk)
        rotated = rotate(issued.key)
        there = admin_client.get_key(rotated.current.token_hash)
        assert Decimal(str(there["spend"])) == pytest.approx(price * 4)
        assert Decimal(str(there["max_budget"])) == pytest.approx(price * CALLS)
        assert self.spend_all(gateway, [rotated.secret], chat_model.pk) == 16

    def test_a_reset_counts_for_both(self, gateway, issue, rotate, chat_model, price, admin_client):
        issued, admin = issue(max_budget=price * CALLS), UserFactory.create(is_operator=True)
        call_model(gateway, issued.secret, chat_model.pk)
        rotated = rotate(issued.key, overlap=DAY)
        call_model(gateway, rotated.secret, chat_model.pk)
        services.reset_key_spend(actor=admin, key_id=issued.key.pk, now=timezone.now())
        for row in secrets_of(issued.key):
            assert admin_client.get_key(row.token_hash)["spend"] == 0
        again = self.spend_all(gateway, [issued.secret, rotated.secret], chat_model.pk)
        assert 18 <= again <= 20
