"""Keys of a team that nobody owns, on the pages of who looks after the team."""

import pytest
from django.utils import timezone

from apikeys import secrets, services
from apikeys.models import ApiKey
from teams.models import Member
from tests.factories import ModelFactory, TeamFactory, UserFactory
from tests.portal.conftest import signed_in
from tests.portal.test_api_keys import CALLS

pytestmark = pytest.mark.django_db
FORM = {"request_token": "form-1", "name": "robot", "model_ids": ["lab/one"], "permissions": CALLS}


@pytest.fixture
def team(person):
    ModelFactory(id="lab/one")
    made = TeamFactory(name="Lab")
    Member.objects.create(team=made, user=person, role="admin", joined_at=timezone.now())
    return made


@pytest.fixture
def key(team, browser):
    browser.post(f"/teams/{team.pk}/keys/new", FORM)
    return ApiKey.objects.get()


def test_one_is_made_without_a_subscription_and_shown_once(team, browser):
    assert "Create service key" in browser.get(f"/teams/{team.pk}/keys").text
    form = browser.get(f"/teams/{team.pk}/keys/new").text
    assert "Create a service key of Lab" in form
    assert "those that the team may use" in form
    made = browser.post(f"/teams/{team.pk}/keys/new", FORM)
    key = ApiKey.objects.get()
    assert (key.owner, key.team, key.name) == (None, team, "robot")
    secret = secrets.read_from(key.current_secret)
    assert secret in made.text
    assert secret not in browser.get(f"/api-keys/{key.pk}").text


def test_only_models_that_the_team_allows_are_offered(team, browser):
    other = ModelFactory(id="lab/two")
    team.allowed_models.add(other)
    page = browser.get(f"/teams/{team.pk}/keys/new").text
    assert "lab/two" in page
    assert "lab/one" not in page
    assert browser.post(f"/teams/{team.pk}/keys/new", FORM).status_code == 200
    assert not ApiKey.objects.exists()


def test_its_page_offers_everything_but_to_reveal_it(key, team, browser):
    assert f"/api-keys/{key.pk}" in browser.get(f"/teams/{team.pk}/keys").text
    page = browser.get(f"/api-keys/{key.pk}").text
    assert "Reveal key" not in page
    for offer in ("Change", "Rotate key", "Revoke key"):
        assert offer in page
    # It is the team's, so it is not among one's own.
    assert "robot" not in browser.get("/api-keys").text
    changed = {"name": "android", "model_ids": ["lab/one"], "permissions": CALLS, "expires": "_keep"}
    browser.post(f"/api-keys/{key.pk}/change", {**changed, "expires": "keep"})
    rotated = browser.post(f"/api-keys/{key.pk}/rotate", {"overlap": "3600"})
    key.refresh_from_db()
    assert key.name == "android"
    assert secrets.read_from(key.current_secret) in rotated.text
    assert browser.post(f"/api-keys/{key.pk}/revoke")["Location"] == f"/teams/{team.pk}/keys"
    key.refresh_from_db()
    assert key.is_revoked


def test_members_operators_and_strangers_have_no_business_with_it(key, team, operator):
    member = UserFactory()
    Member.objects.create(team=team, user=member, role="member", joined_at=timezone.now())
    for visitor in (member, operator, UserFactory()):
        browser = signed_in(visitor)
        for page in ("", "/change", "/rotate", "/revoke"):
            assert browser.get(f"/api-keys/{key.pk}{page}").status_code == 404, (visitor, page)
    assert signed_in(member).get(f"/teams/{team.pk}/keys/new").status_code == 403


def test_it_stays_with_the_team_when_its_maker_leaves(key, team, browser, person):
    successor = UserFactory()
    Member.objects.create(team=team, user=successor, role="admin", joined_at=timezone.now())
    browser.post(f"/teams/{team.pk}/members/{person.pk}/remove")
    key.refresh_from_db()
    assert not key.is_revoked
    assert signed_in(successor).get(f"/api-keys/{key.pk}").status_code == 200
    assert browser.get(f"/api-keys/{key.pk}").status_code == 404
    services.revoke_api_key(actor=successor, key_id=key.pk, now=timezone.now())
