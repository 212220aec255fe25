"""What the portal promises of keys, whether or not a gateway is there. Here none is."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.errors import SignInTooOld
from accounts.models import AuditEvent
from apikeys import secrets, services, terms
from apikeys.errors import (
    KeyEnded,
    KeyLimitReached,
    ModelNotSubscribed,
    RequestTokenReused,
    SecretNotReadable,
    TooManyReveals,
)
from apikeys.models import ApiKey
from litellm_sync.models import GatewayObject
from litemaas import errors
from tests.concurrency import in_parallel
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return UserFactory.create()


@pytest.fixture
def model(owner):
    return SubscriptionFactory.create(user=owner).model


@pytest.fixture
def issue(owner, model, now):
    def run(**parts):
        return services.issue_api_key(**{"actor": owner, "model_ids": [model.pk], "now": now} | parts)

    return run


def test_without_a_gateway_the_key_is_pending_and_its_secret_is_there(issue, owner):
    issued = issue(name="My key")
    key = ApiKey.objects.get()
    wish = GatewayObject.objects.get(kind="key", object_id=key.pk)
    assert wish.sync_status == "pending"
    assert key.current_secret.token_hash == secrets.token_hash(issued.secret)
    assert secrets.read_from(key.current_secret) == issued.secret
    assert issued.secret.startswith(key.secret_prefix)


def test_the_secret_is_sealed_and_opens_for_no_other_row(issue):
    from litemaas.crypto import CannotOpen

    first, second = issue().key.current_secret, issue().key.current_secret
    assert b"sk-" not in bytes(first.sealed)
    second.sealed = first.sealed
    with pytest.raises(CannotOpen):
        secrets.read_from(second)


def test_the_same_request_again_gives_the_same_key(issue):
    first = issue(request_token="r-1")
    again = issue(request_token="r-1")
    assert (again.key, again.secret, again.is_replay) == (first.key, first.secret, True)
    assert ApiKey.objects.count() == 1


def test_one_request_token_for_two_different_keys_is_refused(issue):
    issue(request_token="r-1", name="one")
    with pytest.raises(RequestTokenReused):
        issue(request_token="r-1", name="other")


def test_a_key_opens_subscribed_models_only(issue, model):
    SubscriptionFactory.create(model=(foreign := ModelFactory.create()))
    with pytest.raises(ModelNotSubscribed) as refusal:
        issue(model_ids=[model.pk, foreign.pk, "nope"])
    assert refusal.value.data["models"] == [foreign.pk, "nope"]
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 256},
        {"model_ids": []},
        {"max_budget": Decimal(-1)},
        {"tpm_limit": -1},
        {"rpm_limit": 2**40},
        {"max_parallel_requests": 0},
        {"max_budget": Decimal(1), "budget_window": "lunar"},
        {"max_budget": Decimal("NaN")},
        {"max_budget": Decimal(1), "soft_budget": Decimal(2)},
        {"model_rpm_limit": {"foreign": 1}},
        {"tags": ["x" * 51]},
        {"permissions": {"allowEverything": True}},
        {"permissions": dict.fromkeys(terms.PERMISSIONS, False)},
        {"portal_permissions": ["admin:users"]},
        {"metadata": {"blob": "x" * 4096}},
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(issue, wrong):
    with pytest.raises(errors.InvalidInput) as refusal:
        issue(**wrong)
    assert refusal.value.fields
    assert not ApiKey.objects.exists()


def test_an_expiry_must_be_ahead(issue, now):
    with pytest.raises(errors.InvalidInput, match="future"):
        issue(expires_at=now)
    assert issue(expires_at=now + timedelta(days=1)).key.is_live(now)


def test_a_person_has_ten_live_keys_and_revoked_or_expired_ones_do_not_count(issue, owner, now):
    keys = [issue(expires_at=now + timedelta(days=1)).key for _ in range(10)]
    with pytest.raises(KeyLimitReached):
        issue()
    services.revoke_api_key(actor=owner, key_id=keys[0].pk, now=now)
    issue()
    issue(now=now + timedelta(days=2))


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_when_fifty_ask_at_once(issue):
    answers = in_parallel(50, issue)
    assert ApiKey.objects.count() == 10
    assert [type(a) for a in answers].count(KeyLimitReached) == 40


@pytest.mark.django_db(transaction=True)
def test_fifty_copies_of_one_request_make_one_key(issue):
    answers = in_parallel(50, lambda: issue(request_token="r-1"))
    assert ApiKey.objects.count() == 1
    assert len({a.secret for a in answers}) == 1
    assert sorted(a.is_replay for a in answers) == [False] + [True] * 49


def test_revoking_keeps_the_row_forgets_the_secret_and_can_be_repeated(issue, owner, now):
    key = issue().key
    for _ in range(2):
        services.revoke_api_key(actor=owner, key_id=key.pk, now=now)
    key.refresh_from_db()
    assert (key.revoked_at, key.current_secret.sealed) == (now, None)
    assert AuditEvent.objects.filter(action="API_KEY_REVOKE").count() == 1


def test_a_clock_that_runs_behind_can_still_revoke(issue, owner, now):
    key = issue().key
    key = services.revoke_api_key(actor=owner, key_id=key.pk, now=now - timedelta(seconds=3))
    assert key.revoked_at == key.created_at


def test_a_deleted_key_is_on_no_list_but_its_row_stays(issue, owner, now):
    key = issue().key
    services.delete_api_key(actor=owner, key_id=key.pk, now=now)
    assert not ApiKey.objects.visible_to(owner).exists()
    assert ApiKey.objects.get().is_revoked


def test_only_administrators_block(issue, owner, now):
    key = issue().key
    with pytest.raises(errors.Forbidden):
        services.block_api_key(actor=owner, key_id=key.pk, reason="", now=now)
    admin = UserFactory.create(is_operator=True)
    assert services.block_api_key(actor=admin, key_id=key.pk, reason="Leaked.", now=now).is_blocked
    assert not services.unblock_api_key(actor=admin, key_id=key.pk, now=now).is_blocked
    services.revoke_api_key(actor=admin, key_id=key.pk, now=now)
    with pytest.raises(KeyEnded):
        services.block_api_key(actor=admin, key_id=key.pk, reason="", now=now)


def test_somebody_elses_key_does_not_exist(issue, now):
    key, stranger = issue().key, UserFactory.create()
    with pytest.raises(errors.NotFound):
        services.revoke_api_key(actor=stranger, key_id=key.pk, now=now)
    with pytest.raises(errors.NotFound):
        services.reveal_api_key(actor=stranger, key_id=key.pk, signed_in_at=now, now=now)


def test_an_auditor_changes_nothing(issue, now):
    key, auditor = issue().key, UserFactory.create(is_auditor=True)
    for act in (services.revoke_api_key, services.delete_api_key, services.unblock_api_key):
        with pytest.raises(errors.Forbidden):
            act(actor=auditor, key_id=key.pk, now=now)


class TestReveal:
    def test_the_owner_reads_the_secret_after_a_recent_sign_in(self, issue, owner, now):
        issued = issue()
        shown = services.reveal_api_key(actor=owner, key_id=issued.key.pk, signed_in_at=now, now=now)
        assert shown == issued.secret

    def test_not_even_an_administrator_reads_somebody_elses(self, issue, now):
        key, admin = issue().key, UserFactory.create(is_operator=True)
        with pytest.raises(errors.NotFound):
            services.reveal_api_key(actor=admin, key_id=key.pk, signed_in_at=now, now=now)

    @pytest.mark.parametrize("age", [timedelta(hours=8, seconds=1), None])
    def test_an_old_or_unknown_sign_in_is_not_enough(self, issue, owner, now, age):
        key = issue().key
        with pytest.raises(SignInTooOld) as refusal:
            services.reveal_api_key(
                actor=owner, key_id=key.pk, signed_in_at=now - age if age else None, now=now
            )
        assert refusal.value.data["maxAge"] == 8 * 3600

    def test_ten_in_five_minutes_and_no_more(self, issue, owner, now):
        key = issue().key
        for _ in range(10):
            services.reveal_api_key(actor=owner, key_id=key.pk, signed_in_at=now, now=now)
        with pytest.raises(TooManyReveals) as refusal:
            services.reveal_api_key(actor=owner, key_id=key.pk, signed_in_at=now, now=now)
        assert refusal.value.data["retryAfter"] == 301
        later = now + timedelta(minutes=5, seconds=1)
        services.reveal_api_key(actor=owner, key_id=key.pk, signed_in_at=now, now=later)

    def test_an_expired_or_revoked_key_says_which(self, issue, owner, now):
        key = issue(expires_at=now + timedelta(hours=1)).key
        later = now + timedelta(hours=2)
        with pytest.raises(SecretNotReadable, match="expired"):
            services.reveal_api_key(actor=owner, key_id=key.pk, signed_in_at=later, now=later)
        services.revoke_api_key(actor=owner, key_id=key.pk, now=now)
        with pytest.raises(SecretNotReadable, match="inactive"):
            services.reveal_api_key(actor=owner, key_id=key.pk, signed_in_at=now, now=now)

    def test_a_blocked_key_is_inactive(self, issue, owner, now):
        key = issue().key
        services.block_api_key(actor=UserFactory.create(is_operator=True), key_id=key.pk, reason="x", now=now)
        with pytest.raises(SecretNotReadable, match="inactive"):
            services.reveal_api_key(actor=owner, key_id=key.pk, signed_in_at=now, now=now)

    def test_each_try_is_recorded(self, issue, owner, now):
        key = issue().key
        services.reveal_api_key(actor=owner, key_id=key.pk, signed_in_at=now, now=now)
        with pytest.raises(SignInTooOld):
            services.reveal_api_key(actor=owner, key_id=key.pk, signed_in_at=None, now=now)
        tries = AuditEvent.objects.filter(resource_id=str(key.pk), action__contains="RETRIEVE")
        assert sorted(tries.values_list("action", "success")) == [
            ("API_KEY_RETRIEVE_FAILED", False),
            ("API_KEY_RETRIEVE_FULL", True),
        ]


def test_no_audit_row_and_no_wish_holds_a_secret(issue, owner, now):
    issued = issue(name="My key", request_token="r-1")
    services.reveal_api_key(actor=owner, key_id=issued.key.pk, signed_in_at=now, now=now)
    services.revoke_api_key(actor=owner, key_id=issued.key.pk, now=now)
    rows = [*AuditEvent.objects.values(), *GatewayObject.objects.values()]
    assert len(rows) >= 4
    assert issued.secret not in repr(rows)
    assert issued.key.current_secret.token_hash not in repr(rows)
