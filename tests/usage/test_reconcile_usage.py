"""The ledger is compared with what the gateway says of itself; what differs is healed, or named and shown."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apikeys.models import ApiKeySecret
from litellm_sync.models import GatewaySpend
from tests.factories import NOW, UserFactory
from tests.usage.conftest import add_secret, log_row
from usage import services
from usage.counters import compare_counters
from usage.ledger import write_rows
from usage.models import UsageCursor, UsageDifference, UsageLog, UsageTrust
from usage.reconciling import reconcile_usage
from usage.rollup_check import contradiction
from usage.rollups import CUBES

pytestmark = pytest.mark.django_db

NOON = NOW - timedelta(days=1)
DAY = NOON.date()


def rows(count: int = 12, at=NOON, **changes):
    return [
        log_row(n, at=at, api_key=f"hash-{n % 3}", model_group=f"m{n % 4}", **changes) for n in range(count)
    ]


def reconcile(first: date = DAY, last: date = DAY):
    return reconcile_usage(first, last, now=NOW)


def test_a_day_that_agrees_is_verified(log_server):
    log_server.rows = rows()
    services.pull_usage(NOW)
    outcome = reconcile()
    assert (outcome.found, outcome.open) == (0, 0)
    trust = UsageTrust.objects.get()
    assert (trust.state, trust.requests, trust.gateway_requests) == ("verified", 12, 12)


def test_what_came_late_is_read_and_the_difference_is_healed(log_server):
    log_server.rows = rows(6)
    services.pull_usage(NOW)
    log_server.rows += rows(12)[6:]
    outcome = reconcile()
    assert (outcome.healed, outcome.open) == (3, 0)
    assert UsageLog.objects.count() == 12
    assert set(UsageDifference.objects.values_list("kind", "healed_at")) == {("late", NOW)}
    assert UsageTrust.objects.get().state == "verified"


def test_what_the_logs_have_lost_is_shown(log_server):
    log_server.rows, log_server.hides = rows(), {"chatcmpl-4"}
    services.pull_usage(NOW)
    assert reconcile().open == 1
    lost = UsageDifference.objects.get()
    assert (lost.kind, lost.requests, lost.other_requests, lost.token_hash) == (
        "lost_in_gateway",
        3,
        4,
        "hash-1",
    )
    assert UsageTrust.objects.get().state == "differs"
    # Found again: it comes when the gateway finds it.
    log_server.hides = set()
    assert reconcile().open == 0
    lost.refresh_from_db()
    assert lost.healed_at == NOW


def test_another_price_is_named(log_server):
    log_server.rows = rows()
    services.pull_usage(NOW)
    log_server.rows = rows(spend=0.5)
    reconcile()
    assert set(UsageDifference.objects.filter(healed_at=None).values_list("kind", flat=True)) == {
        "price",
        "double",
    } or set(UsageDifference.objects.values_list("kind", flat=True)) <= {"price", "double"}


def test_sums_that_daily_activity_forgot_are_shown(log_server):
    log_server.rows, log_server.forgets = rows(), {"chatcmpl-4"}
    services.pull_usage(NOW)
    reconcile()
    assert UsageDifference.objects.get().kind == "lost_in_gateway"


def test_a_day_booked_on_its_neighbour_is_named(log_server):
    late = NOON.replace(hour=23, minute=59)
    write_rows(rows(3, at=late), now=NOW)
    log_server.rows = [
        row | {"startTime": f"{DAY + timedelta(days=1)}T00:01:00+00:00"} for row in rows(3, at=late)
    ]
    log_server.hides = {row["request_id"] for row in log_server.rows}
    reconcile(DAY, DAY + timedelta(days=1))
    assert set(UsageDifference.objects.values_list("kind", flat=True)) == {"time_zone"}
    assert set(UsageTrust.objects.values_list("state", flat=True)) == {"explained"}


@pytest.mark.parametrize("name", ["", "unattributed"])
def test_calls_without_a_key_are_told_from_lost_ones(log_server, name):
    log_server.rows = [row | {"api_key": name} for row in rows(3)]
    log_server.hides = {row["request_id"] for row in log_server.rows}
    reconcile()
    assert UsageDifference.objects.get().kind == "unknown_key"
    assert UsageTrust.objects.get().state == "explained"
    # Once the logs tell them, with an empty key, nothing differs.
    write_rows([row | {"api_key": ""} for row in rows(3)], now=NOW)
    assert reconcile().open == 0


def test_calls_of_one_id_are_named_double(log_server):
    write_rows(
        [*rows(3), log_row(0, at=NOON, api_key="hash-0", model_group="m0", prompt_tokens=1000)], now=NOW
    )
    log_server.rows = rows(3)
    reconcile()
    assert UsageDifference.objects.get().kind == "double"


def test_wrong_sums_are_summed_anew(log_server):
    log_server.rows = rows()
    services.pull_usage(NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE usage_quarters SET requests = requests + 1")
    outcome = reconcile()
    assert (outcome.healed, outcome.open) == (1, 0)
    assert UsageDifference.objects.get().kind == "rollup"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_any_rollup_that_contradicts_the_others_is_found_and_made_anew(log_server, settings, zone):
    settings.REPORTING_TIME_ZONE = zone
    log_server.rows = rows()
    services.pull_usage(NOW)
    for cube in CUBES:
        if "requests" in cube.measures:
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE {cube.table} SET cost = cost + 1")  # noqa: S608
            outcome = reconcile()
            assert (outcome.healed, outcome.open) == (1, 0), cube.table
            assert contradiction(DAY) is None
    assert UsageDifference.objects.get().kind == "rollup"


def test_spend_counters_are_compared_and_a_reset_is_told_apart(log_server, make_key):
    keys = [make_key(f"hash-{n}") for n in range(3)]
    log_server.rows = rows()
    services.pull_usage(NOW)
    spends = (
        ("hash-0", "0.00276", None),
        ("hash-1", "0.001", NOW + timedelta(days=9)),
        ("hash-2", "0.9", None),
    )
    for key, (name, spend, reset) in zip(keys, spends, strict=True):
        GatewaySpend.objects.create(
            kind="key", gateway_id=name, object_id=key.pk, spend=spend, budget_reset_at=reset, as_of=NOW
        )
    assert reconcile().open == 1
    found = dict(UsageDifference.objects.values_list("token_hash", "kind"))
    assert found == {"hash-1": "budget_reset", "hash-2": "lost_in_gateway"}


def told(key, token_hash, spend, *, reset=None, as_of=NOW):
    facts = {"object_id": key.pk, "spend": spend, "budget_reset_at": reset, "as_of": as_of}
    GatewaySpend.objects.create(kind="key", gateway_id=token_hash, **facts)


def test_a_counter_is_compared_within_its_budget_window(log_server, make_key):
    monthly = make_key("hash-0", budget_window="monthly", max_budget=5, created_at=NOW - timedelta(days=90))
    write_rows(rows(3, at=NOW - timedelta(days=40)), now=NOW)
    log_server.rows = rows()
    services.pull_usage(NOW)
    december = datetime(2026, 12, 1, tzinfo=UTC)
    # Four calls of this month; the one of October belongs to an earlier window.
    told(monthly, "hash-0", "0.00276", reset=december)
    assert reconcile().open == 0
    assert not UsageDifference.objects.filter(against="spend_counter").exists()
    GatewaySpend.objects.update(spend="0.1")
    assert reconcile().open == 0, "the window began before the ledger did"
    UsageCursor.objects.update(begun_at=NOW - timedelta(days=100))
    assert reconcile().open == 1
    # The counter of a window that has ended tells nothing about the one that began.
    GatewaySpend.objects.update(budget_reset_at=NOW - timedelta(minutes=1))
    assert reconcile_usage(DAY, DAY, now=NOW + timedelta(minutes=1)).open == 0


def test_calls_that_a_counter_has_not_seen_yet_are_no_difference(log_server, make_key):
    key = make_key("hash-0")
    log_server.rows = [*rows(), log_row(50, at=NOW - timedelta(minutes=5), api_key="hash-0")]
    services.pull_usage(NOW)
    for spend, differences in (("0.00276", 0), ("0.00345", 0), ("0.0041", 1), ("0.002", 1)):
        GatewaySpend.objects.all().delete()
        told(key, "hash-0", spend, as_of=NOW - timedelta(minutes=6))
        assert reconcile().open == differences


def test_the_secrets_of_one_key_are_compared_together(log_server, make_key):
    key = make_key("hash-0")
    ApiKeySecret.objects.update(superseded_at=NOW, valid_until=NOW)
    add_secret(key, "hash-1", 2)
    log_server.rows = rows()
    services.pull_usage(NOW)
    told(key, "hash-0", "0.00276", as_of=NOW - timedelta(days=1))
    told(key, "hash-1", "0.00276")
    assert reconcile().open == 0


def test_many_counters_take_as_many_statements_as_one(log_server, make_key, django_assert_num_queries):
    keys = [make_key(f"hash-{number}") for number in range(30)]
    log_server.rows = rows()
    services.pull_usage(NOW)
    for number, key in enumerate(keys):
        told(key, f"hash-{number}", "0.00276" if number < 3 else "0")
        if number == 0:
            compare_counters(NOW)
            with CaptureQueriesContext(connection) as one:
                compare_counters(NOW)
    with django_assert_num_queries(len(one)):
        assert compare_counters(NOW) == 0


def test_the_command_says_what_it_found(log_server):
    log_server.rows, log_server.hides = rows(), {"chatcmpl-4"}
    services.pull_usage(NOW)
    out = StringIO()
    call_command("reconcile_usage", "--from", str(DAY), "--to", str(DAY), stdout=out)
    assert "lost_in_gateway" in out.getvalue()
    assert "1 differences: 0 healed, 1 stay" in out.getvalue()


def test_operators_read_the_comparison(log_server, client):
    log_server.rows, log_server.hides = rows(), {"chatcmpl-4"}
    services.pull_usage(NOW)
    reconcile()
    client.force_login(UserFactory(is_auditor=True))
    assert client.get("/admin/usage/usagedifference/").status_code == 200
