"""What no use case may get past."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from litellm_sync import windows
from teams.models import DEFAULT_TEAM_ID, Invitation, Member, Team
from tests.factories import NOW, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_budget": -1},
        {"soft_budget": 6, "max_budget": 5},
        {"tpm_limit": -1},
        {"budget_window": "fortnightly"},
        {"budget_window": "0d"},
        {"is_active": False},
        {"deactivated_at": NOW},
        {"deleted_at": NOW},
        {"name": ""},
    ],
)
def test_a_team_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        TeamFactory(**wrong)


@pytest.mark.parametrize("window", ["", "daily", "weekly", "monthly", "yearly", "12h", "30d", "2mo"])
def test_a_window_is_a_word_or_a_duration(window):
    assert TeamFactory(budget_window=window).budget_window == windows.read_window(window)


def test_the_default_team_is_there_and_can_not_be_deleted():
    team = Team.objects.get(pk=DEFAULT_TEAM_ID)
    assert team.is_default
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.filter(pk=team.pk).update(is_active=False, deactivated_at=NOW, deleted_at=NOW)


def test_somebody_sees_the_own_teams_and_the_one_of_everybody():
    user, other, operator = UserFactory(), UserFactory(), UserFactory(is_operator=True)
    mine, left, theirs, gone = TeamFactory(), TeamFactory(), TeamFactory(), TeamFactory()
    for team in (mine, left, gone):
        Member.objects.create(team=team, user=user, joined_at=NOW)
    Member.objects.create(team=theirs, user=other, joined_at=NOW)
    Member.objects.filter(team=left).update(removed_at=NOW + timedelta(days=1))
    Team.objects.filter(pk=gone.pk).update(is_active=False, deactivated_at=NOW, deleted_at=NOW)
    assert set(Team.objects.visible_to(user)) == {mine, Team.objects.get(pk=DEFAULT_TEAM_ID)}
    assert Team.objects.visible_to(operator).count() == 4


def test_there_is_one_open_invitation_for_an_address():
    team = TeamFactory()
    rows = {"team": team, "expires_at": NOW + timedelta(days=7)}
    Invitation.objects.create(email="a@example.com", token_hash="1", **rows)
    Invitation.objects.create(email="b@example.com", token_hash="2", **rows)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(email="A@example.com", token_hash="3", **rows)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(token_hash="4", **rows)
