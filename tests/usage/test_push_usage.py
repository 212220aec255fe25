"""The gateway pushes what was used: taken onto disk at once, booked by a worker, once."""

import gzip
import hashlib
import hmac
import json
import math
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connections
from django.db.models import Sum

from accounts.models import SYSTEM
from tests.factories import NOW
from tests.usage.conftest import log_row
from usage import ledger, spool
from usage.ledger import write_rows
from usage.models import UsageBatch, UsageDay, UsageLog, UsageReject
from usage.quarantine import replay_rejects

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
def test_the_noise_of_floats_makes_no_second_call():
    # Seen with 1.109: a stream's event says 0.00030000000000000003, its log 0.0003.
    write_rows([event(1, response_cost=0.00030000000000000003)], now=NOW)
    assert write_rows([log_row(1, spend=0.0003)], now=NOW).known == 1
    counts = write_rows([log_row(1, spend=0.00031)], now=NOW)
    assert (counts.added, counts.same_id) == (1, 1)
    assert write_rows([event(1, response_cost=0.00031)], now=NOW).known == 1


@pytest.mark.django_db
def test_answers_from_the_cache_are_counted_once_though_log_and_event_name_them_differently():
    # Seen with 1.109: each appends the moment at which it was written.
    told = [
        (1, "_cache_hit1795713558.5303748", "_cache_hit1795713558.5213354"),
        (2, "_cache_hit9.1", "_cache_hit9.2"),
    ]
    rows = [log_row(n, request_id=f"chatcmpl-1{row}", spend=0) for n, row, _event in told]
    events = [
        event(
            n,
            id=f"chatcmpl-1{name}",
            response_cost=0,
            endTime=datetime.fromisoformat(row["endTime"]).timestamp(),
        )
        for row, (n, _row, name) in zip(rows, told, strict=True)
    ]
    assert write_rows(rows, now=NOW).added == 2
    assert write_rows(events, now=NOW).known == 2


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
@pytest.mark.parametrize("seconds", [float, Decimal])
def test_an_event_that_came_from_the_future_is_booked_when_its_time_has_come(seconds):
    start = seconds(str((NOW + timedelta(days=3)).timestamp()))
    assert write_rows([event(1, startTime=start, endTime=start)], now=NOW).rejected == 1
    assert replay_rejects(actor=SYSTEM, now=NOW + timedelta(days=3)).added == 1
    assert UsageLog.objects.get().started_at == NOW + timedelta(days=3)


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
def test_each_broken_line_is_set_aside_with_its_own_reason_and_can_be_replayed(client):
    whole = json.dumps(event(2, response_cost=0.25))
    lines = [
        json.dumps(event(1)),
        # Cut off behind all that counts, and in the middle of the cost.
        whole[: whole.index('"messages"') + 20],
        whole.replace("chatcmpl-2", "chatcmpl-9")[: whole.index("0.25") + 2],
        "[17]",
        json.dumps(event(3)),
        "no json at all",
    ]
    assert post(client, "\n".join(lines).encode(), **BEARER).status_code == 202
    counts = spool.book_events(datetime.now(UTC))
    assert (counts.added, counts.rejected) == (2, 4)
    reasons = dict(UsageReject.objects.values_list("request_id", "reason"))
    assert reasons["chatcmpl-2"].startswith("no JSON: ")
    assert len(set(UsageReject.objects.values_list("fingerprint"))) == 4
    assert "no JSON object" in UsageReject.objects.values_list("reason", flat=True)
    assert "secret prompt" not in json.dumps(list(UsageReject.objects.values("row")))
    # The same body again sets nothing more aside.
    post(client, "\n".join(lines).encode(), **BEARER)
    spool.book_events(datetime.now(UTC))
    assert UsageReject.objects.count() == 4
    counts = replay_rejects(actor=SYSTEM, now=datetime.now(UTC))
    assert (counts.added, counts.rejected) == (1, 3)
    booked = UsageLog.objects.get(request_id="chatcmpl-2")
    assert (booked.cost, booked.cost_center) == (Decimal("0.25"), "CC-1")
    assert write_rows([event(2, response_cost=0.25)], now=NOW).known == 1


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
