"""Reading the gateway's logs: everything once, whole, and from where it stopped."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from litellm_sync.errors import GatewayUnavailable
from tests.factories import NOW
from tests.usage.conftest import log_row
from usage import services, windows
from usage.models import BackfilledWindow, UsageCursor, UsageDay, UsageLog
from usage.windows import Window

pytestmark = pytest.mark.django_db


def test_all_pages_of_a_window_are_read(log_server):
    log_server.rows = [log_row(n) for n in range(250)]
    assert services.pull_usage(NOW).added == 250
    assert UsageCursor.objects.get().position == NOW


def test_the_json_numbers_of_the_gateway_stay_exact(log_server):
    log_server.rows = [log_row(spend=0.125)]
    log_server.exact_texts = {"0.125": "0.00069000000000000012345"}
    services.pull_usage(NOW)
    assert UsageDay.objects.get().cost == Decimal("0.00069000000000000012345")


def test_a_window_at_the_cap_is_halved_until_it_is_below_it(log_server, monkeypatch):
    monkeypatch.setattr(windows, "CAP", 100)
    log_server.cap = 100
    log_server.rows = [log_row(n, at=NOW - timedelta(seconds=2 * n)) for n in range(700)]
    assert services.pull_usage(NOW).added == 700


def test_more_rows_in_one_second_than_the_gateway_counts_are_read_all_the_same(log_server, monkeypatch):
    monkeypatch.setattr(windows, "CAP", 100)
    log_server.cap = 100
    log_server.rows = [log_row(n) for n in range(350)]
    assert services.pull_usage(NOW).added == 350


def test_a_row_that_comes_late_is_found_by_the_overlap(log_server):
    services.pull_usage(NOW)
    log_server.rows = [log_row(1, at=NOW - timedelta(minutes=14))]
    assert services.pull_usage(NOW + timedelta(seconds=15)).added == 1


def test_a_row_that_comes_very_late_is_found_by_the_second_reading(log_server):
    services.pull_usage(NOW)
    log_server.rows = [log_row(1, at=NOW - timedelta(hours=30))]
    assert services.pull_usage(NOW + timedelta(seconds=15)).added == 0
    assert services.reread_usage(NOW + timedelta(hours=1)).added == 1


def test_a_failure_keeps_what_was_read_and_the_next_pull_goes_on(log_server):
    services.pull_usage(NOW - timedelta(days=1))
    log_server.rows = [log_row(n, at=NOW - timedelta(hours=n)) for n in range(24)]
    log_server.fails_from = log_server.requests + 3
    with pytest.raises(GatewayUnavailable):
        services.pull_usage(NOW)
    log_server.fails_from = None
    kept = UsageLog.objects.count()
    assert 0 < kept < 24
    assert UsageCursor.objects.get().position == NOW - timedelta(hours=12, minutes=15)
    services.pull_usage(NOW)
    assert UsageLog.objects.count() == 24


def backfill(*options: str) -> str:
    out = StringIO()
    call_command("backfill_usage", "--from", "2026-10-01", "--to", "2026-10-10", *options, stdout=out)
    return out.getvalue()


def test_a_backfill_that_broke_off_goes_on_where_it_stopped(log_server):
    october = datetime(2026, 10, 1, 12, tzinfo=UTC)
    log_server.rows = [log_row(n, at=october + timedelta(days=n)) for n in range(10)]
    log_server.fails_from = 5
    with pytest.raises(CommandError, match="after 4 of 10 days"):
        backfill()
    log_server.requests, log_server.fails_from = 0, None
    assert "6 rows read: 6 added" in backfill()
    assert log_server.requests == 6
    assert BackfilledWindow.objects.count() == 10
    assert "10 rows read: 0 added" in backfill("--again")


def test_a_day_that_is_not_over_is_never_finished(log_server):
    services.backfill_usage(Window(NOW - timedelta(days=2), NOW + timedelta(days=1)), now=NOW)
    assert BackfilledWindow.objects.count() == 2


def test_ingest_usage_says_what_it_did(log_server):
    out = StringIO()
    log_server.rows = [
        log_row(at=datetime.now(UTC) - timedelta(minutes=1)),
        log_row(1, request_id="", at=NOW),
    ]
    call_command("ingest_usage", stdout=out)
    assert "1 added" in out.getvalue()
