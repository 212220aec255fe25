"""Operators see how the gateway is, what is wrong, and what to do."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import SyncRun as ModelRun
from litellm_sync.client import GatewayClient
from litellm_sync.client import gateway as shared
from litellm_sync.errors import GatewayUnavailable
from litellm_sync.models import SyncRun
from tests.factories import UserFactory
from tests.portal.conftest import signed_in
from tests.portal.test_every_page import MOST_STATEMENTS, statements
from tests.portal.test_gateway_pages import finding, refused, wish

pytestmark = pytest.mark.django_db
HERE = "/operations/gateway"
PART = {"HX-Request": "true"}


@pytest.fixture
def console(operator):
    return signed_in(operator)


def test_the_page_does_not_wait_for_the_gateway_and_its_part_asks_it(console, gateway):
    page = console.get(HERE).text
    assert "Answered the last calls" in page
    assert "load, every 15s" in page
    part = console.get(f"{HERE}/asked", headers=PART)
    assert b"<html" not in part.content
    for told in ("LiteLLM 1.", "Connected", " ms", "All is well", "No call failed."):
        assert told in part.text, told
    assert "All is well" in part["HX-Trigger"]
    again = console.get(f"{HERE}/asked?was=0-True", headers=PART)
    assert "HX-Trigger" not in again
    assert console.get(f"{HERE}/asked").status_code == 302
    assert "All is well" in console.get(f"{HERE}?check=now").text


def test_an_outage_is_named_with_its_beginning_its_last_failure_and_what_to_do(console, gateway):
    gateway.faults.add("status", status=503, body='{"error": {"message": "sk-secret1234 is tired"}}')
    for _ in range(5):
        with pytest.raises(GatewayUnavailable):
            shared().list_users(page=1, size=1)
    page = console.get(f"{HERE}?check=now").text
    for told in (
        "The gateway does not answer",
        "Calls fail since",
        "Nothing is lost",
        "GET /user/list",
        "503",
    ):
        assert told in page, told
    assert "sk-secret1234" not in page
    assert "load, every" in page


def test_a_refused_key_a_missing_database_and_an_old_gateway_are_told_apart(console, gateway, monkeypatch):
    gateway.faults.add("refuse_master_key")
    with pytest.raises(Exception, match="401"):
        shared().list_users(page=1, size=1)
    assert "refuses the portal’s own key" in console.get(HERE).text
    monkeypatch.setattr(GatewayClient, "has_database", lambda self, *, deadline: False)
    page = console.get(f"{HERE}?check=now").text
    assert "The gateway has no database" in page
    assert "Not connected" in page


def test_what_was_refused_what_waits_and_what_did_not_run_is_said_with_a_way_on(console):
    now = timezone.now()
    refused()
    wish(dirty_since=now - timedelta(hours=1))
    finding()
    ModelRun.objects.create(started_at=now, finished_at=now, state="stopped", finding="Too many would go.")
    results = {"key": {"there": 7, "missing": 2, "different": 1, "unknown": 0, "error": "cut off"}}
    SyncRun.objects.create(started_at=now, finished_at=now, state="incomplete", results=results)
    page = console.get(HERE).text
    for told in (
        "refused 1 change for good",
        "1 change waits for too long",
        "The oldest: 1\xa0hour ago",
        "stopped for safety",
        "Too many would go.",
        "did not reach its end",
        "cut off",
        "?state=refused",
    ):
        assert told in page, told


def test_readers_look_and_start_nothing_and_the_page_stays_cheap():
    auditor = signed_in(UserFactory(is_auditor=True))
    assert "Compare now" not in auditor.get(HERE).text
    assert signed_in(UserFactory()).get(HERE).status_code == 403
    few = statements(auditor, HERE)
    for _ in range(20):
        refused()
    assert statements(auditor, HERE) == few <= MOST_STATEMENTS
