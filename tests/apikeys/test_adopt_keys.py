"""What somebody changed or made in the gateway's own pages is taken over, within the portal's rules."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from apikeys import services
from apikeys.models import ApiKey, ApiKeySecret
from litellm_sync import registry
from litellm_sync.findings import NotAdoptable
from litellm_sync.models import Finding
from litellm_sync.reconciler import reconcile
from litemaas.errors import DomainError
from portal.sync import operations
from tests.apikeys.conftest import call_model
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


@pytest.fixture
def issue(owner, chat_model):
    def run(**parts):
        parts = {"actor": owner, "model_ids": [chat_model.pk], "now": timezone.now()} | parts
        return services.issue_api_key(**parts).key

    return run


@pytest.fixture
def adopt(operator, admin_client, drain):
    """Compare, without repairing, and take over what was found; the portal's key."""

    def run(settings):
        settings.GATEWAY_DRIFT_POLICIES = {"key": "report"}
        reconcile(client=admin_client, kinds=["key"])
        finding = Finding.objects.shown(timezone.now()).get()
        operations.adopt_finding(actor=operator, finding_id=finding.pk, now=timezone.now())
        drain()
        assert reconcile(client=admin_client, kinds=["key"]).results["key"]["different"] == 0
        return ApiKey.objects.first()

    return run


def token(key):
    return key.current_secret.token_hash


def test_limits_and_the_like_are_taken_over(issue, adopt, admin_client, settings):
    key = issue(max_budget=Decimal(5), rpm_limit=10)
    there = admin_client.get_key(token(key))
    metadata = {**there["metadata"], "portal_tags": ["lab"], "model_rpm_limit": {there["models"][0]: 3}}
    changed = {"max_budget": 7.5, "budget_duration": "30d", "tpm_limit": 1000, "rpm_limit": None}
    admin_client.update_key(token(key), **changed, metadata=metadata, duration="10d")
    key = adopt(settings)
    assert (key.max_budget, key.budget_window, key.tpm_limit, key.rpm_limit) == (
        Decimal("7.5"),
        "30d",
        1000,
        None,
    )
    assert (key.tags, key.model_rpm_limit) == (["lab"], {there["models"][0]: 3})
    assert abs(key.expires_at - timezone.now() - timedelta(days=10)) < timedelta(minutes=1)


def test_a_model_is_taken_over_where_it_is_subscribed(
    issue, adopt, admin_client, settings, owner, chat_model
):
    other = SubscriptionFactory.create(user=owner, model=ModelFactory.create()).model
    key = issue()
    admin_client.update_key(token(key), models=[chat_model.pk, other.pk])
    key = adopt(settings)
    assert set(key.model_links.values_list("model_id", flat=True)) == {chat_model.pk, other.pk}


def test_routes_become_permissions(issue, adopt, admin_client, settings):
    key = issue(permissions={"allowEmbeddings": False})
    admin_client.update_key(token(key), allowed_routes=["llm_api_routes"])
    assert adopt(settings).permissions == {}


def test_a_block_is_taken_over_and_its_end(issue, adopt, admin_client, settings):
    key = issue()
    admin_client.block_key(token(key))
    assert adopt(settings).is_blocked
    admin_client.unblock_key(token(key))
    assert not adopt(settings).is_blocked


@pytest.mark.parametrize(
    "edit",
    [
        {"key_alias": "mine"},
        {"user_id": "somebody"},
        {"models": []},
        {"models": ["all-team-models"]},
        {"metadata": {}},
        {"allowed_routes": ["/key/generate"]},
    ],
)
def test_what_the_portal_decides_is_not_taken_over_and_says_why(edit, issue, adopt, admin_client, settings):
    key = issue()
    admin_client.update_key(token(key), **edit)
    with pytest.raises(NotAdoptable, match="Repair it"):
        adopt(settings)
    assert Finding.objects.get().is_open


def test_a_model_without_a_subscription_is_not_taken_over(issue, adopt, admin_client, settings, chat_model):
    key = issue()
    admin_client.update_key(token(key), models=[chat_model.pk, ModelFactory.create().pk])
    with pytest.raises(DomainError, match="no active subscription"):
        adopt(settings)


def test_a_budget_that_two_secrets_share_is_not_taken_over(issue, adopt, admin_client, settings, owner):
    key = issue(max_budget=Decimal(5))
    services.rotate_api_key(actor=owner, key_id=key.pk, overlap=timedelta(hours=1), now=timezone.now())
    sighting = registry.Sighting(token(key), {**admin_client.get_key(token(key)), "max_budget": 99}, key.pk)
    with transaction.atomic(), pytest.raises(NotAdoptable, match="share"):
        registry.mirror_of("key").adopt(sighting, None, timezone.now())


def test_a_policy_of_adopting_takes_over_and_repairs_the_rest(issue, admin_client, settings, drain):
    settings.GATEWAY_DRIFT_POLICIES = {"key": "adopt"}
    good, bad = issue(), issue()
    admin_client.update_key(token(good), rpm_limit=3)
    admin_client.update_key(token(bad), user_id="somebody")
    report = reconcile(client=admin_client, kinds=["key"]).results["key"]
    assert (report["adopted"], report["repaired"]) == (1, 1)
    drain()
    assert ApiKey.objects.get(pk=good.pk).rpm_limit == 3
    assert admin_client.get_key(token(bad))["user_id"] == str(bad.owner_id)


def test_a_key_that_was_made_over_there_gets_an_owner_here(
    issue, adopt, admin_client, settings, owner, chat_model, gateway, drain
):
    issue()
    made = admin_client.create_key(
        key="sk-made-over-there-0001",
        key_alias="by hand",
        user_id=str(owner.pk),
        models=[chat_model.pk],
        rpm_limit=7,
    )
    adopt(settings)
    drain()
    secret = ApiKeySecret.objects.get(token_hash=made["token"])
    key = secret.api_key
    assert (key.owner, key.name, key.rpm_limit, secret.sealed) == (owner, "by hand", 7, None)
    assert call_model(gateway, "sk-made-over-there-0001", chat_model.pk) == 200
    there = admin_client.get_key(made["token"])
    assert (there["key_alias"], there["metadata"]["portal_key_id"]) == ("by hand", str(key.pk))


@pytest.mark.parametrize("facts", [{}, {"user_id": "nobody"}, {"models": []}, {"key_alias": None}])
def test_a_stranger_that_does_not_fit_stays_one(
    facts, issue, adopt, admin_client, settings, owner, chat_model
):
    issue()
    whole = {"key_alias": "by hand", "user_id": str(owner.pk), "models": [chat_model.pk]}
    body = {**whole, **facts} if facts else {"key_alias": "by hand", "models": [chat_model.pk]}
    admin_client.create_key(key="sk-made-over-there-0002", **{k: v for k, v in body.items() if v is not None})
    with pytest.raises(NotAdoptable):
        adopt(settings)
    assert ApiKey.objects.count() == 1


def test_a_stranger_of_a_team_becomes_a_service_key(admin_client, adopt, settings, chat_model, gateway):
    team = TeamFactory.create()
    admin_client.create_key(
        key="sk-made-over-there-0003", key_alias="robot", team_id=str(team.pk), models=[chat_model.pk]
    )
    key = adopt(settings)
    assert (key.owner, key.team, key.is_service) == (None, team, True)
