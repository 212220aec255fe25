"""The record as operators read it."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.audit.models import AuditEvent
from accounts.audit.queries import Filter
from litemaas import context
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def grace():
    return UserFactory.create(username="grace", email="grace@example.com")


def record(action="API_KEY_CREATE", kind="API_KEY", key="k", actor=None, **facts):
    return audit.record(action, actor=actor, resource=(kind, key), **facts)


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["data"]]


def test_rows_come_newest_first_with_all_their_facts(admin, grace):
    now = timezone.now()
    context.enter(context.RequestContext())
    record(at=now - timedelta(minutes=1), actor=grace)
    last = record(
        "USER_UPDATE", "USER", "u-1", actor=grace, at=now, old={"a": 1, "b": 2}, new={"a": 1, "b": 3}
    )
    answer = admin.get("admin/audit")
    assert answer.json()["pagination"] == {"page": 1, "limit": 20, "total": 2, "totalPages": 1}
    row = answer.json()["data"][0]
    assert datetime.fromisoformat(row.pop("createdAt")) == now
    assert row == {
        "id": last.pk, "userId": str(grace.pk), "username": "grace", "email": "grace@example.com",
        "action": "USER_UPDATE", "resourceType": "USER", "resourceId": "u-1", "success": True, "errorMessage": None,
        "metadata": {}, "oldValues": {"b": 2}, "newValues": {"b": 3}, "ipAddress": None, "userAgent": None,
        "requestId": None, "authMethod": "none",
    }  # fmt: skip


def test_who_may_read_it(admin, auditor, api, anonymous):
    for path in ("admin/audit", "admin/audit/actions", "admin/audit/categories", "admin/audit/export"):
        assert [who.get(path).status_code for who in (admin, auditor, api, anonymous)] == [
            200,
            200,
            403,
            401,
        ], path


class TestFilters:
    @pytest.fixture
    def rows(self, grace):
        at = datetime(2026, 11, 10, 23, 30, tzinfo=UTC)
        return {
            "key": record(at=at, actor=grace, metadata={"model": "lab/granite-100%"}),
            "sign-in": record("LOGIN", "AUTH", "x", at=at + timedelta(hours=1)),
            "refused": record(
                "AUTH_FAILED", "AUTH", "mallory", at=at + timedelta(days=1), error="Wrong credentials"
            ),
        }

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("action=LOGIN", ["sign-in"]),
            ("action=LOGIN&action=AUTH_FAILED", ["refused", "sign-in"]),
            ("resourceType=AUTH", ["refused", "sign-in"]),
            ("excludeResourceTypes=AUTH,TEAM", ["key"]),
            ("userId={grace}", ["key"]),
            ("success=false", ["refused"]),
            ("startDate=2026-11-11&endDate=2026-11-11", ["refused", "sign-in"]),
            ("endDate=2026-11-10", ["key"]),
            ("endDate=2026-11-10T23:30:00Z", ["key"]),
            ("startDate=2026-11-11T00:30:00%2B00:00", ["refused", "sign-in"]),
            ("search=granite", ["key"]),
            ("search=GRANITE-100%25", ["key"]),
            ("search=granite-1_0", []),
            ("search=mallory", ["refused"]),
            ("search=login", ["sign-in"]),
            ("search=nothing", []),
        ],
    )
    def test_they_narrow_it_down(self, admin, rows, grace, query, found):
        answer = admin.get(f"/api/v1/admin/audit?{query.format(grace=grace.pk)}")
        assert ids(answer) == [rows[name].pk for name in found]
        assert answer.json()["pagination"]["total"] == len(found)

    def test_a_day_is_one_of_the_reporting_time_zone(self, admin, rows, settings):
        settings.REPORTING_TIME_ZONE = "America/New_York"
        found = ids(admin.get("/api/v1/admin/audit?endDate=2026-11-10"))
        assert found == [rows["sign-in"].pk, rows["key"].pk]

    @pytest.mark.parametrize(
        ("query", "code", "field"),
        [
            ("startDate=soon", "INVALID_DATE_FORMAT", "startDate"),
            ("startDate=9999-12-31&endDate=9999-12-31", "INVALID_DATE_FORMAT", "endDate"),
            ("startDate=2026-11-11&endDate=2026-11-10", "INVALID_DATE_ORDER", "startDate"),
            ("userId=x", "VALIDATION_ERROR", "userId"),
            ("success=maybe", "VALIDATION_ERROR", "success"),
            ("limit=101", "VALIDATION_ERROR", "limit"),
        ],
    )
    def test_a_wrong_one_is_named(self, admin, query, code, field):
        refused = admin.get(f"/api/v1/admin/audit?{query}")
        assert (refused.status_code, refused.json()["code"], refused.json()["details"]["field"]) == (
            400,
            code,
            field,
        )

    def test_actions_follow_them(self, admin, rows):
        assert admin.get("admin/audit/actions").json()["actions"] == [
            "API_KEY_CREATE",
            "AUTH_FAILED",
            "LOGIN",
        ]
        only = admin.get("/api/v1/admin/audit/actions?resourceType=AUTH").json()["actions"]
        assert only == ["AUTH_FAILED", "LOGIN"]
        without = admin.get("/api/v1/admin/audit/actions?excludeResourceTypes=AUTH").json()["actions"]
        assert without == ["API_KEY_CREATE"]

    def test_categories_are_those_of_the_contract_and_what_else_occurs(self, admin):
        record(kind="SOMETHING_NEW")
        found = admin.get("admin/audit/categories").json()["categories"]
        assert found[:2] == ["AUTH", "SECURITY"]
        assert found[-1] == "SOMETHING_NEW"


def test_a_page_costs_the_same_for_one_row_and_for_fifty(admin):
    record()
    with CaptureQueriesContext(connection) as few:
        admin.get("admin/audit")
    for _ in range(50):
        record()
    with CaptureQueriesContext(connection) as many:
        assert len(ids(admin.get("/api/v1/admin/audit?limit=50"))) == 50
    assert len(few) == len(many) <= 4


def test_pages_beyond_the_end_are_empty_and_know_the_total(admin):
    for _ in range(3):
        record()
    answer = admin.get("/api/v1/admin/audit?page=9&limit=2").json()
    assert (answer["data"], answer["pagination"]["total"], answer["pagination"]["totalPages"]) == ([], 3, 2)


def test_a_long_total_is_kept_for_a_moment(admin, monkeypatch):
    monkeypatch.setattr("accounts.audit.queries._COUNTED", 2)
    for _ in range(3):
        record()
    assert admin.get("admin/audit").json()["pagination"]["total"] == 3
    record()
    assert admin.get("admin/audit").json()["pagination"]["total"] == 3


class TestExport:
    def test_as_csv_no_cell_is_a_formula(self, admin, grace):
        record("LOGIN", "AUTH", "=HYPERLINK(1)", actor=grace, metadata={"a": 1})
        answer = admin.get("admin/audit/export")
        assert answer["Content-Type"].startswith("text/csv")
        assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
        [row] = csv.DictReader(io.StringIO(answer.text))
        assert (row["resourceId"], row["metadata"], row["username"]) == ("'=HYPERLINK(1)", '{"a":1}', "grace")
        assert row["createdAt"].endswith("Z")

    def test_as_json_with_the_same_filters(self, admin):
        record()
        record("LOGIN", "AUTH", "x")
        rows = admin.get("/api/v1/admin/audit/export?format=json&action=LOGIN").json()
        assert [row["action"] for row in rows] == ["LOGIN"]

    def test_another_format_is_refused(self, admin):
        assert admin.get("/api/v1/admin/audit/export?format=xml").status_code == 400


def test_the_search_uses_its_index():
    record()
    where, values = Filter(search="granite").conditions()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT count(*) FROM audit_logs e WHERE {where}", values)  # noqa: S608
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Bitmap Index Scan" in plan
    assert AuditEvent.objects.count() == 1
