"""A sample of the REST API's calls in the record: cheap for the call, written in batches, without secrets."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.audit import accesses
from accounts.models import AuditEvent
from tests.api.conftest import ApiClient
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def rows():
    accesses.write_waiting()
    return list(AuditEvent.objects.filter(action="API_ACCESS").order_by("id"))


@pytest.fixture
def everything(settings):
    settings.API_ACCESS_SAMPLE_PERCENT = 100


def test_a_call_costs_no_statement_and_all_are_written_with_few(everything):
    person = UserFactory.create()
    client = ApiClient(person)
    client.get("auth/me")
    with CaptureQueriesContext(connection) as captured:
        client.get("auth/me")
    assert not [q for q in captured if "audit_logs" in q["sql"]]
    for _ in range(30):
        ApiClient().get("config")
    with CaptureQueriesContext(connection) as captured:
        assert accesses.write_waiting() == 32
    assert len([q for q in captured if "INSERT" in q["sql"]]) == 1
    assert accesses.write_waiting() == 0


def test_a_row_says_who_called_what_with_which_result(everything):
    person = UserFactory.create(username="ada")
    ApiClient(person).get("users?search=secret-word")
    (row,) = rows()
    assert (row.actor, row.actor_name, row.credential, row.success) == (person, "ada", "jwt", False)
    assert (row.resource_type, row.resource_id) == ("API_ACCESS", "api-users")
    told = row.metadata
    assert (told["method"], told["path"], told["status"]) == ("GET", "/api/v1/users", 403)
    assert "secret-word" not in str(told)


def test_what_opens_something_is_left_out_of_the_path(everything):
    ApiClient(UserFactory.create()).post("invitations/planted-token-QzX7/accept")
    assert "planted-token-QzX7" not in str([row.metadata for row in rows()])


def test_pages_are_not_meant_and_nothing_is_noted_where_it_is_off(everything, settings):
    Client().get("/login/")
    settings.API_ACCESS_SAMPLE_PERCENT = 0
    ApiClient().get("config")
    assert rows() == []


def test_valkey_being_away_is_no_fault_of_the_call(everything, monkeypatch):
    from redis.exceptions import ConnectionError as Away

    def away():
        raise Away

    monkeypatch.setattr(accesses, "_client", away)
    assert ApiClient().get("config").status_code == 200
