"""The usage API: own data only, exact, and the same sum whichever way it is split."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from tests.factories import UserFactory
from tests.usage.conftest import log_row
from usage.ledger import write_rows
from usage.models import SummedDay, UsageCursor

pytestmark = pytest.mark.django_db
COST = Decimal("0.0006900000000000001")


@pytest.fixture
def clock():
    return timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
def person(make_key, clock):
    """Somebody who called two models on three days, and somebody else who called one."""
    user: Any = UserFactory(username="ada", email="ada@example.com")
    make_key("hash-1", owner=user, name="=cmd")
    make_key("hash-2")
    mine = [
        log_row(n, api_key="hash-1", model_group=f"lab/m{n % 2}", at=clock - timedelta(days=n % 3))
        for n in range(12)
    ]
    failed = log_row(50, api_key="hash-1", model_group="lab/m0", status="failure", spend=0, at=clock)
    write_rows([*mine, failed, log_row(99, api_key="hash-2", at=clock)], now=timezone.now())
    return user


@pytest.fixture
def ask(client, person):
    client.force_login(person)

    def run(method: str, address: str, expect: int = 200, **data):
        call = getattr(client, method)
        extra = {"content_type": "application/json"} if method == "post" else {}
        answer = call(f"/api/v1/usage/{address}", data, **extra)
        assert answer.status_code == expect, answer.content
        return json.loads(answer.content, parse_float=Decimal)

    return run


@pytest.fixture
def span(clock):
    return {"startDate": (clock - timedelta(days=6)).date().isoformat(), "endDate": clock.date().isoformat()}


def test_days_models_and_totals_agree_to_the_last_digit(ask, span):
    found = ask("post", "analytics", **span)
    total = found["totalCost"]["total"]
    assert total == 12 * COST
    assert sum(day["cost"] for day in found["dailyUsage"]) == total
    assert sum(model["cost"] for model in found["topModels"]) == total
    assert sum(m["cost"] for day in found["dailyModelUsage"] for m in day["models"]) == total
    assert (
        sum(found["totalCost"]["byModel"].values()) == sum(found["totalCost"]["byProvider"].values()) == total
    )
    assert found["totalRequests"] == 13
    assert ask("get", "summary", **span)["totals"]["cost"] == total
    for interval in ("hour", "day", "week", "month"):
        points = ask("get", "timeseries", interval=interval, **span)["data"]
        assert sum(point["cost"] for point in points) == total
        assert sum(point["requests"] for point in points) == 13


def test_analytics_has_the_whole_shape(ask, span):
    found = ask("post", "analytics", **span)
    assert set(found["trends"]) == {
        f"{name}Trend"
        for name in ("requests", "cost", "users", "totalTokens", "promptTokens", "completionTokens")
    }
    trend = found["trends"]["requestsTrend"]
    assert (trend["percentageChange"], trend["direction"], trend["previous"]) == (None, "up", 0)
    assert (found["totalUsers"], found["activeUsers"]) == (1, 1)
    assert found["topMetrics"]["topModel"]["modelId"] == "lab/m0"
    assert found["topMetrics"]["topApiKey"]["keyAlias"] == "=cmd"
    assert found["averageLatency"] == 89
    assert round(found["successRate"], 2) == Decimal("92.31")


def test_nothing_read_yet_means_missing_days_and_no_dates_invented(ask, span):
    quality = ask("post", "analytics", **span)["dataQuality"]
    assert quality["asOf"] is None
    assert quality["complete"] is False


def test_a_read_day_without_traffic_is_a_zero_row(ask, span, person, clock):
    User.objects.filter(pk=person.pk).update(created_at=clock - timedelta(days=30))
    now = timezone.now()
    begun = (clock - timedelta(days=4)).replace(hour=0)
    UsageCursor.objects.create(source="litellm", begun_at=begun, position=now, moved_at=now)
    found = ask("post", "analytics", **span)
    assert len(found["dataQuality"]["missingDays"]) == 2
    assert [day["requests"] for day in found["dailyUsage"]] == [0, 0, 4, 4, 5]


def test_filters_narrow_and_foreign_keys_are_refused(ask, span, person):
    assert ask("post", "analytics", **span, modelIds=["lab/m1"])["totalRequests"] == 6
    assert ask("post", "analytics", **span, apiKeyIds=["=cmd"])["totalRequests"] == 13
    refused = ask("post", "analytics", expect=403, **span, apiKeyIds=["=cmd", "theirs"])
    assert refused["code"] == "FORBIDDEN_API_KEYS"
    assert refused["details"]["invalidApiKeys"] == ["theirs"]


def test_another_persons_usage_is_invisible(ask, span, person, client):
    other: Any = UserFactory()
    ask("get", "summary", expect=404, userId=str(other.pk), **span)
    client.force_login(other)
    assert ask("post", "analytics", **span)["totalRequests"] == 0
    client.force_login(UserFactory(is_auditor=True))
    assert ask("get", "summary", **span)["totals"]["requests"] == 0
    assert ask("get", "summary", userId=str(person.pk), **span)["totals"]["requests"] == 13


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("", "2026-01-01", "INVALID_DATE_RANGE"),
        ("01/02/2026", "2026-01-01", "INVALID_DATE_FORMAT"),
        ("2026-01-02", "2026-01-01", "INVALID_DATE_ORDER"),
        ("2024-01-01", "2025-06-01", "DATE_RANGE_TOO_LARGE"),
    ],
)
def test_wrong_dates_are_named(ask, first, last, code):
    assert ask("post", "analytics", expect=400, startDate=first, endDate=last)["code"] == code
    assert ask("get", "summary", expect=400, startDate=first, endDate=last)["code"] == code


def test_days_after_today_are_cut_off(ask):
    today = timezone.now().date()
    found = ask(
        "post", "analytics", startDate=today.isoformat(), endDate=(today + timedelta(days=9)).isoformat()
    )
    assert found["period"]["endDate"] == today.isoformat()


def test_the_export_has_a_row_per_day_model_and_key_and_no_formulas(ask, span, client):
    answer = client.get("/api/v1/usage/export", span | {"format": "csv"})
    assert f"usage-export-{span['startDate']}-to-{span['endDate']}.csv" in answer["Content-Disposition"]
    lines = answer.getvalue().decode().splitlines()
    assert lines[0] == (
        "Date,Model,Provider,API Key,Requests,Prompt Tokens,Completion Tokens,Total Tokens,Cost (USD)"
    )
    assert len(lines) == 7
    assert all(",'=cmd," in line for line in lines[1:])
    exported = client.get("/api/v1/usage/export", span | {"format": "json"})
    rows = json.loads(exported.getvalue(), parse_float=Decimal)
    assert sum(row["Cost (USD)"] for row in rows) == 12 * COST


def test_a_sum_of_more_digits_than_python_keeps_by_default_is_not_rounded(ask, span, clock):
    write_rows(
        [
            log_row(200, api_key="hash-1", spend=Decimal(98765), at=clock),
            log_row(201, api_key="hash-1", spend=Decimal("0.000000123456789012345678"), at=clock),
        ],
        now=timezone.now(),
    )
    total = ask("get", "summary", **span)["totals"]["cost"]
    assert total == Decimal("98765.008280123456789013545678")


def test_hours_are_refused_where_the_gateway_tells_days_only(ask, span, clock):
    day = clock.date() - timedelta(days=2)
    SummedDay.objects.create(day=day, since=clock, is_counted=True)
    for address, wanted in (("timeseries", {"interval": "hour"}), ("query", {"by": "weekday,hourOfDay"})):
        refused = ask("get", address, expect=400, **span, **wanted)
        assert refused["code"] == "GRANULARITY_NOT_AVAILABLE"
        assert refused["details"]["available"] == ["day", "week", "month"]
        assert refused["details"]["days"] == [day.isoformat()]
    assert ask("get", "timeseries", interval="day", **span)["data"]
    SummedDay.objects.update(is_counted=False)
    assert ask("get", "timeseries", interval="hour", **span)["data"]
