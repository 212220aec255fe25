"""Teams over REST (contract §9): who may what, and the exact shapes."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from litellm_sync.models import GatewayObject, GatewaySpend
from teams.models import DEFAULT_TEAM_ID, Invitation, Member, Team
from tests.api.conftest import ApiClient
from tests.factories import NOW, ModelFactory, TeamFactory, UserFactory
from tests.teams.conftest import put_in

DEFAULT = f"teams/{DEFAULT_TEAM_ID}"
TEAM_FIELDS = {
    *(
        "id",
        "name",
        "alias",
        "description",
        "liteLLMTeamId",
        "maxBudget",
        "currentSpend",
        "budgetUtilization",
    ),
    *("budgetDuration", "budgetResetAt", "softBudget", "tpmLimit", "rpmLimit", "allowedModels", "metadata"),
    *(
        "isActive",
        "isDefault",
        "memberCount",
        "members",
        "membersTruncated",
        "myRole",
        "createdAt",
        "updatedAt",
    ),
    *("createdBy", "syncStatus", "spendAsOf"),
}


@pytest.fixture
def team(db):
    return TeamFactory(name="Physics", max_budget=10, soft_budget=4, budget_window="monthly")


@pytest.fixture
def as_role(team):
    """A client of somebody with this place in the team; "stranger" has none."""

    def client(role):
        user = UserFactory(username=f"{role}-{uuid4().hex[:6]}")
        if role in Member.Role.values:
            put_in(team, user, role)
        return ApiClient(user)

    return client


@pytest.fixture
def head(as_role):
    return as_role("admin")


@pytest.fixture
def member(as_role):
    return as_role("member")


def spend(team, amount, kind="team", object_id=None):
    GatewaySpend.objects.create(
        kind=kind,
        gateway_id=str(object_id or team.pk),
        object_id=object_id or team.pk,
        spend=amount,
        budget_reset_at=timezone.now(),
        as_of=timezone.now(),
    )


def test_a_team_has_the_contracts_shape(head, member, team):
    spend(team, "5")
    row = head.get(f"teams/{team.pk}").json()
    assert set(row) == TEAM_FIELDS
    assert (row["maxBudget"], row["currentSpend"], row["budgetUtilization"]) == (10, 5, 50)
    assert (row["budgetDuration"], row["myRole"], row["memberCount"]) == ("monthly", "admin", 2)
    assert row["membersTruncated"] is False
    assert {m["user"]["username"] for m in row["members"]} == {head.user.username, member.user.username}
    assert set(row["members"][0]) == {
        *("id", "teamId", "userId", "role", "joinedAt", "addedBy", "maxBudgetInTeam", "currentSpendInTeam"),
        "user",
    }


def test_what_the_gateway_never_told_is_null(head, team):
    row = head.get(f"teams/{team.pk}").json()
    assert (row["currentSpend"], row["budgetUtilization"], row["budgetResetAt"]) == (None, None, None)


def test_one_lists_ones_own_and_operators_everybodys(head, admin, auditor, stranger, team):
    def names(client, **query):
        return [row["name"] for row in client.get("teams", query).json()["data"]]

    assert names(head) == ["Everybody", "Physics"]
    assert names(stranger) == names(admin) == ["Everybody"]
    assert names(auditor, userId="all") == ["Everybody", "Physics"]
    assert names(admin, userId=str(head.user.pk)) == ["Everybody", "Physics"]
    assert stranger.get("teams", {"userId": str(head.user.pk)}).status_code == 404
    assert names(head, search="phys") == names(head, role="admin") == ["Physics"]
    Team.objects.filter(pk=team.pk).update(is_active=False, deactivated_at=timezone.now())
    assert names(head, isActive="false") == ["Physics"]
    assert head.get("teams", {"role": "boss"}).status_code == 400


def test_strangers_find_nothing(stranger, team):
    for address in ("", "/budget", "/members", "/invitations", f"/members/{uuid4()}"):
        assert stranger.get(f"teams/{team.pk}{address}").status_code == 404
    assert stranger.patch(f"teams/{team.pk}", {"name": "x"}).status_code == 404
    assert stranger.delete(f"teams/{team.pk}").status_code == 404
    assert stranger.get("teams/not-a-uuid").status_code == 404


def test_an_operator_makes_a_team(admin):
    model = ModelFactory(id="lab/chat")
    body = {
        "name": "Chemistry",
        "maxBudget": 12.5,
        "budgetDuration": "1mo",
        "softBudget": "10",
        "tpmLimit": "1000",
        "allowedModels": [model.pk],
        "adminIds": [str(UserFactory().pk)],
        "metadata": {"costCentre": "7"},
    }
    answer = admin.post("teams", body)
    assert answer.status_code == 201, answer.json()
    row = answer.json()
    assert (row["maxBudget"], row["budgetDuration"], row["softBudget"]) == (12.5, "monthly", 10)
    assert (row["tpmLimit"], row["allowedModels"], row["memberCount"]) == (1000, ["lab/chat"], 2)
    assert (row["metadata"], row["syncStatus"]) == ({"costCentre": "7"}, "pending")
    again = admin.post("teams", {"name": "chemistry"})
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_EXISTS")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x", "maxBudget": ""}, "maxBudget"),
        ({"name": "x", "maxBudget": -1}, "maxBudget"),
        ({"name": "x", "maxBudget": "NaN"}, "maxBudget"),
        ({"name": "x", "maxBudget": 1e30}, "maxBudget"),
        ({"name": "x", "budgetDuration": "soon"}, "budgetDuration"),
        ({"name": "x", "rpmLimit": 1.5}, "rpmLimit"),
        ({"name": "x", "allowedModels": ["nope"]}, "allowedModels"),
        ({"name": "x", "adminIds": ["nope"]}, "adminIds"),
        ({"name": "x", "metadata": []}, "metadata"),
        ({"name": "x", "softBudget": 5, "maxBudget": 1}, "softBudget"),
    ],
)
def test_a_wrong_field_is_named(admin, wrong, field):
    answer = admin.post("teams", wrong)
    assert answer.status_code == 400
    named = [v["field"] for v in answer.json()["details"]["validation"]]
    assert any(name.startswith(field) for name in named)


def test_people_make_no_teams_unless_the_setting_lets_them(stranger):
    answer = stranger.post("teams", {"name": "Mine"})
    assert (answer.status_code, answer.json()["details"]["requiredPermission"]) == (403, "teams:create")


def test_who_may_change_what(head, member, admin, auditor, team):
    path = f"teams/{team.pk}"
    assert head.patch(path, {"name": "Astro", "description": None}).json()["name"] == "Astro"
    assert head.patch(path, {"maxBudget": 99}).status_code == 403
    assert member.patch(path, {"name": "Mine"}).status_code == 403
    assert auditor.patch(path, {"name": "Mine"}).status_code == 403
    row = admin.patch(path, {"maxBudget": None, "softBudget": None, "isActive": False}).json()
    assert (row["maxBudget"], row["isActive"], row["budgetDuration"]) == (None, False, "monthly")
    assert admin.patch(path, {"isActive": "yes"}).status_code == 400


def test_a_stale_change_is_refused(head, team):
    tag = head.get(f"teams/{team.pk}")["ETag"]
    assert head.patch(f"teams/{team.pk}", {"alias": "a"}, **{"If-Match": tag}).status_code == 200
    assert head.patch(f"teams/{team.pk}", {"alias": "b"}, **{"If-Match": tag}).status_code == 412


def test_deleting_can_be_tried_first(admin, head, team):
    answer = admin.delete(f"teams/{team.pk}?dryRun=true", {"reason": "over"})
    assert answer.status_code == 200
    assert answer.json()["dryRun"] is True
    assert Team.objects.get(pk=team.pk).is_active
    assert admin.delete(f"teams/{team.pk}", {"reason": "over"}).status_code == 204
    assert head.get(f"teams/{team.pk}").status_code == 404


def test_the_default_team_is_everybodys(admin, api, auditor):
    row = api.get(DEFAULT).json()
    assert (row["isDefault"], row["myRole"]) == (True, "member")
    assert row["memberCount"] == 3
    assert [m["userId"] for m in row["members"]] == [str(api.user.pk)]
    assert row["membersTruncated"] is True
    assert auditor.get(f"{DEFAULT}/members").json()["pagination"]["total"] == 3
    assert api.get(f"{DEFAULT}/members").json()["pagination"]["total"] == 1
    assert admin.delete(DEFAULT).status_code == 400
    assert api.delete(f"{DEFAULT}/members/{api.user.pk}").status_code == 400
    assert admin.patch(DEFAULT, {"isActive": False}).status_code == 400
    changed = admin.patch(f"{DEFAULT}/members/{api.user.pk}", {"maxBudgetInTeam": 3})
    assert changed.json()["maxBudgetInTeam"] == 3
    assert api.get(f"{DEFAULT}/members/{api.user.pk}").json()["maxBudgetInTeam"] == 3
    budgets = admin.get(f"{DEFAULT}/budget").json()["memberBudgets"]
    assert [b["userId"] for b in budgets] == [str(api.user.pk)]


# --- members


def test_members_are_listed_with_what_one_may_see(head, member, team):
    for client in (head, member):
        Member.objects.filter(user=client.user).update(max_budget=2)
    rows = head.get(f"teams/{team.pk}/members").json()
    assert [r["maxBudgetInTeam"] for r in rows["data"]] == [2, 2]
    seen = {r["userId"]: r["maxBudgetInTeam"] for r in member.get(f"teams/{team.pk}/members").json()["data"]}
    assert seen == {str(head.user.pk): None, str(member.user.pk): 2}
    assert head.get(f"teams/{team.pk}/members", {"role": "admin"}).json()["pagination"]["total"] == 1
    found = head.get(f"teams/{team.pk}/members", {"search": member.user.username.upper()}).json()["data"]
    assert [r["userId"] for r in found] == [str(member.user.pk)]


def test_an_operator_puts_somebody_in(admin, head, team):
    user = UserFactory()
    body = {"userId": str(user.pk), "role": "viewer", "maxBudgetInTeam": 1.5}
    assert head.post(f"teams/{team.pk}/members", body).status_code == 403
    answer = admin.post(f"teams/{team.pk}/members", body)
    assert answer.status_code == 201
    row = answer.json()
    assert (row["role"], row["maxBudgetInTeam"], row["addedBy"]) == ("viewer", 1.5, str(admin.user.pk))
    assert admin.post(f"teams/{team.pk}/members", body).json()["code"] == "ALREADY_EXISTS"
    assert admin.post(f"teams/{team.pk}/members", {"userId": str(uuid4())}).status_code == 400
    assert admin.post(f"teams/{team.pk}/members", {"userId": "x"}).status_code == 400


def test_roles_change_and_the_last_administrator_stays(head, member, team):
    path = f"teams/{team.pk}/members"
    assert member.patch(f"{path}/{head.user.pk}", {"role": "viewer"}).status_code == 403
    assert head.patch(f"{path}/{member.user.pk}", {"role": "boss"}).status_code == 400
    last = head.patch(f"{path}/{head.user.pk}", {"role": "member"})
    assert (last.status_code, last.json()["code"]) == (409, "LAST_ADMIN")
    row = head.patch(f"{path}/{member.user.pk}", {"role": "admin", "maxBudgetInTeam": 5}).json()
    assert (row["role"], row["maxBudgetInTeam"]) == ("admin", 5)
    assert head.patch(f"{path}/{member.user.pk}", {"maxBudgetInTeam": 50}).status_code == 400
    assert head.patch(f"{path}/{uuid4()}", {"role": "member"}).status_code == 404


def test_leaving_and_being_removed(head, member, as_role, team):
    path = f"teams/{team.pk}/members"
    other = as_role("member")
    tried = head.delete(f"{path}/{member.user.pk}?dryRun=true")
    assert tried.json()["affected"]["users"] == 1
    assert member.get(f"teams/{team.pk}").status_code == 200
    assert member.delete(f"{path}/{member.user.pk}").status_code == 204
    assert member.get(f"teams/{team.pk}").status_code == 404
    assert other.delete(f"{path}/{head.user.pk}").status_code == 403
    wrong = head.delete(f"{path}/{other.user.pk}", {"transferKeysTo": str(member.user.pk)})
    assert (wrong.status_code, wrong.json()["details"]["validation"][0]["field"]) == (400, "transferKeysTo")
    assert head.delete(f"{path}/{other.user.pk}", {"transferKeysTo": str(head.user.pk)}).status_code == 204
    assert head.delete(f"{path}/{other.user.pk}").status_code == 404


# --- invitations


@pytest.fixture
def _no_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"


@pytest.mark.usefixtures("_no_mail")
def test_an_invitation_from_offer_to_answer(head, member, auditor, team):
    guest = ApiClient(UserFactory(email="guest@example.com"))
    path = f"teams/{team.pk}/invitations"
    assert member.post(path, {"email": "guest@example.com"}).status_code == 403
    answer = head.post(path, {"email": "guest@example.com", "role": "viewer", "message": "Hi"})
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    made = answer.json()
    assert set(made) == {
        *(
            "id",
            "email",
            "userId",
            "role",
            "status",
            "expiresAt",
            "createdAt",
            "invitedBy",
            "mailedAt",
            "link",
        )
    }
    assert head.post(path, {"email": "GUEST@example.com"}).status_code == 409
    assert member.get(path).status_code == 403
    listed = auditor.get(path, {"status": "pending"}).json()["data"]
    assert [row["id"] for row in listed] == [made["id"]]
    assert "link" not in listed[0]
    own = guest.get("invitations").json()["data"]
    assert [(row["teamName"], row["role"], row["message"]) for row in own] == [("Physics", "viewer", "Hi")]
    token = made["link"].rsplit("/", 1)[1]
    assert member.post(f"invitations/{token}/accept").status_code == 404
    accepted = guest.post(f"invitations/{token}/accept")
    assert (accepted.status_code, accepted.json()["role"]) == (200, "viewer")
    again = guest.post(f"invitations/{token}/accept")
    assert (again.status_code, again.json()["code"]) == (400, "INVALID_STATE_TRANSITION")
    assert guest.get("invitations").json()["data"] == []


@pytest.mark.usefixtures("_no_mail")
def test_an_invitation_is_declined_revoked_and_sent_again(head, team):
    guest = ApiClient(UserFactory())
    path = f"teams/{team.pk}/invitations"
    first = head.post(path, {"userId": str(guest.user.pk), "expiresInDays": 2}).json()
    sent = head.post(f"{path}/{first['id']}/resend")
    assert sent.json()["link"] != first["link"]
    assert guest.post(f"invitations/{first['id']}/decline").json() == {"status": "declined"}
    second = head.post(path, {"userId": str(guest.user.pk)}).json()
    assert head.delete(f"{path}/{second['id']}").status_code == 204
    assert head.delete(f"{path}/{second['id']}").status_code == 204
    assert head.delete(f"{path}/{uuid4()}").status_code == 404
    states = {row["id"]: row["status"] for row in head.get(path).json()["data"]}
    assert states == {first["id"]: "declined", second["id"]: "revoked"}


@pytest.mark.parametrize(
    "wrong",
    [{}, {"email": "nope"}, {"email": "a@b.example", "expiresInDays": 31}, {"userId": "x"}, {"email": 7}],
)
def test_a_wrong_invitation_is_refused(head, team, wrong):
    assert head.post(f"teams/{team.pk}/invitations", wrong).status_code == 400


def test_an_invitation_that_is_over_shows_as_expired(head, team):
    Invitation.objects.create(
        team=team, email="a@b.example", token_hash="x", expires_at=timezone.now() - timedelta(days=1)
    )
    path = f"teams/{team.pk}/invitations"
    assert [r["status"] for r in head.get(path, {"status": "expired"}).json()["data"]] == ["expired"]
    assert head.get(path, {"status": "pending"}).json()["data"] == []


def test_a_mailed_invitation_shows_no_link(head, team):
    made = head.post(f"teams/{team.pk}/invitations", {"email": "a@b.example"}).json()
    assert made["link"] is None


# --- budget


def test_the_budget_and_who_sees_whose(head, member, as_role, team):
    spend(team, "4.5")
    place = Member.objects.get(user=member.user)
    spend(team, "1.25", "member", place.pk)
    row = head.get(f"teams/{team.pk}/budget").json()
    assert (row["currentSpend"], row["remainingBudget"], row["budgetUtilization"]) == (4.5, 5.5, 45)
    assert row["alertTriggered"] is True
    assert row["memberBudgets"] == [
        {
            "userId": str(member.user.pk),
            "username": member.user.username,
            "maxBudgetInTeam": None,
            "currentSpendInTeam": 1.25,
        }
    ]
    assert as_role("viewer").get(f"teams/{team.pk}/budget").json()["memberBudgets"] == []


def test_the_budget_is_changed_by_operators(admin, head, member, team):
    path = f"teams/{team.pk}/budget"
    assert head.patch(path, {"maxBudget": 5}).status_code == 403
    Member.objects.filter(user=member.user).update(max_budget=7)
    low = admin.patch(path, {"maxBudget": 6})
    assert (low.status_code, low.json()["details"]["validation"][0]["field"]) == (400, "maxBudget")
    row = admin.patch(path, {"maxBudget": 8, "budgetDuration": "weekly", "keepSpend": False}).json()
    assert (row["maxBudget"], row["budgetDuration"], row["syncStatus"]) == (8, "weekly", "pending")
    team.refresh_from_db()
    assert team.spend_reset_wanted_at is not None


def test_spend_is_reset_and_said_to_be_only_when_it_is(admin, head, team, settings):
    path = f"teams/{team.pk}/reset-spend"
    assert head.post(path, {"reason": "x"}).status_code == 403
    assert admin.post(path, {}).status_code == 400
    answer = admin.post(path, {"reason": "Granted"}).json()
    assert (answer["currentSpend"], answer["syncStatus"]) == (None, "pending")


def test_spend_is_reset_at_once_where_the_gateway_answers(gateway, gateway_client, admin):
    made = admin.post("teams", {"name": "Chemistry"}).json()
    answer = admin.post(f"teams/{made['id']}/reset-spend", {"reason": "Granted"}).json()
    assert (answer["currentSpend"], answer["syncStatus"]) == (0, "synced")
    assert admin.get(f"teams/{made['id']}").json()["currentSpend"] == 0


def test_a_team_is_synced_on_demand(gateway, gateway_client, admin, head, team):
    made = admin.post("teams", {"name": "Chemistry"}).json()
    path = f"teams/{made['id']}/sync"
    first = admin.post(path).json()
    assert first["changes"] == {"budget": "updated", "members": "updated", "usage": "updated"}
    assert first["success"] is True
    second = admin.post(path, {"forceSync": True, "syncUsage": False}).json()
    assert second["changes"] == {"budget": "no_changes", "members": "no_changes", "usage": "no_changes"}
    gateway_client.update_team(made["id"], max_budget=3)
    gateway.state.save("teams", made["id"], {**gateway.state.teams[made["id"]], "spend": 2.0})
    third = admin.post(path, {"syncMembers": False}).json()
    assert third["changes"] == {"budget": "updated", "members": "no_changes", "usage": "updated"}
    assert not GatewayObject.objects.dirty().exists()
    assert head.post(f"teams/{team.pk}/sync").status_code == 403


def test_a_gateway_that_is_away_is_an_error_of_each_part(admin, team):
    answer = admin.post(f"teams/{team.pk}/sync").json()
    assert answer["success"] is False
    assert set(answer["changes"].values()) == {"error"}


# --- cost


def statements(client, path, **query):
    client.get(path, query)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, query).status_code == 200
    return len(captured)


def fill(team, count):
    for _ in range(count):
        put_in(team, UserFactory())
        Invitation.objects.create(
            team=team, email=f"{uuid4().hex}@b.example", token_hash=uuid4().hex, expires_at=timezone.now()
        )


@pytest.mark.parametrize("path", ["", "/members", "/budget", "/invitations"])
def test_a_team_costs_the_same_with_one_member_and_with_fifty(head, team, path):
    fill(team, 1)
    few = statements(head, f"teams/{team.pk}{path}", **({"limit": 100} if path == "/members" else {}))
    fill(team, 49)
    many = statements(head, f"teams/{team.pk}{path}", **({"limit": 100} if path == "/members" else {}))
    assert many == few <= 9


def test_a_list_costs_the_same_for_one_team_and_for_fifty(admin):
    fill(TeamFactory(), 2)
    few = statements(admin, "teams", userId="all", limit=100)
    for _ in range(49):
        fill(TeamFactory(), 1)
    assert statements(admin, "teams", userId="all", limit=100) == few <= 9


def test_of_many_members_the_first_fifty_are_shown(head, team):
    fill(team, 60)
    Member.objects.filter(user=head.user).update(joined_at=NOW - timedelta(days=1))
    row = head.get(f"teams/{team.pk}").json()
    assert (row["memberCount"], len(row["members"]), row["membersTruncated"]) == (61, 50, True)
    assert row["members"][0]["userId"] == str(head.user.pk)
