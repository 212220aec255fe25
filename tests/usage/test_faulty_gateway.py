"""A seeded truth that the simulated gateway serves over HTTP with each known fault: the ledger holds it all the same."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils import timezone

from litellm_sync.client import gateway as client
from litellm_sync.errors import GatewayUnavailable
from litellm_sync.simulated.clock import with_offset
from usage import daily, services, windows
from usage.models import UsageDay, UsageLog, UsageReject

pytestmark = pytest.mark.django_db

CALLS, HOURS = 450, 40


def call(number: int, at: datetime, chance: random.Random) -> dict:
    """The facts of a call, as the simulated gateway keeps them."""
    prompt, completion, failed = chance.randrange(5000), chance.randrange(900), chance.random() < 0.1
    model = f"model-{chance.randrange(7)}"
    return {
        "request_id": f"chatcmpl-{number}",
        "call_id": f"call-{number}",
        "call_type": "acompletion",
        "endpoint": "/chat/completions",
        "asked_for": model,
        "token": f"hash-{chance.randrange(5)}",
        **dict.fromkeys(("key_alias", "user_email", "team_id", "team_alias", "end_user", "logs_metadata")),
        "user_id": "",
        "ip": "",
        "agent": "",
        "session_id": "",
        "tags": [],
        "error": {},
        "stream": False,
        "started": with_offset(at),
        "first_token": with_offset(at),
        "ended": with_offset(at + timedelta(milliseconds=90)),
        "milliseconds": 90,
        "model": f"openai/{model}",
        "model_id": model,
        "model_group": model,
        "provider": "openai",
        "mode": "chat",
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "spend": 0.0 if failed else chance.random() / 3,
        "input_cost": 0.0,
        "output_cost": 0.0,
        "status": "failure" if failed else "success",
        "visible_at": with_offset(at),
    }


@pytest.fixture
def truth(gateway):
    """What the gateway really knows: day, model and status with calls, tokens and exact cost."""
    chance, now = random.Random(20261126), timezone.now()
    times = sorted(chance.randrange(1, HOURS * 3_600_000) for _ in range(CALLS))
    sums: dict[tuple, list] = defaultdict(lambda: [0, 0, Decimal(0)])
    with gateway.state.lock:
        for number, back in enumerate(reversed(times)):
            at = now - timedelta(milliseconds=back)
            facts = call(number, at, chance)
            gateway.state.ledger.add(facts)
            line = sums[(at.astimezone(UTC).date(), facts["model_group"], facts["status"])]
            line[0] += 1
            line[1] += facts["total_tokens"]
            line[2] += Decimal(str(facts["spend"]))
        gateway.state.settle()
    return {key: tuple(line) for key, line in sums.items()}


def ledger() -> dict:
    groups = UsageDay.objects.values_list("day", "series__model", "series__status")
    return {
        (day, model, status): (calls, tokens, cost)
        for day, model, status, calls, tokens, cost in groups.annotate(
            n=Sum("requests"), t=Sum("total_tokens"), c=Sum("cost")
        )
    }


def read_all() -> None:
    now = timezone.now()
    services.backfill_usage(windows.Window(now - timedelta(hours=HOURS + 2), now), now=now, again=True)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_log_pages", "count": 3},
        {"kind": "shuffle_logs", "count": 40},
        {"kind": "cap_logs", "rows": 100},
        {"kind": "repeat_logs"},
        {"kind": "share_ids"},
        {"kind": "delay", "seconds": 0.01},
        {"kind": "status", "count": 2},
    ],
    ids=lambda fault: fault["kind"],
)
def test_the_ledger_is_the_truth_whatever_the_gateway_does(gateway, truth, monkeypatch, fault):
    monkeypatch.setattr(windows, "CAP", fault.get("rows", 10_000))
    gateway.faults.add(path="/spend/logs/v2", **fault)
    for _ in range(3):
        read_all()
    assert ledger() == truth
    assert UsageLog.objects.count() == CALLS


def test_a_gateway_that_fails_midway_is_read_to_the_end_later(gateway, truth):
    for after in (1, 3):
        gateway.faults.add("status", "/spend/logs/v2", after=after)
        with pytest.raises(GatewayUnavailable):
            read_all()
        gateway.faults.clear()
    read_all()
    assert ledger() == truth
    assert UsageLog.objects.count() == CALLS


def test_an_outage_is_caught_up(gateway, truth):
    now = timezone.now()
    services.pull_usage(now - timedelta(hours=HOURS - 1))
    gateway.faults.add("status", "/spend/logs/v2")
    with pytest.raises(GatewayUnavailable):
        services.pull_usage(now - timedelta(hours=20))
    gateway.faults.clear()
    services.pull_usage(timezone.now())
    services.reread_usage(timezone.now())
    assert ledger() == truth


def test_costs_that_are_no_numbers_wait_and_the_calls_are_booked_once_they_are_told_right(gateway, truth):
    gateway.faults.add("spoil_logs", "/spend/logs/v2")
    read_all()
    spoilt = UsageReject.objects.count()
    assert spoilt > 0
    assert UsageLog.objects.count() == CALLS - spoilt
    gateway.faults.clear()
    read_all()
    assert ledger() == truth


def test_daily_activity_is_summed_over_all_its_pages(gateway, truth, monkeypatch):
    """Each page of the gateway tells the totals of that page only."""
    monkeypatch.setattr(daily, "PAGE_SIZE", 7)
    day = timezone.now().astimezone(UTC).date()
    sums = daily.by_key(client(), day - timedelta(days=2), day)
    told = sum(one.cost for keys in sums.values() for one in keys.values())
    assert round(told, 9) == round(sum(cost for _calls, _tokens, cost in truth.values()), 9)
    assert len([path for path in gateway.calls if "daily/activity" in path]) > 3
