"""A seeded truth, in whatever order and by whatever way it comes: the ledger holds the truth, to the last decimal.

What gateways do wrong when they serve it: `test_faulty_gateway`.
"""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.factories import NOW
from tests.usage.conftest import log_row
from tests.usage.test_push_usage import event
from usage.ledger import write_rows
from usage.models import UsageDay, UsageLog, UsageQuarter

SEED = 20261126


def truth(count: int = 600, seed: int = SEED, hours: int = 60) -> list[dict]:
    chance = random.Random(seed)
    start = NOW - timedelta(hours=hours)
    span = hours * 3_600_000
    return [
        log_row(
            0,
            request_id=f"chatcmpl-{n}" if chance.random() > 0.05 else "None",
            at=start + timedelta(milliseconds=chance.randrange(span)),
            api_key=f"hash-{chance.randrange(5)}",
            model_group=f"model-{chance.randrange(7)}",
            spend=chance.random() / 3,
            prompt_tokens=chance.randrange(5000),
            total_tokens=5020 + chance.randrange(4000),
            status="failure" if chance.random() < 0.1 else "success",
        )
        for n in range(count)
    ]


def sums_of(rows: list[dict]) -> dict[tuple, tuple]:
    found: dict[tuple, list] = defaultdict(lambda: [0, 0, Decimal(0)])
    for row in rows:
        day = datetime.fromisoformat(row["startTime"]).astimezone(UTC).date()
        line = found[(day, row["model_group"], row["status"])]
        line[0] += 1
        line[1] += row["total_tokens"]
        line[2] += Decimal(str(row["spend"]))
    return {key: tuple(line) for key, line in found.items()}


def ledger_sums() -> dict[tuple, tuple]:
    groups = UsageDay.objects.values_list("day", "series__model", "series__status")
    sums = groups.annotate(n=Sum("requests"), t=Sum("total_tokens"), c=Sum("cost"))
    return {(d, m, s): (n, t, c) for d, m, s, n, t, c in sums}


@pytest.mark.django_db
def test_out_of_order_and_year_old_rows_are_right():
    rows = truth(200) + truth(100, seed=2, hours=24 * 380)
    random.Random(1).shuffle(rows)
    for first in range(0, 300, 37):
        write_rows(rows[first : first + 37], now=NOW)
    assert ledger_sums() == sums_of(rows)


@pytest.mark.django_db
def test_push_that_loses_batches_and_pull_that_comes_late_make_the_whole():
    numbers = list(range(200))
    chance = random.Random(3)
    for first in range(0, 200, 20):
        if chance.random() < 0.5:
            write_rows([event(n) for n in numbers[first : first + 20]], now=NOW)
    write_rows([log_row(n) for n in numbers], now=NOW)
    assert UsageLog.objects.count() == 200
    assert UsageQuarter.objects.aggregate(c=Sum("cost"))["c"] == 200 * Decimal("0.0006900000000000001")


ZONES = [
    "UTC",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Pacific/Chatham",
    "Europe/Berlin",
]


@pytest.mark.django_db
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    minutes=st.lists(st.integers(0, 400 * 24 * 60), min_size=1, max_size=40, unique=True),
    zone=st.sampled_from(ZONES),
)
def test_quarters_make_the_days_of_every_zone(minutes, zone):
    UsageLog.objects.all().delete()
    UsageQuarter.objects.all().delete()
    rows = [log_row(0, request_id=f"r{m}", at=NOW - timedelta(minutes=m)) for m in minutes]
    write_rows(rows, now=NOW)
    tz = ZoneInfo(zone)
    wanted: dict = defaultdict(int)
    for m in minutes:
        wanted[(NOW - timedelta(minutes=m)).astimezone(tz).date()] += 1
    found: dict = defaultdict(int)
    for bucket, count in UsageQuarter.objects.values_list("bucket", "requests"):
        found[bucket.astimezone(tz).date()] += count
    assert found == wanted
