"""Keys of a team, as their members come and go: what LiteLLM would delete survives."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apikeys import services
from litellm_sync.differences import differences
from litellm_sync.models import GatewayObject
from litellm_sync.registry import mirror_of
from teams import services as team_services
from teams.models import DEFAULT_TEAM_ID, Member
from tests.apikeys.conftest import call_model
from tests.factories import SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=2)


@pytest.fixture
def head(chat_model):
    user = UserFactory.create(is_operator=True)
    SubscriptionFactory.create(user=user, model=chat_model)
    return user


@pytest.fixture
def team(gateway, head, owner):
    made = team_services.create_team(actor=head, name="Physics", now=timezone.now())
    join(head, made, owner)
    return made


def join(head, team, user, **more):
    return team_services.add_member(actor=head, team_id=team.pk, user_id=user.pk, now=timezone.now(), **more)


def leave(team, user, **more):
    return team_services.remove_member(
        actor=user, team_id=team.pk, user_id=user.pk, now=timezone.now(), **more
    )


@pytest.fixture
def issue(chat_model, drain):
    """Makes a key and waits for the gateway, which a request would do for a moment only."""

    def make(actor, team_id, **more):
        issued = services.issue_api_key(
            actor=actor, team_id=team_id, model_ids=[chat_model.pk], now=timezone.now(), **more
        )
        settle(drain)
        return issued

    return make


def there(admin_client, key):
    return admin_client.get_key(key.current_secret.token_hash)


def settle(drain):
    """Everything that has to wait for something else gets its turn."""
    for _ in range(3):
        drain(LATER)
    assert not GatewayObject.objects.dirty().exists()


def in_gateways_team(admin_client, team, user):
    entries = admin_client.get_team(str(team.pk))["members_with_roles"]
    return str(user.pk) in {entry["user_id"] for entry in entries}


def test_a_teams_key_works_once_its_team_and_member_are_there(
    issue, gateway, admin_client, team, owner, chat_model
):
    issued = issue(owner, team.pk)
    assert call_model(gateway, issued.secret, chat_model.pk) == 200
    row = there(admin_client, issued.key)
    assert (row["user_id"], row["team_id"]) == (str(owner.pk), str(team.pk))
    assert in_gateways_team(admin_client, team, owner)


def test_a_leavers_key_stops_survives_and_comes_back_as_it_was(
    issue, gateway, admin_client, team, head, owner, chat_model, drain
):
    issued = issue(owner, team.pk)
    admin_client.update_key(issued.key.current_secret.token_hash, spend=Decimal("1.5"))
    leave(team, owner)
    settle(drain)
    row = there(admin_client, issued.key)
    assert (row["blocked"], row["user_id"], row["spend"]) == (True, None, Decimal("1.5"))
    assert not in_gateways_team(admin_client, team, owner)
    assert call_model(gateway, issued.secret, chat_model.pk) == 401
    join(head, team, owner)
    settle(drain)
    row = there(admin_client, issued.key)
    assert (row["blocked"], row["user_id"], row["spend"]) == (False, str(owner.pk), Decimal("1.5"))
    assert call_model(gateway, issued.secret, chat_model.pk) == 200


def test_a_key_that_is_taken_over_goes_on_with_its_spend(
    issue, gateway, admin_client, team, head, owner, chat_model, drain
):
    issued = issue(owner, team.pk)
    admin_client.update_key(issued.key.current_secret.token_hash, spend=Decimal("1.5"))
    leave(team, owner, transfer_keys_to=head.pk)
    settle(drain)
    row = there(admin_client, issued.key)
    assert (row["user_id"], row["spend"], bool(row["blocked"])) == (str(head.pk), Decimal("1.5"), False)
    assert not in_gateways_team(admin_client, team, owner)
    assert call_model(gateway, issued.secret, chat_model.pk) == 200


def test_a_service_key_does_not_notice_who_leaves(
    issue, gateway, admin_client, team, head, owner, chat_model, drain
):
    team_services.change_member(
        actor=head, team_id=team.pk, user_id=owner.pk, role="admin", now=timezone.now()
    )
    issued = issue(owner, team.pk, is_service=True)
    leave(team, owner)
    settle(drain)
    assert there(admin_client, issued.key)["user_id"] is None
    assert call_model(gateway, issued.secret, chat_model.pk) == 200


def test_a_viewer_holds_no_working_key(issue, gateway, team, head, owner, chat_model, drain):
    issued = issue(owner, team.pk)
    for role, status in (("viewer", 401), ("member", 200)):
        team_services.change_member(
            actor=head, team_id=team.pk, user_id=owner.pk, role=role, now=timezone.now()
        )
        settle(drain)
        assert call_model(gateway, issued.secret, chat_model.pk) == status


def test_a_team_that_is_off_stops_its_keys_and_one_that_is_on_again_restores_them(
    issue, gateway, team, head, owner, chat_model, drain
):
    issued = issue(owner, team.pk)
    for is_active, status in ((False, 401), (True, 200)):
        changes = {"is_active": is_active}
        team_services.change_team(actor=head, team_id=team.pk, changes=changes, now=timezone.now())
        settle(drain)
        assert call_model(gateway, issued.secret, chat_model.pk) == status


def test_a_key_in_the_default_team_has_its_team_there(issue, gateway, admin_client, owner, chat_model):
    issued = issue(owner, DEFAULT_TEAM_ID)
    assert admin_client.get_team(str(DEFAULT_TEAM_ID))["team_alias"] == "Everybody"
    assert call_model(gateway, issued.secret, chat_model.pk) == 200


def test_the_reconciler_wishes_what_the_applier_made(
    issue, gateway, admin_client, team, head, owner, chat_model, drain
):
    key = issue(owner, team.pk).key
    leave(team, owner)
    settle(drain)
    mirror = mirror_of("key")
    token = key.current_secret.token_hash
    wish = mirror.wishes([token])[token]
    assert wish.fields["user_id"] is None
    assert differences(wish.fields, mirror.read(there(admin_client, key))) == []
    assert Member.objects.get(team=team, user=owner).removed_at
