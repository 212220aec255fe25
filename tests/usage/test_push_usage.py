"""The gateway pushes what was used: taken onto disk at once, booked by a worker, once."""

import gzip
import hashlib
import hmac
import json
import math
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.db.models import Sum

from tests.factories import NOW
from tests.usage.conftest import log_row
from usage import ledger, spool
from usage.ledger import write_rows
from usage.models import UsageBatch, UsageDay, UsageLog, UsageReject

URL = "/api/v1/gateway/events"
TOKEN, SECRET = "a-token-of-the-gateway", "a-secret-of-the-gateway"
BEARER = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def _credentials(settings):
    settings.GATEWAY_EVENTS_TOKEN, settings.GATEWAY_EVENTS_SECRET = TOKEN, SECRET


def event(number: int = 0, **changes: Any) -> dict[str, Any]:
    """The event of the same call that `log_row(number)` tells."""
    row = log_row(number)
    start = datetime.fromisoformat(row["startTime"])
    return {
        "id": row["request_id"],
        "status": "success",
        "call_type": "acompletion",
        "model": row["model"],
        "model_group": row["model_group"],
        "model_id": row["model_id"],
        "custom_llm_provider": "openai",
        "startTime": start.timestamp() + 0.0003,
        "endTime": start.timestamp() + 0.09,
        "completionStartTime": start.timestamp() + 0.05,
        "prompt_tokens": 9,
        "completion_tokens": 20,
        "total_tokens": 29,
        "response_cost": 0.0006900000000000001,
        "cost_breakdown": {"input_cost": 9e-05, "output_cost": 0.0006},
        "request_tags": ["User-Agent: curl", "team-x"],
        "metadata": {
            "user_api_key_hash": row["api_key"],
            "usage_object": {"prompt_tokens_details": {"cached_tokens": 3}},
            "user_api_key_auth_metadata": {"cost_center": "CC-1"},
        },
        "messages": [{"role": "user", "content": "a secret prompt"}],
    } | changes


def post(client, body: bytes, **headers: str):
    return client.generic("POST", URL, body, "application/json", **headers)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        json.dumps([event(1), event(2)]),
        json.dumps(event(1)) + "\n" + json.dumps(event(2)) + "\n\n",
        json.dumps([event(1), event(2)]).replace("0.0006900000000000001", "0.00069000000000000010"),
    ],
)
def test_arrays_and_lines_are_taken_and_booked(client, body):
    answer = post(client, body.encode(), **BEARER)
    assert (answer.status_code, UsageLog.objects.count()) == (202, 0)
    assert spool.book_events(NOW + timedelta(days=99999)).added == 2
    assert not UsageBatch.objects.exists()
    row = UsageLog.objects.get(request_id="chatcmpl-1")
    assert (row.cost_center, row.cached_tokens, row.first_token_ms, row.tags) == ("CC-1", 3, 50, ["team-x"])
    assert "secret prompt" not in json.dumps(list(UsageLog.objects.values()), default=str)


@pytest.mark.django_db
def test_one_event_alone_is_taken(client):
    assert post(client, json.dumps(event()).encode(), **BEARER).status_code == 202
    assert spool.book_events(datetime.now(UTC)).added == 1


@pytest.mark.django_db
def test_the_same_batch_waits_once(client):
    body = json.dumps([event()]).encode()
    assert post(client, body, **BEARER).json() == post(client, body, **BEARER).json()
    assert UsageBatch.objects.count() == 1
    assert post(client, b"[]", **BEARER).status_code == 202
    assert post(client, b"", **BEARER).json() == {"batchId": None}


@pytest.mark.django_db
def test_push_and_pull_tell_the_same_calls():
    write_rows([event(n) for n in range(5)], now=NOW)
    assert write_rows([log_row(n) for n in range(5)], now=NOW).known == 5
    write_rows([log_row(n) for n in range(5, 9)], now=NOW)
    assert write_rows([event(n) for n in range(9)], now=NOW).known == 9
    assert UsageLog.objects.count() == 9


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers", [{}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": TOKEN}]
)
def test_strangers_are_refused_before_their_body_is_read(client, headers):
    answer = post(client, b"[not json", **headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")
    assert not UsageBatch.objects.exists()


@pytest.mark.django_db
def test_without_a_credential_in_the_settings_nobody_may(client, settings):
    settings.GATEWAY_EVENTS_TOKEN = settings.GATEWAY_EVENTS_SECRET = ""
    assert post(client, b"[]", HTTP_AUTHORIZATION="Bearer ").status_code == 401


def signed(body: bytes, at: datetime, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"HTTP_X_LITEMAAS_SIGNATURE": f"t={stamp},v1={mac}"}


@pytest.mark.django_db
def test_a_signature_holds_for_its_body_and_a_few_minutes(client):
    body, now = json.dumps([event()]).encode(), datetime.now(UTC)
    assert post(client, body, **signed(body, now)).status_code == 202
    assert post(client, body + b" ", **signed(body, now)).status_code == 401
    assert post(client, body, **signed(body, now - timedelta(minutes=6))).status_code == 401
    assert post(client, body, **signed(body, now + timedelta(minutes=6))).status_code == 401
    assert post(client, body, **signed(body, now, "another")).status_code == 401
    assert post(client, body, HTTP_X_LITEMAAS_SIGNATURE="t=,v1=,,=").status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"nonsense", b'[{"id": "a"}', b'{"id": ', b"17", b"[1, 2]", b"\xff\xfe"])
def test_what_is_no_json_is_told_at_once(client, body):
    assert post(client, body, **BEARER).status_code == 400


@pytest.mark.django_db
def test_packed_bodies_are_taken_and_bounded(client, monkeypatch):
    body = json.dumps([event(n) for n in range(50)]).encode()
    packed = gzip.compress(body)
    gzipped = {**BEARER, "HTTP_CONTENT_ENCODING": "gzip"}
    assert post(client, packed, **gzipped).status_code == 202
    assert spool.book_events(datetime.now(UTC)).added == 50
    assert post(client, packed[:-20], **gzipped).status_code == 400
    assert post(client, body, **gzipped).status_code == 400
    assert post(client, body, **BEARER, HTTP_CONTENT_ENCODING="br").status_code == 400
    monkeypatch.setattr(spool, "LARGEST_BODY", len(body) - 1)
    assert post(client, packed, **gzipped).status_code == 413
    assert post(client, body, **BEARER).status_code == 413


@pytest.mark.django_db
def test_twenty_megabytes_are_taken(client):
    padding = "x" * 20_000
    body = json.dumps([event(n, messages=padding) for n in range(1000)]).encode()
    assert len(body) > 20_000_000
    assert post(client, body, **BEARER).status_code == 202
    assert spool.book_events(datetime.now(UTC)).added == 1000


BAD = [
    ({"response_cost": math.nan}, "cost is not a number"),
    ({"response_cost": math.inf}, "cost is not a number"),
    ({"response_cost": -1}, "negative cost"),
    ({"response_cost": [1]}, "cost is not a number"),
    ({"prompt_tokens": "many"}, "unreadable prompt tokens"),
    ({"prompt_tokens": math.nan}, "unreadable prompt tokens"),
    ({"startTime": None}, "unreadable start time"),
    ({"startTime": math.nan}, "unreadable start time"),
    ({"startTime": (NOW + timedelta(days=9000)).timestamp()}, "start time in the future"),
    ({"startTime": 1.0}, "start time before 2020"),
    ({"id": None}, "no request id"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("changes", "reason"), BAD)
def test_a_bad_event_is_set_aside_and_its_batch_is_booked(client, changes, reason):
    body = json.dumps([event(1), event(2, **changes), event(3)]).encode()
    assert post(client, body, **BEARER).status_code == 202
    counts = spool.book_events(datetime.now(UTC))
    assert (counts.added, counts.rejected) == (2, 1)
    reject = UsageReject.objects.get()
    assert reject.reason == reason
    assert "secret prompt" not in json.dumps(reject.row)


@pytest.mark.django_db
def test_odd_events_that_can_be_counted_are_counted():
    odd = [
        event(1, model=None, model_group=None),
        event(2, model_group="m" * 400, metadata={"user_api_key_hash": "k" * 300}),
        event(3, prompt_tokens="9", completion_tokens=20.0, response_cost="0.5"),
        event(4, startTime=(NOW - timedelta(days=365)).timestamp()),
        event(5, metadata=None, request_tags="odd", cost_breakdown={"input_cost": math.nan}),
    ]
    assert write_rows(odd, now=NOW).added == 5
    assert UsageLog.objects.get(request_id="chatcmpl-1").model == ""
    assert len(UsageLog.objects.get(request_id="chatcmpl-2").model) == 255
    assert UsageDay.objects.aggregate(r=Sum("requests"))["r"] == 5


@pytest.mark.django_db
def test_a_line_that_is_cut_off_costs_one_line(client):
    body = json.dumps(event(1)) + '\n{"id": "chatcmpl-2", "sta\n' + json.dumps(event(3))
    assert post(client, body.encode(), **BEARER).status_code == 202
    counts = spool.book_events(datetime.now(UTC))
    assert (counts.added, counts.rejected) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_a_batch_that_the_database_refuses_stays_for_later_and_blocks_no_other(client, monkeypatch):
    for number in range(3):
        post(client, json.dumps([event(number)]).encode(), **BEARER)
    now = datetime.now(UTC)
    with monkeypatch.context() as broken:
        broken.setattr(ledger, "_INSERT", "SELECT 1/0")
        with pytest.raises(DatabaseError):
            spool.book_events(now)
    assert not UsageLog.objects.exists()
    assert set(UsageBatch.objects.values_list("attempts", "last_error")) == {(1, "division by zero")}
    assert spool.book_events(now).added == 0
    assert spool.book_events(now + timedelta(minutes=1)).added == 3


@pytest.mark.django_db(transaction=True)
def test_push_and_pull_and_two_workers_at_once_count_each_call_once(client):
    for first in range(0, 200, 20):
        post(client, json.dumps([event(n) for n in range(first, first + 20)]).encode(), **BEARER)
    now = datetime.now(UTC)
    added: list[int] = []

    def work(use_case):
        try:
            added.append(use_case())
        finally:
            connections.close_all()

    def book() -> int:
        return spool.book_events(now).added

    def pull() -> int:
        return sum(
            write_rows([log_row(n) for n in range(f, f + 25)], now=now).added for f in range(175, -1, -25)
        )

    workers = [threading.Thread(target=work, args=(case,)) for case in (book, pull, book)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(added) == UsageLog.objects.count() == 200
    assert UsageDay.objects.aggregate(r=Sum("requests"))["r"] == 200
    assert not UsageBatch.objects.exists()
