"""Rollups are always derivable, usage finds its owner later, and months are put away whole."""

import threading
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import SYSTEM, AuditEvent
from litemaas import errors
from tests.factories import NOW, TeamFactory, UserFactory
from tests.usage.conftest import log_row
from usage import operators, upkeep
from usage.attribution import reattribute_usage, unattributed
from usage.cubes.zone import forget_zone
from usage.ledger import write_rows
from usage.models import (
    NOBODY,
    ClosedMonth,
    KeyDay,
    RollupZone,
    Series,
    TotalQuarter,
    UsageDay,
    UsageLog,
    UsageReject,
    UserDay,
)
from usage.quarantine import replay_rejects
from usage.retention import clean_up_usage, keep_retention
from usage.rollups import CUBES
from usage.upkeep import change_rollup_zone, rebuild_rollups


def picture() -> dict[str, list[tuple]]:
    """All rollups, byte for byte."""
    found = {}
    with connection.cursor() as cursor:
        for cube in CUBES:
            cursor.execute(f"SELECT t::text FROM (SELECT {cube.columns} FROM {cube.table}) t ORDER BY 1")  # noqa: S608
            found[cube.table] = [row[0] for row in cursor.fetchall()]
    return found


def some_rows(count: int = 300) -> list[dict]:
    return [
        log_row(
            n,
            at=NOW - timedelta(hours=n * 7 % 1500, minutes=n % 60),
            api_key=f"hash-{n % 4}",
            model_group=f"model-{n % 5}",
            spend=0.1 * n / 7,
            status="failure" if n % 11 == 0 else "success",
            request_duration_ms=n * 37 % 90_000,
        )
        for n in range(count)
    ]


@pytest.fixture
def booked(make_key):
    for number in range(3):
        make_key(f"hash-{number}", team=TeamFactory())
    for first in range(0, 300, 50):
        write_rows(some_rows()[first : first + 50], now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Apia"])
def test_rebuilding_gives_the_same_bytes(settings, make_key, zone):
    settings.REPORTING_TIME_ZONE = zone
    make_key("hash-1")
    write_rows(some_rows(), now=NOW)
    live = picture()
    call_command(
        "rebuild_rollups", "--from", "2026-09-01", "--to", "2026-11-21", stdout=StringIO(), stderr=StringIO()
    )
    assert picture() == live


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [10, 600, 3000])
def test_batches_of_one_quarter_of_one_day_and_of_more_are_added_to_the_byte(make_key, minutes):
    for number in range(3):
        make_key(f"hash-{number}", team=TeamFactory())
    start = NOW - timedelta(minutes=NOW.minute % 15, seconds=NOW.second, days=3)
    rows = [{**row, **_at(start + timedelta(minutes=minutes * n / 300))} for n, row in enumerate(some_rows())]
    for first in (0, 150):
        write_rows(rows[first : first + 150], now=NOW)
    live = picture()
    rebuild_rollups(date(2026, 11, 1), date(2026, 11, 21))
    assert picture() == live
    assert TotalQuarter.objects.aggregate(r=Sum("requests"))["r"] == 300


def _at(moment: datetime) -> dict[str, str]:
    row = log_row(0, at=moment)
    return {name: row[name] for name in ("startTime", "endTime", "completionStartTime") if name in row}


@pytest.mark.django_db
def test_wrong_sums_are_put_right(booked):
    live = picture()
    with connection.cursor() as cursor:
        for cube in CUBES:
            cursor.execute(f"DELETE FROM {cube.table} WHERE random() < 0.4")  # noqa: S608
        cursor.execute("UPDATE usage_days SET requests = requests + 1")
    rebuild_rollups(date(2026, 9, 1), date(2026, 11, 21))
    assert picture() == live


@pytest.mark.django_db
@hypothesis_settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    minutes=st.lists(st.integers(0, 70 * 24 * 60), min_size=1, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    zone=st.sampled_from(
        ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "Europe/Berlin"]
    ),
    at_once=st.sampled_from([1, 50, 10**6]),
)
def test_whatever_was_booked_however_rebuilding_changes_no_byte(make_key, minutes, cuts, zone, at_once):
    rows = [
        log_row(
            n, at=NOW - timedelta(minutes=m), api_key=f"hash-{n % 3}", model_group=f"m{n % 4}", spend=m / 7
        )
        for n, m in enumerate(minutes)
    ]
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "_CALLS_AT_ONCE", at_once)
        make_key("hash-1")
        RollupZone.objects.update_or_create(pk=1, defaults={"name": zone})
        forget_zone()
        edges = [0, *sorted(cuts), len(rows)]
        for first, end in pairwise(edges):
            write_rows(rows[first:end], now=NOW)
        live = picture()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE usage_logs")
        rebuild_rollups(date(2026, 9, 10), date(2026, 11, 22))
        assert picture() == live
        change_rollup_zone("UTC" if zone != "UTC" else "Asia/Tokyo")
        change_rollup_zone(zone)
        assert picture() == live
        transaction.set_rollback(True)
    forget_zone()


@pytest.mark.django_db(transaction=True)
def test_rebuilding_goes_on_beside_ingestion(make_key):
    make_key("hash-1")
    rows = some_rows(400)
    write_rows(rows[:100], now=NOW)

    def ingest():
        try:
            for first in range(100, 400, 20):
                write_rows(rows[first : first + 20], now=NOW)
        finally:
            connections.close_all()

    worker = threading.Thread(target=ingest)
    worker.start()
    rebuild_rollups(date(2026, 11, 1), date(2026, 11, 21))
    worker.join()
    live = picture()
    rebuild_rollups(date(2026, 9, 1), date(2026, 11, 21))
    assert picture() == live
    assert UsageDay.objects.aggregate(r=Sum("requests"))["r"] == UsageLog.objects.count() == 400


@pytest.mark.django_db
def test_all_rollups_tell_the_same_total(booked):
    totals = set()
    with connection.cursor() as cursor:
        for cube in CUBES:
            if "requests" in cube.measures:
                cursor.execute(f"SELECT sum(requests), sum(cost), sum(latency_ms) FROM {cube.table}")  # noqa: S608
                totals.add(cursor.fetchone())
    assert len(totals) == 1


@pytest.mark.django_db
def test_a_change_of_zone_and_back_leaves_the_bytes(booked):
    live = picture()
    assert change_rollup_zone("Pacific/Chatham")
    elsewhere = picture()
    assert elsewhere["usage_days"] != live["usage_days"]
    assert elsewhere["usage_quarters"] == live["usage_quarters"]
    assert not change_rollup_zone("Pacific/Chatham")
    change_rollup_zone("UTC")
    assert picture() == live


@pytest.mark.django_db
def test_a_day_with_a_clock_change_has_all_its_hours(settings):
    settings.REPORTING_TIME_ZONE = "Europe/Berlin"
    # In spring 23 hours, in autumn 25: one call each quarter of the local day.
    for first, count in (
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 92),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 100),
    ):
        rows = [
            log_row(n, request_id=f"{first}-{n}", at=first + timedelta(minutes=15 * n)) for n in range(count)
        ]
        before = [log_row(0, request_id=f"{first}-b", at=first - timedelta(seconds=1))]
        after = [log_row(0, request_id=f"{first}-a", at=first + timedelta(minutes=15 * count))]
        write_rows(rows + before + after, now=NOW)
    sums = dict(UsageDay.objects.values_list("day").annotate(n=Sum("requests")))
    assert sums[date(2026, 3, 29)] == 92
    assert sums[date(2026, 10, 25)] == 100


@pytest.mark.django_db
def test_unattributed_usage_is_given_to_a_key_with_all_its_sums(booked, make_key):
    other = make_key("hash-9", team=TeamFactory())
    # The key has a line of its own already, so lines are merged as well as renamed.
    write_rows([log_row(900, api_key="hash-9", model_group="model-3", at=NOW - timedelta(hours=3))], now=NOW)
    named = {line.token_hash: line for line in unattributed()}
    assert named["hash-3"].requests == 75
    moved = reattribute_usage(actor=SYSTEM, token_hash="hash-3", key_id=other.pk, now=NOW)
    assert moved == 75
    assert not UsageLog.objects.filter(token_hash="hash-3", api_key_id=None).exists()
    assert not Series.objects.filter(token_hash="hash-3").exists()
    assert KeyDay.objects.filter(api_key_id=other.pk).aggregate(r=Sum("requests"))["r"] == 76
    assert not UserDay.objects.filter(user_id=NOBODY).exists()
    live = picture()
    rebuild_rollups(date(2026, 9, 1), date(2026, 11, 21))
    assert picture() == live
    assert AuditEvent.objects.get(action="USAGE_REATTRIBUTE").metadata["calls"] == 75
    assert reattribute_usage(actor=SYSTEM, token_hash="hash-3", key_id=other.pk, now=NOW) == 0
    with pytest.raises(errors.NotFound):
        reattribute_usage(actor=SYSTEM, token_hash="hash-of-nobody", key_id=other.pk, now=NOW)


@pytest.mark.django_db
def test_what_is_used_with_an_attributed_key_later_is_booked_on_its_key_at_once(make_key):
    mine = make_key("hash-9", team=TeamFactory())
    write_rows([log_row(1, api_key="hash-3")], now=NOW)
    reattribute_usage(actor=SYSTEM, token_hash="hash-3", key_id=mine.pk, now=NOW)
    write_rows([log_row(n, api_key="hash-3") for n in range(4)], now=NOW)
    assert set(UsageLog.objects.values_list("api_key_id", "user_id", "team_id")) == {
        (mine.pk, mine.owner_id, mine.team_id)
    }
    assert not unattributed()
    assert KeyDay.objects.get(api_key_id=mine.pk).requests == 4
    # A key that the portal makes known goes before an operator's word.
    other = make_key("hash-3")
    write_rows([log_row(5, api_key="hash-3")], now=NOW)
    assert UsageLog.objects.filter(api_key_id=other.pk).count() == 1


@pytest.mark.django_db
def test_only_operators_change_the_ledger(make_key):
    key = make_key()
    for actor in (UserFactory(), UserFactory(is_auditor=True)):
        with pytest.raises(errors.Forbidden):
            reattribute_usage(actor=actor, token_hash="x", key_id=key.pk, now=NOW)
        with pytest.raises(errors.Forbidden):
            clean_up_usage(actor=actor, now=NOW)
        with pytest.raises(errors.Forbidden):
            replay_rejects(actor=actor, now=NOW)
        with pytest.raises(errors.Forbidden):
            operators.rebuild(actor=actor, first=None, last=None, now=NOW)


@pytest.mark.django_db
def test_old_months_go_whole_and_their_sums_stay(booked):
    live = picture()
    count = clean_up_usage(actor=SYSTEM, retention_days=10, now=NOW)
    assert count == 300 - UsageLog.objects.count() > 0
    assert ClosedMonth.objects.count() == 2
    assert picture() == live
    # Rebuilding leaves what it can't derive, and late rows of a closed month are set aside.
    rebuild_rollups(date(2026, 9, 1), date(2026, 11, 21))
    assert picture() == live
    late = log_row(5000, at=NOW - timedelta(days=40))
    assert write_rows([late], now=NOW).rejected == 1
    assert UsageReject.objects.get().reason == "its month is closed"
    assert picture() == live


@pytest.mark.django_db
def test_the_nightly_run_keeps_the_retention_of_the_settings(booked, settings):
    calls = UsageLog.objects.count()
    settings.USAGE_RETENTION_DAYS = 0
    assert keep_retention(NOW) == 0
    settings.USAGE_RETENTION_DAYS = 365
    assert keep_retention(NOW) == 0
    assert not AuditEvent.objects.filter(action="USAGE_DATA_CLEANUP").exists()
    settings.USAGE_RETENTION_DAYS = 10
    assert keep_retention(NOW) == calls - UsageLog.objects.count() > 0
    assert AuditEvent.objects.get(action="USAGE_DATA_CLEANUP").metadata["months"] == ["2026-09", "2026-10"]
    assert keep_retention(NOW) == 0


@pytest.mark.django_db
def test_rows_that_were_set_aside_are_read_again(make_key):
    early = NOW - timedelta(days=3)
    rows = [log_row(1), log_row(2, spend="NaN")]
    assert write_rows(rows, now=early).rejected == 2
    counts = replay_rejects(actor=SYSTEM, now=NOW)
    assert (counts.read, counts.added, counts.rejected) == (2, 1, 1)
    assert UsageReject.objects.get().reason == "cost is not a number"
    kept = UsageLog.objects.get()
    write_rows([log_row(1)], now=NOW)
    assert UsageLog.objects.get() == kept
    out = StringIO()
    call_command("replay_usage_rejects", stdout=out)
    assert "0 added, 1 stay" in out.getvalue()


@pytest.mark.django_db
def test_one_id_with_other_figures_is_kept_apart_and_flagged():
    rows = [log_row(1), log_row(1, spend=0.5, prompt_tokens=1000), log_row(1, at=NOW - timedelta(hours=1))]
    counts = write_rows(rows, now=NOW)
    assert (counts.added, counts.same_id) == (3, 1)
    again = write_rows(rows[::-1], now=NOW)
    assert (again.added, again.known) == (0, 3)
    flagged = UsageLog.objects.get(same_id_as__isnull=False)
    assert UsageLog.objects.filter(identity=flagged.same_id_as).exists()
    assert UsageDay.objects.aggregate(r=Sum("requests"))["r"] == 3


@pytest.mark.django_db
def test_a_day_replayed_ten_times_reports_the_same_bytes(booked):
    live = picture()
    for turn in range(10):
        rows = some_rows()
        write_rows(rows[turn:] + rows[:turn], now=NOW + timedelta(hours=turn))
    assert picture() == live
