"""Operators look after people: the list, and each person's pages."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent
from apikeys.models import ApiKey
from litellm_sync.models import Finding, GatewayObject, GatewaySpend
from subscriptions.models import Subscription
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory
from tests.portal.conftest import issue, many_rows, signed_in, subscribe
from tests.portal.test_every_page import MOST_STATEMENTS, statements

pytestmark = pytest.mark.django_db
HERE = "/operations/users"
TABS = ["", "/limits", "/keys", "/subscriptions", "/teams", "/activity"]


@pytest.fixture(autouse=True)
def _nobody_waits_for_a_gateway_that_is_not_there(settings):
    settings.GATEWAY_INLINE_DEADLINE = 0.01


@pytest.fixture
def console(operator):
    return signed_in(operator)


@pytest.fixture
def auditor():
    return UserFactory(username="otto", is_auditor=True)


def of(person, tail=""):
    return f"{HERE}/{person.pk}{tail}"


def spent(person, amount, limit):
    person.max_budget = Decimal(limit)
    person.save()
    GatewaySpend.objects.create(
        kind="user",
        gateway_id=str(person.pk),
        object_id=person.pk,
        spend=Decimal(amount),
        as_of=timezone.now(),
    )


def names_in(page):
    return [row.user.username for row in page.context["rows"]]


class TestTheList:
    def test_shows_who_there_is_with_roles_state_budget_keys_and_teams(self, console, person):
        spent(person, "5", "10")
        subscribe(person, "lab/one")
        issue(person, "build", "lab/one")
        page = console.get(HERE).text
        for text in ("uma@example.com", "Uma User", "Administrator", "$5.00 / $10.00", "50% used", "Never"):
            assert text in page

    def test_is_searched_and_filtered_by_role_state_budget_and_gateway(self, console, person):
        admin_only = UserFactory(username="zoe", is_auditor=True, is_active=False)
        spent(person, "9", "10")
        GatewayObject.objects.create(
            kind="user", object_id=admin_only.pk, dirty_since=timezone.now(), not_before=timezone.now(),
            parked_at=timezone.now(),
        )  # fmt: skip
        for query, found in {
            "search=UMA": ["uma"],
            "role=admin-readonly": ["zoe"],
            "status=inactive": ["zoe"],
            "budget=near": ["uma"],
            "budget=over": [],
            "sync=error": ["zoe"],
            "role=nonsense&status=x": ["ada", "uma", "zoe"],
        }.items():
            page = console.get(f"{HERE}?{query}")
            assert (names_in(page) if found else page.context["rows"]) == found, query
        assert "Nothing fits these filters" in console.get(f"{HERE}?search=nobody-here").text

    def test_is_sorted_by_every_column(self, console, person):
        person.email, person.last_login = "a@example.com", timezone.now() + timedelta(days=1)
        person.is_active = False
        spent(person, "9", "10")
        many_rows(person, 1)
        TeamFactory().members.create(user=person, role="member")
        for sort, first in {
            "username": "ada",
            "-username": "uma",
            "email": "uma",
            "name": "ada",
            "roles": "ada",
            "-roles": "uma",
            "status": "ada",
            "-seen": "uma",
            "-spend": "uma",
            "-keys": "uma",
            "-teams": "uma",
            "nonsense": "ada",
        }.items():
            assert names_in(console.get(f"{HERE}?sort={sort}"))[0] == first, sort

    def test_costs_two_statements_of_its_own_however_many_there_are(self, console):
        few = statements(console, HERE)
        for person in UserFactory.create_batch(50):
            spent(person, "1", "2")
        assert statements(console, f"{HERE}?page_size=50") == few <= MOST_STATEMENTS

    def test_is_had_as_a_file_with_its_filters(self, console, person):
        lines = b"".join(console.get(f"{HERE}?format=csv&search=uma").streaming_content).decode().splitlines()
        assert len(lines) == 2
        assert "uma@example.com" in lines[1]


class TestReadOnlyAdministrators:
    def test_see_every_tab_and_have_nothing_to_press(self, auditor, person):
        many_rows(person, 1)
        reader = signed_in(auditor)
        acts = [
            "/roles",
            "/deactivate",
            "/end-sessions",
            "/push",
            "/limits/reset-spend",
            "/keys/new",
            "/subscriptions/add",
        ]
        for tab in TABS:
            page = reader.get(of(person, tab))
            assert page.status_code == 200
            assert [act for act in acts if f'href="{of(person, act)}"' in page.text] == []
            assert "/revoke" not in page.text
            assert "/remove" not in page.text
            if tab in {"", "/limits", "/keys", "/subscriptions"}:
                assert "Only administrators can change this." in page.text

    def test_look_at_a_key_whose_fields_are_fixed(self, auditor, person):
        subscribe(person, "lab/one")
        key = issue(person, "build", "lab/one")
        page = signed_in(auditor).get(of(person, f"/keys/{key.pk}"))
        assert "You can look but not change" in page.text
        assert page.context["form"].fields["name"].disabled
        assert signed_in(auditor).post(of(person, f"/keys/{key.pk}"), {"name": "x"}).status_code == 403


def test_somebody_who_is_not_there_is_not_found_and_strangers_are_refused(console, person):
    assert console.get(f"{HERE}/{uuid4()}").status_code == 404
    assert signed_in(person).get(of(person)).status_code == 403


def test_a_tab_costs_the_same_for_one_and_for_many(console):
    one, many = UserFactory(), UserFactory()
    many_rows(one, 1)
    many_rows(many, 20)
    for person, count in ((one, 1), (many, 5)):
        for _ in range(count):
            TeamFactory().members.create(user=person, role="member")
    for tab in TABS:
        # What the frame keeps for some seconds may run out in between, so the cheaper of two counts.
        cost = min(statements(console, of(one, tab)) for _ in range(2))
        assert min(statements(console, of(many, tab)) for _ in range(2)) == cost <= MOST_STATEMENTS + 2, tab


class TestRoles:
    def change(self, console, person, *roles, **more):
        return console.post(of(person, "/roles"), {"roles": roles, **more}, follow=True)

    def test_are_changed_by_switches(self, console, person):
        assert 'role="switch"' in console.get(of(person)).text
        assert "are changed" in self.change(console, person, "user", "admin-readonly").text
        person.refresh_from_db()
        assert sorted(person.roles) == ["admin-readonly", "user"]

    def test_that_contradict_each_other_are_asked_about(self, console, person):
        asked = self.change(console, person, "admin", "admin-readonly")
        assert "contradict each other" in asked.text
        person.refresh_from_db()
        assert person.roles == ["user"]
        self.change(console, person, "admin", "admin-readonly", both="on")
        person.refresh_from_db()
        assert sorted(person.roles) == ["admin", "admin-readonly"]
        assert "Both administrator roles" in console.get(of(person)).text

    def test_of_the_last_administrator_are_locked(self, console, operator):
        assert "The last active administrator." in console.get(of(operator)).text
        self.change(console, operator, "user")
        operator.refresh_from_db()
        assert "admin" in operator.roles

    def test_none_at_all_is_refused_beside_the_switches(self, console, person):
        assert "Choose at least one role." in self.change(console, person).text

    def test_that_somebody_else_changed_meanwhile_are_shown_before_they_are_overwritten(
        self, console, person
    ):
        seen = console.get(of(person)).context["form"].version
        self.change(console, person, "readonly", "user")
        first = self.change(console, person, "user", version=seen)
        assert "Somebody changed this meanwhile" in first.text
        assert "Read-only user" in first.text
        person.refresh_from_db()
        assert sorted(person.roles) == ["readonly", "user"]
        self.change(console, person, "user", version=first.context["form"].version)
        person.refresh_from_db()
        assert person.roles == ["user"]

    def test_giving_up_ones_own_leads_home(self, console, operator):
        UserFactory(is_operator=True)
        answer = console.post(of(operator, "/roles"), {"roles": ["user"]})
        assert answer["Location"] == "/home"


class TestTheAccount:
    def test_deactivating_says_first_what_it_touches_and_changes_nothing(self, console, person):
        subscribe(person, "lab/one")
        issue(person, "build", "lab/one")
        before = AuditEvent.objects.count()
        page = console.get(of(person, "/deactivate")).text
        assert "1 API key stops." in page
        assert "build" in page
        assert AuditEvent.objects.count() == before
        person.refresh_from_db()
        assert person.is_active

    def test_is_deactivated_with_a_reason_and_comes_back(self, console, person):
        assert (
            "is deactivated"
            in console.post(of(person, "/deactivate"), {"reason": "Left us"}, follow=True).text
        )
        page = console.get(of(person)).text
        assert "Left us" in page
        assert "Reactivate" in page
        assert "may sign in again" in console.post(of(person, "/reactivate"), follow=True).text
        person.refresh_from_db()
        assert person.is_active

    def test_of_the_last_administrator_stays(self, console, operator):
        assert "The last active administrator" in console.get(of(operator, "/deactivate")).text
        assert "last active administrator" in console.post(of(operator, "/deactivate"), {"reason": ""}).text
        operator.refresh_from_db()
        assert operator.is_active

    def test_sessions_are_ended(self, console, person):
        theirs = ApiClient(person)
        assert theirs.get("auth/me").status_code == 200
        assert "have to sign in again" in console.get(of(person, "/end-sessions")).text
        assert "1 session has ended." in console.post(of(person, "/end-sessions"), follow=True).text
        assert theirs.get("auth/me").status_code == 401


class TestTheGateway:
    def test_a_refusal_and_a_difference_are_shown_and_pushed(self, console, person):
        now = timezone.now()
        GatewayObject.objects.create(
            kind="user",
            object_id=person.pk,
            dirty_since=now,
            not_before=now,
            parked_at=now,
            last_error="no such window",
        )
        Finding.objects.create(
            kind="user", gateway_id=str(person.pk), object_id=person.pk, verdict="different", found_at=now, seen_at=now,
            differences=[{"field": "max_budget", "portal": "5", "gateway": None}],
        )  # fmt: skip
        page = console.get(of(person)).text
        for text in ("no such window", "max_budget", "In the gateway"):
            assert text in page
        assert "is told about uma once more" in console.post(of(person, "/push"), follow=True).text
        row = GatewayObject.objects.get(kind="user", object_id=person.pk)
        assert (row.requested, row.parked_at) == (2, None)


class TestLimits:
    def save(self, console, person, **values):
        empty = {"max_budget": "", "budget_duration": "", "tpm_limit": "", "rpm_limit": ""}
        return console.post(of(person, "/limits"), {**empty, **values}, follow=True)

    def test_are_saved_and_emptied_again(self, console, person):
        self.save(
            console, person, max_budget="12.5", budget_duration="monthly", tpm_limit="1,000", rpm_limit="0"
        )
        person.refresh_from_db()
        assert (person.max_budget, person.budget_window) == (Decimal("12.5"), "monthly")
        assert (person.tpm_limit, person.rpm_limit) == (1000, 0)
        assert 'value="12.5"' in console.get(of(person, "/limits")).text
        self.save(console, person)
        person.refresh_from_db()
        assert (person.max_budget, person.budget_window, person.tpm_limit) == (None, "", None)

    @pytest.mark.parametrize(
        "wrong", [{"max_budget": "-1"}, {"tpm_limit": "many"}, {"rpm_limit": "99999999999"}]
    )
    def test_that_make_no_sense_are_said_at_the_field(self, console, person, wrong):
        page = self.save(console, person, **wrong)
        assert page.status_code == 200
        assert page.context["form"].errors.keys() == wrong.keys()

    def test_that_somebody_else_changed_are_not_overwritten_unseen(self, console, person):
        seen = console.get(of(person, "/limits")).context["form"].version
        self.save(console, person, max_budget="7")
        answer = self.save(console, person, max_budget="8", version=seen)
        assert "Somebody changed this meanwhile" in answer.text
        person.refresh_from_db()
        assert person.max_budget == 7
        self.save(console, person, max_budget="8", version=answer.context["form"].version)
        person.refresh_from_db()
        assert person.max_budget == 8

    def test_spend_is_reset_at_the_gateway(self, console, person, gateway):
        spent(person, "9", "10")
        page = console.post(of(person, "/limits/reset-spend"), {"reason": "Agreed"}, follow=True).text
        assert "from 0 again" in page
        assert GatewaySpend.objects.get(object_id=person.pk).spend == 0

    def test_spend_that_the_gateway_does_not_reset_stays_and_is_said(self, console, person):
        spent(person, "9", "10")
        page = console.post(of(person, "/limits/reset-spend"), {"reason": ""})
        assert "did not reset the spend" in page.text
        assert GatewaySpend.objects.get(object_id=person.pk).spend == 9


class TestKeys:
    @pytest.fixture
    def key(self, person):
        subscribe(person, "lab/one")
        return issue(person, "build", "lab/one")

    def test_one_is_made_beyond_the_maximums_with_the_subscriptions_that_it_needs(self, console, person):
        ModelFactory(id="lab/closed", restricted_access=True)
        form = {
            "name": "gift",
            "model_ids": ["lab/closed"],
            "permissions": ["allowChatCompletions"],
            "request_token": "t",
        }
        page = console.post(of(person, "/keys/new"), form)
        assert "sk-" in page.text
        assert "no-store" in page["Cache-Control"]
        key = ApiKey.objects.get(owner=person)
        assert Subscription.objects.get(user=person).status == "active"
        # The second click shows the same key.
        assert "sk-" in console.post(of(person, "/keys/new"), form).text
        assert ApiKey.objects.get() == key

    def test_what_is_wrong_is_said_at_its_field(self, console, person):
        ModelFactory(id="lab/one")
        page = console.post(of(person, "/keys/new"), {"name": "", "model_ids": ["lab/none"]})
        assert {"name", "model_ids"} <= page.context["form"].errors.keys()

    def test_one_is_listed_changed_rotated_and_its_spend_reset(self, console, person, key):
        page = console.get(of(person, "/keys")).text
        assert "build" in page
        assert key.preview in page
        form = console.get(of(person, f"/keys/{key.pk}")).context["form"]
        values = {name: form[name].value() for name in form.fields}
        values = {name: "" if value is None else value for name, value in values.items()}
        console.post(of(person, f"/keys/{key.pk}"), {**values, "name": "renamed", "rpm_limit": "5"})
        key.refresh_from_db()
        assert (key.name, key.rpm_limit) == ("renamed", 5)
        rotated = console.post(
            of(person, f"/keys/{key.pk}/rotate"), {"overlap": "0", "reason": "", "request_token": "r"}
        )
        assert "sk-" in rotated.text
        assert "from 0 again" in console.post(of(person, f"/keys/{key.pk}/reset-spend"), follow=True).text

    def test_one_is_revoked_with_a_reason_only(self, console, person, key):
        assert (
            "A reason is required" in console.post(of(person, f"/keys/{key.pk}/revoke"), {"reason": ""}).text
        )
        console.post(of(person, f"/keys/{key.pk}/revoke"), {"reason": "Leaked"})
        key.refresh_from_db()
        assert key.is_revoked
        assert AuditEvent.objects.get(action="ADMIN_REVOKE_API_KEY").metadata == {"reason": "Leaked"}

    def test_one_is_deleted_when_its_name_is_typed(self, console, person, key):
        address = of(person, f"/keys/{key.pk}/delete")
        assert "This is not the name of the key." in console.post(address, {"typed": "bild"}).text
        console.post(address, {"typed": "build", "reason": "Asked for"})
        assert console.get(of(person, "/keys")).context["rows"] == []

    def test_a_key_of_somebody_else_is_not_found(self, console, key, operator):
        assert console.get(of(operator, f"/keys/{key.pk}")).status_code == 404

    def test_the_record_finds_a_key_without_its_owner(self, console, person, key):
        assert console.get(f"/operations/keys/{key.pk}")["Location"] == of(person, f"/keys/{key.pk}")


class TestSubscriptions:
    def test_several_are_given_and_what_was_there_is_said(self, console, person):
        subscribe(person, "lab/had")
        SubscriptionFactory(user=person, model=ModelFactory(id="lab/ended"), status="inactive")
        ModelFactory(id="lab/new", restricted_access=True)
        page = console.post(
            of(person, "/subscriptions/add"),
            {"model_ids": ["lab/had", "lab/ended", "lab/new"], "reason": ""},
            follow=True,
        ).text
        for text in (
            "1 subscription was made.",
            "1 subscription is active now.",
            "1 subscription was active already.",
        ):
            assert text in page

    def test_one_is_removed_with_a_reason(self, console, person):
        row = subscribe(person, "lab/one")
        address = of(person, f"/subscriptions/{row.pk}/remove")
        assert "A reason is required" in console.post(address, {"reason": ""}).text
        assert "is deleted" in console.post(address, {"reason": "Over"}, follow=True).text
        assert "No subscriptions yet" in console.get(of(person, "/subscriptions")).text


def test_teams_are_listed_with_role_and_own_budget(console, person):
    team = TeamFactory(name="Rockets")
    team.members.create(user=person, role="admin", max_budget=Decimal(20))
    page = console.get(of(person, "/teams")).text
    for text in ("Rockets", "Team administrator", "$20.00", "Default team"):
        assert text in page
    lines = b"".join(console.get(of(person, "/teams?format=csv&columns=role"))).decode().splitlines()
    assert lines[0].endswith("Team,Role")
    assert "Rockets,Team administrator" in lines


def test_activity_holds_what_somebody_did_and_what_was_done_to_theirs(console, person, operator):
    subscribe(person, "lab/one")
    key = issue(person, "build", "lab/one")
    console.post(of(person, f"/keys/{key.pk}/revoke"), {"reason": "Leaked"})
    with CaptureQueriesContext(connection) as captured:
        page = console.get(of(person, "/activity")).text
    assert "Key made" in page
    assert "Key revoked by an administrator" in page
    assert sum("audit_logs" in query["sql"] for query in captured) <= 2
