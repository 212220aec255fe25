"""A team's usage on its pages: all of it for who looks after the team, one's own part for the others."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apikeys.models import ApiKey
from teams.models import Member
from tests.factories import TeamFactory, UserFactory
from tests.usage.conftest import log_row
from usage.ledger import write_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def team(make_key):
    """Ada looks after it, Bob is in it; both used keys that the team pays for, and Bob one of his own."""
    ada, bob = UserFactory(username="ada"), UserFactory(username="bob")
    made = TeamFactory(name="Lab")
    Member.objects.create(team=made, user=ada, role="admin")
    Member.objects.create(team=made, user=bob, role="member")
    make_key("hash-1", owner=ada, name="of ada", team=made)
    make_key("hash-2", owner=bob, name="of bob", team=made)
    make_key("hash-3", owner=bob, name="private", team=None)
    now = timezone.now()
    rows = [
        log_row(n, api_key=f"hash-{1 + n % 3}", model_group=f"lab/m{n % 3}", at=now - timedelta(hours=n))
        for n in range(9)
    ]
    write_rows(rows, now=now)
    return made, ada, bob


def test_who_looks_after_the_team_sees_all_of_it_by_member(client, team):
    made, ada, _bob = team
    client.force_login(ada)
    answer = client.get(f"/teams/{made.pk}/usage")
    text = answer.content.decode()
    assert answer.context["total"].requests == 6
    assert "By member" in text
    for shown in ("of ada", "of bob", "lab/m0", "lab/m1", "bob"):
        assert shown in text
    assert "private" not in text
    assert "lab/m2" not in text
    assert client.get(f"/teams/{made.pk}/usage", {"modelIds": "lab/m1"}).context["total"].requests == 3


def test_a_member_sees_the_own_part(client, team):
    made, _ada, bob = team
    client.force_login(bob)
    answer = client.get(f"/teams/{made.pk}/usage")
    assert answer.context["total"].requests == 3
    text = answer.content.decode()
    assert "of ada" not in text
    assert "By member" not in text
    assert "What your keys of this team used" in text


def test_a_stranger_sees_nothing(client, team):
    client.force_login(UserFactory())
    assert client.get(f"/teams/{team[0].pk}/usage").status_code == 404


def test_the_teams_page_shows_the_spend_of_a_month(client, team):
    made, ada, _bob = team
    client.force_login(ada)
    assert "Spend, last 30 days" in client.get(f"/teams/{made.pk}").content.decode()
    empty = TeamFactory()
    Member.objects.create(team=empty, user=ada, role="admin")
    assert "Spend, last 30 days" not in client.get(f"/teams/{empty.pk}").content.decode()
    assert "No usage in this period" in client.get(f"/teams/{empty.pk}/usage").content.decode()


def test_service_keys_are_the_teams_and_their_use_is_not_unattributed(client, team, make_key):
    made, ada, _bob = team
    key = make_key("hash-4", name="nightly", team=made)
    ApiKey.objects.filter(pk=key.pk).update(owner=None)
    now = timezone.now()
    write_rows([log_row(20, api_key="hash-4", at=now), log_row(21, api_key="unknown", at=now)], now=now)
    client.force_login(ada)
    members = client.get(f"/teams/{made.pk}/usage", {"tab": "member"}).content.decode()
    assert "The team (service key)" in members
    assert "Unknown" not in members
    client.force_login(UserFactory(is_operator=True))
    assert client.get("/operations/usage").context["unattributed"] == 1
    by_key = client.get("/operations/usage", {"tab": "key"}).content.decode()
    assert ("The team (service key)" in by_key, "Unknown key" in by_key) == (True, True)
    assert "keys that the portal does not know" in client.get("/operations/usage?tab=user").content.decode()
    span = {"startDate": now.date().isoformat(), "endDate": now.date().isoformat()}
    answer = client.post("/api/v1/admin/usage/analytics", span, content_type="application/json")
    assert answer.json()["dataQuality"]["unattributedRequests"] == 1
