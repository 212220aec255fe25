"""The record of acts as a page: filters, opened rows, files, and filters that one keeps."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit, saved_filters
from accounts.audit.words import ACTIONS, CATEGORIES
from accounts.models import AuditEvent, SavedFilter
from accounts.web.audit_rows import Row
from litemaas.errors import InvalidInput
from tests.factories import SubscriptionFactory, TeamFactory, UserFactory
from tests.portal.conftest import signed_in
from tests.portal.test_every_page import MOST_STATEMENTS, statements

pytestmark = pytest.mark.django_db
HERE = "/operations/audit"
DAY = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def console(operator):
    return signed_in(operator)


def act(action="MODEL_UPDATE", resource=("MODEL", "lab/one"), actor=None, at=DAY, **parts):
    return audit.record(action, actor=actor, resource=resource, at=at, **parts)


def shown(page):
    return [row.event["action"] for row in page.context["page"]]


@pytest.fixture
def acts(person):
    act("USER_UPDATE", ("USER", str(person.pk)), old={"roles": ["user"]}, new={"roles": ["admin"]})
    act("MODEL_UPDATE", metadata={"why": "cheaper"}, actor=person, at=DAY + timedelta(days=1))
    act("MODEL_TEST", error="Not reachable", at=DAY + timedelta(days=2))
    act("API_ACCESS", ("API_ACCESS", "api-models"), at=DAY + timedelta(days=3))


def test_is_filtered_by_everything_that_was_written_down(console, acts, person):
    for query, found in {
        "": ["MODEL_TEST", "MODEL_UPDATE", "USER_UPDATE"],
        "api=on": ["API_ACCESS", "MODEL_TEST", "MODEL_UPDATE", "USER_UPDATE"],
        "category=API_ACCESS": ["API_ACCESS"],
        "category=MODEL": ["MODEL_TEST", "MODEL_UPDATE"],
        "action=USER_UPDATE": ["USER_UPDATE"],
        "user=UMA": ["MODEL_UPDATE"],
        f"user={person.pk}": ["MODEL_UPDATE"],
        "search=cheaper": ["MODEL_UPDATE"],
        "result=refused": ["MODEL_TEST"],
        "result=done": ["MODEL_UPDATE", "USER_UPDATE"],
        "since=2026-11-21": ["MODEL_TEST", "MODEL_UPDATE"],
        "until=2026-11-21": ["MODEL_UPDATE", "USER_UPDATE"],
        "since=nonsense&category=none&until=9999-12-31": ["MODEL_TEST", "MODEL_UPDATE", "USER_UPDATE"],
    }.items():
        # The sign-in of the reader is an act, too.
        assert [code for code in shown(console.get(f"{HERE}?{query}")) if code != "LOGIN"] == found, query


def test_nobody_by_a_name_is_said_instead_of_an_empty_list(console, acts):
    page = console.get(f"{HERE}?user=nobody").text
    assert "There is no user “nobody”." in page
    assert "No entries fit" in page


def test_actions_are_narrowed_by_the_category_also_when_only_the_list_is_swapped(console, acts):
    part = console.get(f"{HERE}?category=USER", headers={"HX-Request": "true"})
    offered = [code for code, _word in part.context["filter"].fields["action"].choices]
    assert offered == ["", "USER_UPDATE"]
    assert 'hx-swap-oob="true"' in part.text
    assert 'hx-swap-oob="true"' not in console.get(HERE).text


def test_an_opened_row_shows_before_and_after_and_everything_else(console, person):
    row = act(
        "USER_UPDATE", ("USER", str(person.pk)), actor=person, old={"roles": ["user"]}, new={"roles": ["admin"]},
        metadata={"reason": "Promoted"},
    )  # fmt: skip
    closed = console.get(HERE).text
    assert "Promoted" not in closed
    assert f"open={row.pk}" in closed
    opened = console.get(f"{HERE}?open={row.pk}").text
    for text in ("Before", "After", "[&quot;admin&quot;]", "Promoted", "USER_UPDATE", "uma@example.com"):
        assert text in opened
    assert f'href="/operations/users/{person.pk}"' in opened
    assert f'href="{HERE}/{row.pk}/redact"' in opened


def test_a_read_only_administrator_opens_rows_and_can_take_nothing_out(acts):
    row = AuditEvent.objects.first()
    page = signed_in(UserFactory(is_auditor=True)).get(f"{HERE}?open={row.pk}")
    assert page.status_code == 200
    assert "/redact" not in page.text


def test_others_are_refused(person):
    for address in (HERE, f"{HERE}/export", f"{HERE}/filters/save"):
        assert signed_in(person).get(address).status_code == 403


def test_what_fits_is_had_as_csv_and_json(console, acts):
    lines = b"".join(console.get(f"{HERE}?category=MODEL&format=csv").streaming_content).decode().splitlines()
    assert len(lines) == 3
    assert "MODEL_TEST" in lines[1]
    answer = console.get(f"{HERE}/export?category=MODEL")
    assert [row["action"] for row in answer.json()] == ["MODEL_TEST", "MODEL_UPDATE"]
    assert answer.json()[1]["metadata"] == {"why": "cheaper"}
    assert ".json" in answer["Content-Disposition"]
    assert console.get(f"{HERE}/export?user=nobody").json() == []


def test_costs_the_same_for_few_rows_and_for_many(console, person):
    act()
    cost = statements(console, HERE)
    for _ in range(40):
        act(actor=person)
    with CaptureQueriesContext(connection) as captured:
        assert statements(console, f"{HERE}?page_size=50") == cost <= MOST_STATEMENTS
    assert captured


class TestSavedFilters:
    def save(self, console, name, query="category=MODEL&result=refused"):
        return console.post(f"{HERE}/filters/save", {"name": name, "query": query}, follow=True)

    def test_are_kept_by_name_replaced_and_deleted(self, console):
        assert "category=MODEL" in console.get(f"{HERE}/filters/save?category=MODEL").context["query"]
        page = self.save(console, "Failed models")
        assert page.redirect_chain == [(f"{HERE}?category=MODEL&result=refused", 302)]
        assert "Failed models" in page.text
        self.save(console, "Failed models", "result=refused")
        row = SavedFilter.objects.get()
        assert row.query == "result=refused"
        assert "Failed models" in console.get(f"{HERE}/filters/save").text
        console.post(f"{HERE}/filters/{row.pk}/delete")
        assert not SavedFilter.objects.exists()

    def test_hold_only_what_the_list_can_be_asked(self, console):
        self.save(console, "Odd", "category=MODEL&page=7&next=//evil.example&open=4")
        assert SavedFilter.objects.get().query == "category=MODEL"

    def test_are_ones_own(self, console):
        self.save(console, "Mine")
        other = signed_in(UserFactory(is_operator=True))
        assert "Mine" not in other.get(HERE).text
        other.post(f"{HERE}/filters/{SavedFilter.objects.get().pk}/delete")
        assert SavedFilter.objects.exists()

    def test_without_a_name_are_refused_at_the_field(self, console):
        assert self.save(console, "").context["form"].errors.keys() == {"name"}
        assert self.save(console, "x" * 81).context["form"].errors.keys() == {"name"}

    def test_are_limited_in_number_but_one_can_be_replaced(self, operator):
        now = timezone.now()
        for n in range(saved_filters.MOST):
            saved_filters.save_filter(actor=operator, of="audit", name=f"f{n}", query="", now=now)
        saved_filters.save_filter(actor=operator, of="audit", name="f0", query="api=on", now=now)
        with pytest.raises(InvalidInput):
            saved_filters.save_filter(actor=operator, of="audit", name="one more", query="", now=now)


def test_each_action_of_the_product_has_a_word():
    """Found in the sources, so that a new one is noticed here."""
    import re
    from pathlib import Path

    root = Path(audit.__file__).parents[2]
    apps = ("accounts", "apikeys", "catalog", "jobs", "portal", "subscriptions", "teams", "usage")
    text = "".join(
        path.read_text()
        for app in apps
        for path in (root / app).rglob("*.py")
        if "migrations" not in path.parts
    )
    codes = set(re.findall(r'\brecord(?:_many)?\(\s*"([A-Za-z_:-]+)"', text))
    codes |= set(re.findall(r'\baction="([A-Z_]{5,})"', text))
    assert codes - set(ACTIONS) == set()
    assert len(codes) > 40
    assert {"AUTH", "SECURITY", "BANNER", "BRANDING"} <= set(CATEGORIES)


def test_a_part_of_a_name_is_answered_with_whom_it_may_mean(console, acts, person):
    missed = console.get(f"{HERE}?user=um&result=done").text
    assert "Did you mean one of these?" in missed
    assert f"{HERE}?result=done&amp;user=uma" in missed
    offered = console.get("/operations/people?user=Uma+Us").text
    assert '<option value="uma">' in offered
    assert "<option" not in console.get("/operations/people?user=").text
    assert signed_in(person).get("/operations/people?user=uma").status_code == 403


@pytest.mark.parametrize("kind", ["USER", "API_KEY", "SUBSCRIPTION", "TEAM", "JOB", "BANNER"])
def test_an_object_with_a_page_is_a_link_to_it(kind):
    key = "0b5c9e0e-0000-4000-8000-000000000001"
    assert key in Row({"resourceType": kind, "resourceId": key}).resource_href


def test_objects_have_their_names_by_a_statement_for_each_kind(console, person):
    team = TeamFactory.create(name="Lab of lights")
    subscription = SubscriptionFactory.create(user=person, model__id="lab/one")
    resources = [("USER", person), ("TEAM", team), ("SUBSCRIPTION", subscription)]
    for kind, thing in resources:
        act("USER_UPDATE", (kind, str(thing.pk)))
    act("TEAM_DELETE", ("TEAM", "0b5c9e0e-0000-4000-8000-000000000001"))
    act("MODELS_SYNC", ("MODEL", ""))
    console.get(HERE)
    with CaptureQueriesContext(connection) as few:
        html = console.get(f"{HERE}?columns=object.object_id").text
    for name in ("uma", "Lab of lights", "uma: lab/one"):
        assert f">{name}</a>" in html
    assert "0b5c9e0e…" in html
    assert str(team.pk) in html
    for _n in range(10):
        for kind, thing in resources:
            act("USER_UPDATE", (kind, str(thing.pk)))
    with CaptureQueriesContext(connection) as many:
        console.get(f"{HERE}?columns=object.object_id")
    assert len(many) == len(few)
    lines = b"".join(console.get(f"{HERE}?format=csv&columns=object")).decode().splitlines()
    assert lines[0].endswith("Time,Action,Object")
    assert lines[1].endswith("uma: lab/one")
