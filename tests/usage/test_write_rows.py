"""Rows go into the ledger once each, with their sums, or not at all."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.db import DatabaseError, connection, connections
from django.db.models import Sum

from tests.factories import NOW, TeamFactory
from tests.usage.conftest import add_secret, log_row
from usage.ledger import Counts, write_rows
from usage.models import Series, UsageDay, UsageLog, UsageQuarter, UsageReject, UserDay

COST = Decimal("0.0006900000000000001")


def sums(model) -> tuple[int, int, Decimal]:
    found = model.objects.aggregate(r=Sum("requests"), t=Sum("total_tokens"), c=Sum("cost"))
    return found["r"], found["t"], found["c"]


@pytest.mark.django_db
def test_a_replay_changes_nothing(make_key):
    key = make_key()
    rows = [log_row(n, api_key="hash-1") for n in range(7)]
    assert write_rows(rows, now=NOW).added == 7
    before = [list(m.objects.order_by("pk").values()) for m in (UsageLog, UsageDay, UsageQuarter)]
    for _ in range(10):
        assert write_rows(rows, now=NOW + timedelta(hours=1)) == Counts(read=7, known=7)
    assert [list(m.objects.order_by("pk").values()) for m in (UsageLog, UsageDay, UsageQuarter)] == before
    assert sums(UsageDay) == sums(UsageQuarter) == (7, 7 * 29, 7 * COST)
    key.refresh_from_db()
    assert key.last_used_at == NOW - timedelta(minutes=10) + timedelta(milliseconds=6)


@pytest.mark.django_db
def test_a_row_that_comes_twice_in_one_batch_counts_once():
    assert write_rows([log_row(), log_row()], now=NOW) == Counts(read=2, added=1, known=1)
    assert sums(UsageDay) == (1, 29, COST)


@pytest.mark.django_db
def test_what_the_gateway_says_is_kept_to_the_last_digit():
    tiny = Decimal("0.000000123456789012345678")
    write_rows([log_row(spend=tiny), log_row(1, spend=Decimal(98765)), log_row(2, spend=None)], now=NOW)
    assert UsageLog.objects.get(request_id="chatcmpl-0").cost == tiny
    assert UsageLog.objects.get(request_id="chatcmpl-2").cost is None
    day = UsageDay.objects.get()
    assert (day.cost, day.unpriced) == (Decimal("98765.000000123456789012345678"), 1)


@pytest.mark.django_db
def test_facts_of_a_row_are_read():
    write_rows([log_row()], now=NOW)
    row = UsageLog.objects.get()
    assert (row.model, row.provider, row.deployment) == ("gpt-mock", "openai", "mock-chat-1")
    assert (row.reasoning_tokens, row.cached_tokens) == (4, None)
    assert (row.latency_ms, row.status, row.tags) == (89, "success", ["team-x"])


@pytest.mark.django_db
def test_usage_of_revoked_and_deleted_keys_stays_their_owners(make_key):
    key = make_key(created_at=NOW - timedelta(days=1), revoked_at=NOW, deleted_at=NOW)
    write_rows([log_row(api_key="hash-1")], now=NOW)
    assert UsageLog.objects.get().user_id == UsageDay.objects.get().series.user_id == key.owner_id


@pytest.mark.django_db
def test_all_secrets_of_a_key_count_for_the_key(make_key):
    key = make_key()
    former = key.current_secret
    former.superseded_at = former.valid_until = former.retired_at = NOW
    former.save()
    fresh = add_secret(key, "hash-2", 2)
    write_rows([log_row(0, api_key="hash-1"), log_row(1, api_key="hash-2")], now=NOW)
    assert set(UsageLog.objects.values_list("api_key_id", "user_id")) == {(key.pk, key.owner_id)}
    assert UsageDay.objects.get().requests == 2
    for row in (key, former, fresh):
        row.refresh_from_db()
    first = NOW - timedelta(minutes=10)
    assert (former.last_used_at, fresh.last_used_at) == (first, first + timedelta(milliseconds=1))
    assert key.last_used_at == fresh.last_used_at


@pytest.mark.django_db
def test_usage_of_an_unknown_key_is_kept_for_nobody():
    write_rows([log_row(), log_row(1, api_key="")], now=NOW)
    assert UsageLog.objects.filter(user_id=None, api_key_id=None).count() == 2
    assert sums(UsageDay)[0] == sums(UserDay)[0] == 2
    assert set(Series.objects.values_list("token_hash", flat=True)) == {"hash-of-nobody", ""}


@pytest.mark.django_db
def test_health_checks_of_the_gateway_are_nobodys_usage():
    name = "litellm-internal-health-check"
    rows = [log_row(api_key=name), log_row(1, team_id=name), log_row(2, request_tags=[name])]
    assert write_rows(rows, now=NOW) == Counts(read=3, health_checks=3)
    assert not UsageLog.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"spend": "NaN"}, "cost is not a number"),
        ({"spend": "much"}, "cost is not a number"),
        ({"spend": Decimal("1e30")}, "cost is not a number"),
        ({"spend": Decimal("-0.1")}, "negative cost"),
        ({"request_id": None}, "no request id"),
        ({"request_id": "x" * 300}, "unreadable request id"),
        ({"request_id": "a\x00b"}, "unreadable request id"),
        ({"startTime": "yesterday"}, "unreadable start time"),
        ({"startTime": "2027-03-01T00:00:00Z"}, "start time in the future"),
        ({"startTime": "1970-01-01T00:00:00Z"}, "start time before 2020"),
        ({"total_tokens": -1}, "unreadable total tokens"),
    ],
)
def test_a_bad_row_is_set_aside_and_the_others_are_booked(changes, reason):
    rows = [log_row(1), log_row(2, **changes), log_row(3, model_group="a\x00b\ud800")]
    assert write_rows(rows, now=NOW) == Counts(read=3, added=2, rejected=1)
    write_rows(rows, now=NOW)
    assert UsageReject.objects.get().reason == reason


@pytest.mark.django_db
def test_days_follow_the_reporting_time_zone_and_quarters_follow_utc(settings):
    settings.REPORTING_TIME_ZONE = "Asia/Kolkata"
    write_rows(
        [log_row(at=NOW.replace(hour=18, minute=29)), log_row(1, at=NOW.replace(hour=18, minute=30))], now=NOW
    )
    days = UsageDay.objects.order_by("day").values_list("day", flat=True)
    assert [str(day) for day in days] == ["2026-11-20", "2026-11-21"]
    buckets = UsageQuarter.objects.order_by("bucket").values_list("bucket", flat=True)
    assert [f"{bucket:%H:%M}" for bucket in buckets] == ["18:15", "18:30"]


@pytest.mark.django_db
def test_months_are_made_when_rows_need_them():
    write_rows([log_row(at=NOW - timedelta(days=400)), log_row(1, at=NOW - timedelta(days=40))], now=NOW)
    assert UsageLog.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_parallel_workers_book_each_row_once():
    rows = [log_row(n, model_group=f"model-{n % 5}") for n in range(200)]
    counts: list[Counts] = []

    def work(own_rows):
        try:
            counts.extend(write_rows(own_rows[first : first + 20], now=NOW) for first in range(0, 200, 20))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work, args=(order,)) for order in (rows, rows[::-1], rows)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(c.added for c in counts) == 200
    assert sums(UsageDay) == sums(UsageQuarter) == (200, 200 * 29, 200 * COST)


_HALF_DONE = """
import django, sys
django.setup()
from django.db import transaction
from tests.factories import NOW
from tests.usage.conftest import add_secret, log_row
from usage.ledger import write_rows
with transaction.atomic():
    write_rows([log_row(n) for n in range(50)], now=NOW)
    print("booked", flush=True)
    sys.stdin.read()
"""


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_leaves_nothing_behind_and_blocks_nobody():
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "litemaas.settings"}
    with subprocess.Popen(
        [sys.executable, "-c", _HALF_DONE],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "booked\n"
        worker.send_signal(signal.SIGKILL)
    assert not UsageLog.objects.exists()
    assert write_rows([log_row(n) for n in range(50)], now=NOW).added == 50
    assert sums(UsageDay) == (50, 50 * 29, 50 * COST)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_in_the_middle_of_a_copy_leaves_nothing_behind():
    pid = connection.connection.info.backend_pid if connection.connection else None
    connection.ensure_connection()
    pid = pid or connection.connection.info.backend_pid

    def rows_and_a_restart():
        yield from (log_row(n) for n in range(3000))
        other = connections["default"].copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        other.close()
        yield from (log_row(n) for n in range(3000, 9000))

    with pytest.raises(DatabaseError):
        write_rows(rows_and_a_restart(), now=NOW)
    connection.close()
    assert not UsageLog.objects.exists()
    assert write_rows((log_row(n) for n in range(9000)), now=NOW).added == 9000
    assert sums(UsageDay)[0] == sums(UsageQuarter)[0] == 9000


def test_the_cost_center_is_the_calls_else_the_keys_else_the_teams(make_key):
    team = TeamFactory(metadata={"cost_center": "CC-team"})
    make_key("hash-1", team=team, metadata={"cost_center": "CC-key"})
    make_key("hash-2", team=team)
    make_key("hash-3")
    told = {"metadata": {"spend_logs_metadata": {"cost_center": "CC-call"}}}
    rows = [log_row(0, api_key="hash-1", **told), *(log_row(n, api_key=f"hash-{n}") for n in (1, 2, 3))]
    write_rows(rows, now=NOW)
    centers = UsageLog.objects.order_by("started_at").values_list("cost_center", flat=True)
    assert list(centers) == ["CC-call", "CC-key", "CC-team", ""]
