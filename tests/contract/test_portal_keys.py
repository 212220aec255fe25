"""Keys as the portal makes, changes and rotates them, held against every version of the gateway."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.gateway import apply_user
from apikeys import services
from apikeys.desired import desired_fields, row_fields
from apikeys.gateway import apply_key, opened_models
from apikeys.models import ApiKey, ApiKeySecret
from litellm_sync.client import forget_gateway
from litellm_sync.differences import differences
from litellm_sync.spend import Spend, read_moment, record_spend
from teams.gateway import apply_member, apply_team
from tests.contract.program import Program
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory
from tests.teams.conftest import put_in

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _portal(target, settings):
    settings.LITELLM_API_URL, settings.LITELLM_API_KEY = target.url, target.key
    settings.GATEWAY_INLINE_DEADLINE = 30.0
    forget_gateway()
    yield
    forget_gateway()


@pytest.fixture
def owner(models, client):
    user = UserFactory()
    for name in (models.chat, models.other_chat, models.embedding):
        SubscriptionFactory(user=user, model=ModelFactory(id=name))
    yield user
    for row in ApiKeySecret.objects.all():
        client.delete_key(row.token_hash)


@pytest.fixture
def issue(owner, models):
    def make(**parts):
        asked = {"actor": owner, "model_ids": [models.chat], "now": timezone.now() - DAY} | parts
        return services.issue_api_key(**asked)

    return make


def rotate(key, owner, **parts):
    return services.rotate_api_key(actor=owner, key_id=key.pk, now=timezone.now(), **parts)


def left_over(client, key: ApiKey, row: ApiKeySecret, *but: str) -> list[str]:
    """The fields that the gateway has otherwise than the portal wishes."""
    key.refresh_from_db()
    wanted = desired_fields(key, row, opened_models(key), key.max_budget)
    there = row_fields(client.get_key(row.token_hash))
    return [difference.field for difference in differences(wanted, there) if difference.field not in but]


def everything(models) -> dict:
    return {
        "max_budget": Decimal("12.5"),
        "soft_budget": Decimal(10),
        "budget_window": "monthly",
        "tpm_limit": 10_000,
        "rpm_limit": 600,
        "max_parallel_requests": 5,
        "model_rpm_limit": {models.chat: 60},
        "model_tpm_limit": {models.chat: 5000},
        "tags": ["ci"],
        "expires_at": timezone.now() + DAY,
    }


def test_every_setting_arrives_and_a_change_too(client, issue, owner, models, version):
    key = issue(**everything(models)).key
    row = key.current_secret
    assert left_over(client, key, row) == []
    services.change_api_key(
        actor=owner,
        key_id=key.pk,
        model_ids=[models.chat, models.other_chat],
        max_budget=Decimal(3),
        soft_budget=Decimal(2),
        tpm_limit=None,
        max_parallel_requests=None,
        model_rpm_limit=None,
        model_tpm_limit={models.other_chat: 7},
        tags=None,
        expires_at=None,
        now=timezone.now(),
    )
    # Soft budgets of keys can be changed from 1.109 only; they stop nothing.
    assert left_over(client, key, row, *(["soft_budget"] if version < (1, 109) else [])) == []


def test_applying_again_writes_nothing(client, issue, models, monkeypatch):
    key = issue(**everything(models)).key
    with monkeypatch.context() as patch:
        for call in ("create_key", "update_key", "block_key", "unblock_key", "delete_key"):
            patch.setattr(type(client), call, _refuse)
        apply_key(key.pk, client)


def _refuse(*_arguments, **_named):
    raise AssertionError("there was nothing to write")


def test_rights_narrow_what_can_be_called(issue, models, target):
    issued = issue(model_ids=[models.chat, models.embedding], permissions={"allowEmbeddings": False})
    program = Program(target.url, issued.secret)
    assert program.chat(models.chat).status == 200
    assert program.embed(models.embedding, "text").status in {401, 403}


def test_a_service_key_is_nobodys(client, issue, owner, models, target):
    team = TeamFactory()
    put_in(team, owner, "admin")
    issued = issue(team_id=team.pk, is_service=True)
    there = client.get_key(issued.key.current_secret.token_hash)
    assert (there["user_id"], there["team_id"]) == (None, str(team.pk))
    assert left_over(client, issued.key, issued.key.current_secret) == []
    assert Program(target.url, issued.secret).chat(models.chat).status == 200


def test_a_rotated_key_has_everything_of_the_former_one(client, issue, owner, models, target):
    issued = issue(**everything(models))
    rotated = rotate(issued.key, owner, overlap=DAY)
    for secret in (issued.secret, rotated.secret):
        assert Program(target.url, secret).chat(models.chat).status == 200
    for row in ApiKeySecret.objects.filter(api_key=issued.key):
        assert left_over(client, issued.key, row, "max_budget") == []
    services.retire_former_secret(actor=owner, key_id=issued.key.pk, now=timezone.now())
    services.bring_to_gateway(issued.key.pk)
    assert Program(target.url, issued.secret).chat(models.chat).status == 401
    assert Program(target.url, rotated.secret).chat(models.chat).status == 200


def test_two_secrets_spend_one_budget(client, issue, owner, models, target, eventually):
    free = issue()
    price = Program(target.url, free.secret).chat(models.chat).cost
    issued = issue(max_budget=price * Decimal("29.5"))
    former = Program(target.url, issued.secret)
    assert [calls_until_refused(former, models.chat, 1) for _ in range(3)] == [1] * 3
    token = issued.key.current_secret.token_hash
    eventually(lambda: Decimal(str(client.get_key(token)["spend"])) > price * Decimal("2.5"), "the spend")
    rotated = rotate(issued.key, owner, overlap=DAY)
    both = (former, Program(target.url, rotated.secret))
    answered = 3 + sum(calls_until_refused(program, models.chat, 50) for program in both)
    # Each may finish the call that crosses its part; newer gateways keep back what a call might cost.
    assert 24 <= answered <= 31


def calls_until_refused(program: Program, model: str, most: int) -> int:
    """How many calls were answered. A gateway that keeps back what a call might cost settles it a moment later."""
    answered, refused = 0, 0
    while answered < most and refused < 4:
        if program.chat(model, max_tokens=20).status == 200:
            answered, refused = answered + 1, 0
        else:
            refused += 1
            time.sleep(0.3)
    return answered


def test_the_spend_can_be_reset(client, issue, models, target, eventually):
    issued, admin = issue(), UserFactory(is_operator=True)
    assert Program(target.url, issued.secret).chat(models.chat).status == 200
    token = issued.key.current_secret.token_hash
    eventually(lambda: client.get_key(token)["spend"] > 0, "the spend")
    services.reset_key_spend(actor=admin, key_id=issued.key.pk, now=timezone.now())
    assert client.get_key(token)["spend"] == 0


def test_a_key_that_went_with_its_owners_place_in_the_team_comes_back_with_its_spend(client, issue, owner):
    """Taking somebody out of a team over there deletes the keys, which must not give them a whole budget again."""
    team = TeamFactory()
    place = put_in(team, owner)
    apply_user(owner.pk, client)
    apply_team(team.pk, client)
    apply_member(place.pk, client)
    key = issue(team_id=team.pk, max_budget=Decimal(5), budget_window="monthly").key
    token = key.current_secret.token_hash
    client.update_key(token, spend=1.5)
    ends = read_moment(client.get_key(token).get("budget_reset_at"))
    # What the poll of the spend had seen; 1.80 keeps nothing of a deleted key.
    record_spend("key", [Spend(token, key.pk, Decimal("1.5"), ends)], as_of=timezone.now())
    client.remove_member(str(team.pk), str(owner.pk))
    assert client.get_key(token) is None
    apply_key(key.pk, client)
    there = client.get_key(token)
    assert (float(there["spend"]), float(there["max_budget"])) == (1.5, 5.0)
