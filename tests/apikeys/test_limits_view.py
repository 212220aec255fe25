"""What applies to somebody's keys, as pages show it (ui.md §3.11)."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apikeys.web.limits import of_key, of_user, shown_in_team
from litellm_sync.models import GatewaySpend
from teams.models import Member
from tests.factories import NOW, TeamFactory, UserFactory
from tests.portal.conftest import issue, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory.create(username="uma", full_name="Uma User", max_budget=100)


@pytest.fixture
def team():
    return TeamFactory.create(name="Physics", max_budget=50, budget_window="monthly", rpm_limit=60)


def spent(kind, pk, amount):
    GatewaySpend.objects.create(
        kind=kind, object_id=pk, gateway_id=f"{kind} {pk}", spend=Decimal(amount), as_of=NOW
    )


def put_in(team, user, **more):
    return Member.objects.create(team=team, user=user, role="member", joined_at=NOW, **more)


def kinds(levels):
    return [str(level.title) for level in levels]


def test_levels_stand_from_the_person_to_the_model(person, team):
    put_in(team, person, max_budget=10)
    subscribe(person, "lab/chat")
    key = issue(person, "build", "lab/chat")
    key.team = team
    key.model_rpm_limit = {"lab/chat": 5}
    levels = of_key(key, person, now=timezone.now()).levels
    assert kinds(levels) == ["You", "Team", "Your place in the team", "This key", "Model"]


def test_the_budget_with_the_least_left_stops_first(person, team):
    place = put_in(team, person, max_budget=40)
    for kind, pk, amount in (("user", person.pk, 1), ("team", team.pk, 20), ("member", place.pk, 15)):
        spent(kind, pk, amount)
    levels = shown_in_team(team, person, True)
    assert [level.stops_first for level in levels] == [False, False, True]
    assert [level.remaining for level in levels] == [99, 30, 25]


def test_what_stops_first_is_not_guessed_where_a_spend_is_unknown(person, team):
    place = put_in(team, person, max_budget=40)
    spent("member", place.pk, 15)
    levels = shown_in_team(team, person, True)
    assert not any(level.stops_first for level in levels)
    assert levels[1].remaining is None


def test_who_is_not_in_the_team_sees_what_holds_for_its_service_keys(team):
    assert kinds(shown_in_team(team, UserFactory.create(is_operator=True), False)) == ["Team"]


def test_others_are_named_to_an_operator(person):
    views = of_user(person, UserFactory.create(is_operator=True), now=timezone.now())
    assert (str(views[0].levels[0].title), views[0].levels[0].name) == ("User", "Uma User")


def test_every_team_is_a_stack_of_its_own_in_a_fixed_number_of_statements(person):
    def statements():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            views = of_user(person, person, now=timezone.now())
        return len(caught), [view.title for view in views]

    put_in(TeamFactory.create(name="A"), person)
    few, _titles = statements()
    for name in "BCDEF":
        put_in(TeamFactory.create(name=name), person)
    many, titles = statements()
    assert many == few
    assert titles[:3] == ["Keys without a team", "Keys of the team A", "Keys of the team B"]
