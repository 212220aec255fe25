"""A gateway without request logs: its daily sums are the ledger, and never counted beside logs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import SYSTEM
from tests.factories import NOW
from tests.usage.conftest import log_row
from usage import services
from usage.daily_pull import pull_daily_sums
from usage.ledger import write_rows
from usage.models import UsageDay, UsageLog, UsageReject
from usage.quarantine import replay_rejects

pytestmark = pytest.mark.django_db


def rows(count: int, at=NOW - timedelta(days=1)):
    failed = {"status": "failure", "spend": 0, "total_tokens": 0, "prompt_tokens": 0, "completion_tokens": 0}
    return [
        log_row(n, at=at, api_key=f"hash-{n % 5}", model_group=f"m{n % 7}", **(failed if n % 9 == 8 else {}))
        for n in range(count)
    ]


def sums():
    return UsageDay.objects.aggregate(r=Sum("requests"), t=Sum("total_tokens"), c=Sum("cost"))


def without_logs(server, now=NOW):
    """Reads the sums as beat does: they are seen, the logs are read in vain, and the sums are booked."""
    server.hides = {row["request_id"] for row in server.rows}
    pull_daily_sums(now)
    assert services.pull_usage(now + timedelta(minutes=15)).added == 0
    return pull_daily_sums(now + timedelta(minutes=15))


def test_every_page_is_summed_and_growth_is_added_once(log_server, make_key):
    key = make_key("hash-1")
    log_server.rows = rows(40)
    without_logs(log_server)
    good = [row for row in log_server.rows if row["status"] == "success"]
    assert (sums()["r"], sums()["t"]) == (40, 29 * len(good))
    assert abs(sums()["c"] - len(good) * Decimal("0.00069")) < Decimal("1e-12")
    assert UsageDay.objects.filter(series__user_id=key.owner_id).aggregate(r=Sum("requests"))["r"] == 8
    before = sums()
    assert pull_daily_sums(NOW).added == 0
    assert sums() == before
    log_server.rows = rows(60)
    pull_daily_sums(NOW)
    assert sums()["r"] == 60


def test_a_day_with_logs_is_never_counted_from_sums(log_server):
    log_server.rows = rows(20)
    services.pull_usage(NOW)
    assert pull_daily_sums(NOW).added == 0
    assert UsageLog.objects.count() == sums()["r"] == 20


def test_logs_that_come_a_little_after_the_sums_are_counted_and_the_sums_are_not(log_server):
    log_server.rows = rows(20, at=NOW - timedelta(minutes=5))
    log_server.hides = {row["request_id"] for row in log_server.rows}
    services.pull_usage(NOW)
    assert pull_daily_sums(NOW).added == 0
    log_server.hides = set()
    assert services.pull_usage(NOW + timedelta(minutes=1)).added == 20
    assert pull_daily_sums(NOW + timedelta(minutes=15)).added == 0
    assert UsageLog.objects.count() == sums()["r"] == 20


def test_sums_are_not_booked_while_the_logs_can_not_be_read(log_server):
    log_server.rows = rows(20)
    log_server.hides = {row["request_id"] for row in log_server.rows}
    services.pull_usage(NOW)
    for minutes in (0, 15, 30):
        assert pull_daily_sums(NOW + timedelta(minutes=minutes)).added == 0
    services.pull_usage(NOW + timedelta(minutes=31))
    assert pull_daily_sums(NOW + timedelta(minutes=32)).added > 0
    assert sums()["r"] == 20


def test_logs_of_a_day_that_is_counted_from_sums_are_set_aside_and_stay_there(log_server):
    log_server.rows = rows(20)
    without_logs(log_server)
    assert write_rows(rows(20), now=NOW).rejected == 20
    assert set(UsageReject.objects.values_list("reason", flat=True)) == {"its day is counted from daily sums"}
    replayed = replay_rejects(actor=SYSTEM, now=NOW)
    assert (replayed.added, replayed.rejected) == (0, 20)
    assert UsageReject.objects.count() == sums()["r"] == 20


def test_calls_without_a_model_group_are_counted_too(log_server):
    log_server.rows = [row | ({"model_group": ""} if n % 4 == 0 else {}) for n, row in enumerate(rows(20))]
    without_logs(log_server)
    good = [row for row in log_server.rows if row["status"] == "success"]
    assert (sums()["r"], sums()["t"]) == (20, 29 * len(good))
    assert UsageDay.objects.filter(series__model="").aggregate(r=Sum("requests"))["r"] == 5
