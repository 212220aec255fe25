"""Teams as a browser without script sees and changes them."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apikeys.services import issue_api_key
from litellm_sync.models import GatewaySpend
from teams import services
from teams.models import DEFAULT_TEAM_ID, Invitation, Member, Team
from teams.roles import role_in
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory
from tests.portal.conftest import signed_in
from tests.teams.conftest import put_in

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 14
DEFAULT = f"/teams/{DEFAULT_TEAM_ID}"


@pytest.fixture
def browser(head):
    return signed_in(head)


@pytest.fixture
def members_browser(member):
    return signed_in(member)


@pytest.fixture
def operators_browser(operator):
    return signed_in(operator)


@pytest.fixture
def no_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"


def text_of(response):
    assert response.status_code == 200
    return response.content.decode()


def said(response):
    return [str(message) for message in response.context["messages"]]


def invite(head, team, **more):
    return services.invite(actor=head, team_id=team.pk, now=timezone.now(), **more)


# --- reading


def test_the_list_shows_ones_teams_and_the_default_one(browser, team):
    TeamFactory(name="Not mine")
    page = text_of(browser.get("/teams"))
    assert "Physics" in page
    assert "Everybody" in page
    assert "Not mine" not in page
    assert "New team" not in page


def test_operators_ask_for_all_teams_and_make_new_ones(operators_browser, team):
    assert "Physics" not in text_of(operators_browser.get("/teams"))
    page = text_of(operators_browser.get("/teams?everybodys=on"))
    assert "Physics" in page
    assert "New team" in page


def test_filters_narrow_the_list(browser, team):
    assert "Physics" not in text_of(browser.get("/teams?search=chem"))
    assert "Everybody" not in text_of(browser.get("/teams?role=admin"))
    assert "Nothing fits" in text_of(browser.get("/teams?search=chem"))


def test_the_overview_shows_the_budget_and_what_is_not_known_as_such(browser, team):
    Team.objects.filter(pk=team.pk).update(max_budget=10, budget_window="monthly")
    assert "N/A" in text_of(browser.get(f"/teams/{team.pk}"))
    GatewaySpend.objects.create(
        kind="team", gateway_id=str(team.pk), object_id=team.pk, spend="5", as_of=timezone.now()
    )
    page = text_of(browser.get(f"/teams/{team.pk}"))
    assert "$5.00" in page
    assert "Leave team" in page


def test_strangers_find_no_page(team):
    stranger = signed_in(UserFactory())
    for address in (
        "",
        "/members",
        "/invitations",
        "/settings",
        "/delete",
        "/members/add",
        "/invitations/new",
    ):
        assert stranger.get(f"/teams/{team.pk}{address}").status_code == 404


@pytest.mark.parametrize(
    "address", ["/invitations", "/settings", "/delete", "/members/add", "/invitations/new", "/active"]
)
def test_members_are_refused_what_is_not_theirs(members_browser, team, address):
    assert members_browser.get(f"/teams/{team.pk}{address}").status_code == 403


def test_read_only_operators_look_and_change_nothing(team, member):
    browser = signed_in(UserFactory(is_auditor=True))
    for address in ("", "/members", "/invitations", "/settings"):
        page = text_of(browser.get(f"/teams/{team.pk}{address}"))
        assert "Save" not in page
        assert "Remove from team" not in page
    assert browser.post(f"/teams/{team.pk}/settings", {"name": "x"}).status_code == 403
    assert browser.post(f"/teams/{team.pk}/members/{member.pk}/remove").status_code == 403


def test_the_default_team_can_not_be_left(browser, operators_browser):
    page = text_of(browser.get(DEFAULT))
    assert "Leave team" not in page
    assert "be left" in page
    page = text_of(operators_browser.get(f"{DEFAULT}/settings"))
    assert "Delete team" not in page
    assert operators_browser.get(f"{DEFAULT}/delete").status_code == 403
    assert text_of(operators_browser.get(f"{DEFAULT}/members")).count("Change role or budget") == 2


# --- making and changing


def test_an_operator_makes_a_team(operators_browser, operator):
    ModelFactory(id="lab/chat")
    values = {
        "name": "Chemistry",
        "max_budget": "12.5",
        "budget_duration": "monthly",
        "rpm_limit": "1,000",
        "allowed_models": ["lab/chat"],
    }
    response = operators_browser.post("/teams/new", values, follow=True)
    assert said(response) == ["The team Chemistry is made."]
    team = Team.objects.get(name="Chemistry")
    assert (team.max_budget, team.budget_window, team.rpm_limit) == (Decimal("12.5"), "monthly", 1000)
    again = operators_browser.post("/teams/new", values)
    assert again.context["form"].errors == {"name": ["There is an active team with this name."]}


def test_a_team_administrator_changes_its_name_and_nothing_else(browser, team):
    browser.post(f"/teams/{team.pk}/settings", {"name": "Astro", "max_budget": "99"})
    team.refresh_from_db()
    assert (team.name, team.max_budget) == ("Astro", None)


def test_what_is_wrong_is_said_at_its_field(operators_browser, team):
    values = {"name": "Physics", "max_budget": "1", "soft_budget": "2"}
    response = operators_browser.post(f"/teams/{team.pk}/settings", values)
    assert response.context["form"].errors == {
        "soft_budget": ["The soft budget must not be above the budget."]
    }


def test_saving_the_settings_as_they_are_changes_nothing(operators_browser, team):
    gone = ModelFactory(id="lab/gone", availability="unavailable", unavailable_since=timezone.now())
    team.allowed_models.add(gone)
    Team.objects.filter(pk=team.pk).update(max_budget=Decimal("12.50"), budget_window="30d")
    form = operators_browser.get(f"/teams/{team.pk}/settings").context["form"]
    values = {name: value for name, value in form.initial.items() if value is not None}
    response = operators_browser.post(f"/teams/{team.pk}/settings", values, follow=True)
    assert said(response) == ["The team is changed."]
    team.refresh_from_db()
    assert (team.max_budget, team.budget_window) == (Decimal("12.5"), "30d")
    assert list(team.allowed_models.all()) == [gone]


def test_a_team_is_switched_off_and_on_and_a_second_click_changes_nothing(operators_browser, team):
    path = f"/teams/{team.pk}/active"
    assert "Deactivate" in text_of(operators_browser.get(path))
    for _ in range(2):
        operators_browser.post(path, {"active": "off"})
    team.refresh_from_db()
    assert not team.is_active
    assert "Activate" in text_of(operators_browser.get(path))
    operators_browser.post(path, {"active": "on"})
    team.refresh_from_db()
    assert team.is_active


def test_deleting_says_what_it_touches_and_asks_for_the_name(operators_browser, team, head, member):
    path = f"/teams/{team.pk}/delete"
    key_of(member, team, "nightly")
    page = text_of(operators_browser.get(path))
    assert "<strong>2 people</strong>: head, member" in page
    assert "<strong>1 API key</strong>: nightly" in page
    assert Team.objects.filter(pk=team.pk, is_active=True).exists(), "asking changes nothing"
    response = operators_browser.post(path, {"confirmation": "physics"})
    assert response.context["form"].errors == {"confirmation": ["This is not the name of the team."]}
    response = operators_browser.post(path, {"confirmation": "Physics"}, follow=True)
    assert said(response) == ["The team Physics is deleted."]
    assert operators_browser.get(f"/teams/{team.pk}").status_code == 404


def test_what_can_not_be_deleted_is_said_before_anything_is_typed(browser, team):
    GatewaySpend.objects.create(
        kind="team", object_id=team.pk, gateway_id=str(team.pk), spend=Decimal(1), as_of=timezone.now()
    )
    page = text_of(browser.get(f"/teams/{team.pk}/delete"))
    assert "The team has spent something" in page
    assert "Type it to confirm" not in page


def test_who_saves_the_settings_second_sees_both_versions(operators_browser, team):
    path = f"/teams/{team.pk}/settings"
    seen = operators_browser.get(path).context["form"].version
    mine = {"name": "Physics", "description": "Mine", "version": seen}
    theirs = {"name": "Physics", "description": "Theirs", "version": seen}
    assert operators_browser.post(path, theirs).status_code == 302
    page = text_of(operators_browser.post(path, mine))
    assert "Mine" in page
    assert "Theirs" in page
    assert Team.objects.get(pk=team.pk).description == "Theirs"


def test_readers_find_the_settings_closed(team):
    page = text_of(signed_in(UserFactory.create(is_auditor=True)).get(f"/teams/{team.pk}/settings"))
    assert "disabled" in page.split('name="name"')[1].split(">")[0]
    assert "Save" not in page


def test_the_last_administrator_finds_leaving_closed_with_the_reason(browser, team, head):
    for path in (f"/teams/{team.pk}", f"/teams/{team.pk}/members"):
        page = text_of(browser.get(path))
        assert "This is the last administrator of the team." in page
        assert f"/members/{head.pk}/remove" not in page


def test_lists_are_sorted_and_had_as_files(browser, operators_browser, team, head):
    TeamFactory(name="=Astronomy", max_budget=5)
    answer = operators_browser.get("/teams?everybodys=on&columns=budget&sort=-budget&format=csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[:2] == ["Name,Budget", "'=Astronomy,5"]
    answer = browser.get(f"/teams/{team.pk}/members?columns=role.spend&sort=-name&format=csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines == ["Name,Role,Spend in the team", "Member,Member,", "Head,Team administrator,"]


def test_spend_is_reset_with_a_reason(operators_browser, team):
    path = f"/teams/{team.pk}/reset-spend"
    assert operators_browser.post(path, {}).context["form"].errors == {"reason": ["Give a reason."]}
    operators_browser.post(path, {"reason": "Granted"})
    team.refresh_from_db()
    assert team.spend_reset_wanted_at


# --- members


def test_members_are_added_changed_and_removed(operators_browser, team):
    user = UserFactory(username="newton", full_name="Isaac Newton")
    path = f"/teams/{team.pk}/members"
    wrong = operators_browser.post(f"{path}/add", {"user_id": "nobody", "role": "member"})
    assert "user_id" in wrong.context["form"].errors
    operators_browser.post(f"{path}/add", {"user_id": "NEWTON", "role": "member"})
    assert "Isaac Newton" in text_of(operators_browser.get(path))
    change = {"role": "viewer", "max_budget_in_team": "3"}
    operators_browser.post(f"{path}/{user.pk}/change", change)
    assert Member.objects.get(team=team, user=user).max_budget == 3
    assert role_in(team.pk, user.pk) == "viewer"
    response = operators_browser.post(f"{path}/{user.pk}/remove", {}, follow=True)
    assert said(response)[-1] == "Isaac Newton is no longer in the team."


def test_the_last_administrator_is_told_why_not(browser, team, head):
    response = browser.post(f"/teams/{team.pk}/members/{head.pk}/remove", {})
    assert "last administrator" in text_of(response)
    response = browser.post(f"/teams/{team.pk}/members/{head.pk}/change", {"role": "member"})
    assert "last administrator" in text_of(response)


def key_of(user, team, name):
    SubscriptionFactory(user=user, model=ModelFactory(id=f"lab/{name}"))
    return issue_api_key(
        actor=user, team_id=team.pk, model_ids=[f"lab/{name}"], name=name, now=timezone.now()
    ).key


def test_leaving_names_the_keys_and_offers_who_takes_them(members_browser, team, head, member):
    path = f"/teams/{team.pk}/members/{member.pk}/remove"
    assert "No key of the team is affected." in text_of(members_browser.get(path))
    key_of(member, team, "nightly")
    page = text_of(members_browser.get(path))
    assert "<strong>1 API key</strong>: nightly" in page
    assert "Give them to Head" in page
    assert role_in(team.pk, member.pk) == "member", "asking changes nothing"
    response = members_browser.post(path, {"transfer_keys_to": str(head.pk)}, follow=True)
    assert said(response) == ["You have left the team Physics."]


def test_a_member_is_found_by_name(browser, team):
    assert "member@example.com" in text_of(browser.get(f"/teams/{team.pk}/members?search=MEMB"))
    assert "Nobody fits" in text_of(browser.get(f"/teams/{team.pk}/members?search=zzz"))


# --- invitations


def test_without_mail_the_link_is_shown_once(no_mail, browser, team):
    values = {"email": "guest@example.com", "role": "member", "expires_in_days": "3", "message": "Hi"}
    page = text_of(browser.post(f"/teams/{team.pk}/invitations/new", values))
    token = re.search(r"/invitations/([\w-]{43})", page)[1]
    assert token not in text_of(browser.get(f"/teams/{team.pk}/invitations"))
    guest = signed_in(UserFactory(email="guest@example.com"))
    page = text_of(guest.get(f"/invitations/{token}"))
    assert "Head invites you" in page
    assert Invitation.objects.get().status == "pending"
    response = guest.post(f"/invitations/{token}/accept", follow=True)
    assert said(response) == ["You are in the team Physics."]
    again = guest.post(f"/invitations/{token}/accept", follow=True)
    assert "This invitation is over" in text_of(again)


def test_with_mail_the_link_is_not_shown(browser, team, django_capture_on_commit_callbacks):
    values = {"email": "guest@example.com", "role": "member", "expires_in_days": "3"}
    response = browser.post(f"/teams/{team.pk}/invitations/new", values, follow=True)
    assert said(response) == ["The invitation is on its way."]
    assert mail.outbox == []


def test_somebody_is_invited_by_user_name(browser, team):
    user = UserFactory(username="newton")
    values = {"email": "Newton", "role": "member", "expires_in_days": "3"}
    browser.post(f"/teams/{team.pk}/invitations/new", values)
    assert Invitation.objects.get().user == user
    values["email"] = "nobody"
    response = browser.post(f"/teams/{team.pk}/invitations/new", values)
    assert response.context["form"].errors == {"email": ["There is no active account with this user name."]}


def test_an_open_invitation_is_answered_from_the_list(no_mail, head, team):
    guest = UserFactory()
    row = invite(head, team, user_id=guest.pk).invitation
    client = signed_in(guest)
    assert "You are invited to the team “Physics”" in text_of(client.get("/teams"))
    response = client.post(f"/invitations/{row.pk}/decline", follow=True)
    assert said(response) == ["You have declined the invitation to Physics."]
    assert "You are invited" not in text_of(client.get("/teams"))


def test_an_invitation_is_sent_again_and_taken_back(no_mail, browser, head, team):
    row = invite(head, team, email="a@example.com").invitation
    path = f"/teams/{team.pk}/invitations/{row.pk}"
    assert "/invitations/" in text_of(browser.post(f"{path}/resend"))
    assert "a@example.com" in text_of(browser.get(f"{path}/revoke"))
    browser.post(f"{path}/revoke")
    assert "Revoked" in text_of(browser.get(f"/teams/{team.pk}/invitations"))
    assert browser.post(f"{path}/resend").status_code in {400, 409}


def test_a_link_for_somebody_else_leads_nowhere(no_mail, head, team, member):
    row = invite(head, team, email="a@example.com").invitation
    stranger = signed_in(UserFactory())
    assert stranger.get(f"/invitations/{row.pk}").status_code == 404
    assert stranger.post(f"/invitations/{row.pk}/accept").status_code == 404
    assert stranger.get("/invitations/no-such-token").status_code == 404


def test_a_reader_sees_the_invitation_and_can_not_answer(no_mail, head, team):
    reader = UserFactory(roles=["readonly"])
    row = invite(head, team, user_id=reader.pk).invitation
    client = signed_in(reader)
    assert "read-only" in text_of(client.get(f"/invitations/{row.pk}"))
    assert "Accept" not in text_of(client.get("/teams"))
    assert client.post(f"/invitations/{row.pk}/accept").status_code == 403


# --- keys


def test_the_keys_of_a_team_are_a_tab_for_who_may_see_them(browser, members_browser, team, head, member):
    for user in (head, member):
        SubscriptionFactory(user=user, model=ModelFactory(id=f"lab/{user.username}"))
        issue_api_key(
            actor=user,
            team_id=team.pk,
            model_ids=[f"lab/{user.username}"],
            name=f"Key of {user.username}",
            now=timezone.now(),
        )
    page = text_of(browser.get(f"/teams/{team.pk}/keys"))
    assert "Key of head" in page
    assert "Key of member" in page
    page = text_of(members_browser.get(f"/teams/{team.pk}/keys"))
    assert "Key of head" not in page
    assert "Key of member" in page
    assert signed_in(UserFactory()).get(f"/teams/{team.pk}/keys").status_code == 404
    assert browser.get("/teams").context["key_counts"] == {team.pk: 2, DEFAULT_TEAM_ID: 0}


# --- cost


def statements(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200, address
    return len(captured)


def fill(team, count):
    for at in range(count):
        put_in(team, UserFactory())
        Invitation.objects.create(
            team=team,
            email=f"{team.pk.hex}{Invitation.objects.count()}@b.example",
            token_hash=f"{team.pk.hex}{Invitation.objects.count()}-{at}",
            expires_at=timezone.now() + timedelta(days=1),
        )


@pytest.mark.parametrize("address", ["", "/members?page_size=50", "/invitations?page_size=50"])
def test_a_page_costs_the_same_for_one_row_and_for_fifty(browser, team, address):
    fill(team, 1)
    few = statements(browser, f"/teams/{team.pk}{address}")
    fill(team, 48)
    assert statements(browser, f"/teams/{team.pk}{address}") == few <= MOST_STATEMENTS


def test_the_list_costs_the_same_for_one_team_and_for_fifty(operators_browser, head):
    address = "/teams?everybodys=on&page_size=50"
    team = TeamFactory()
    put_in(team, head, "admin")
    few = statements(operators_browser, address)
    for _ in range(48):
        fill(TeamFactory(max_budget=5), 1)
    assert statements(operators_browser, address) == few <= MOST_STATEMENTS
