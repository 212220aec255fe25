"""The ledger against what the gateway says of the same calls: its logs, its events, its daily sums, its spend counters.

Against a real LiteLLM, 500 calls of all kinds; against the simulated versions a few. `LITELLM_TEST_PUSH_PORT` names
the port to which the real gateway pushes its events, if it does.
"""

import datetime as dt
import json
import os
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from litellm_sync.client import forget_gateway
from tests.contract.test_usage import _all_logs, _days
from tests.factories import UserFactory
from tests.usage.conftest import add_secret
from usage import services
from usage.ledger import write_rows
from usage.models import UsageDifference, UsageLog, UsageReject, UserDay
from usage.reconciling import reconcile_usage

KINDS = ("chat", "stream", "chat", "embed", "cached", "refused", "chat", "other", "stream", "embed")
KNOWN = 3


@pytest.fixture
def portal(db, settings, target):
    settings.LITELLM_API_URL, settings.LITELLM_API_KEY = target.url, target.key
    forget_gateway()
    yield
    forget_gateway()


@pytest.fixture
def events(target) -> Iterator[list[dict]]:
    """What the gateway pushes meanwhile."""
    port, taken = os.environ.get("LITELLM_TEST_PUSH_PORT"), []
    if not (port and target.is_real):
        yield taken
        return

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])), parse_float=Decimal)
            taken.extend(body if isinstance(body, list) else [body])
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *args) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield taken
    server.shutdown()
    thread.join()
    server.server_close()


def use(program, models, kind: str, number: int) -> int:
    """One call; its status."""
    if kind == "stream":
        program.stream(models.chat, stream_options={"include_usage": True})
        return 200
    if kind == "embed":
        return program.embed(models.embedding, f"text {number}").status
    if kind == "cached":
        return program.chat(models.chat, cache={"use-cache": True}).status
    model = {"refused": models.refused, "other": models.other_chat}.get(kind, models.chat)
    return program.chat(model, user=f"end-user-{number % 7}").status


class _Models:
    def __init__(self, models) -> None:
        self.chat, self.other_chat, self.embedding = models.chat, models.other_chat, models.embedding
        # No key is allowed it.
        self.refused = "a-model-that-nobody-may-use"


def test_ledger_logs_daily_sums_and_counters_are_the_same(
    portal, target, client, issue, program, models, eventually, events, make_portal_key, version
):
    count = 500 if target.is_real else 40
    chosen = _Models(models)
    allowed = [models.chat, models.other_chat, models.embedding]
    keys = [issue(f"key-{n}", models=allowed) for n in range(5)]
    owned = {key.token: make_portal_key(key.token) for key in keys[:KNOWN]}
    programs = [program(key) for key in keys]
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(use, programs[n % 5], chosen, KINDS[n * 7 % len(KINDS)], n) for n in range(count)
        ]
    statuses = Counter(call.result() // 100 for call in asked)
    assert statuses[2] > count / 2
    assert statuses[4] == count // 10
    tokens = {key.token for key in keys}

    span = {"start": dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)}
    span["end"] = span["start"] + dt.timedelta(hours=2)

    def logged():
        if client.spend_logs(**span, page_size=1).total < count:
            return None
        rows = [row for row in _all_logs(client) if row["api_key"] in tokens]
        return rows if len(rows) >= count else None

    rows = eventually(logged, f"{count} logs")
    sums = eventually(lambda: _daily(client, tokens, len(rows)), "the sums of the day")
    pushed = 0
    if events:
        eventually(lambda: len(_of(events, tokens)) >= count, "all events")
        pushed = write_rows(_of(events, tokens), now=dt.datetime.now(dt.UTC)).added
        assert pushed == count
    counts = services.pull_usage(dt.datetime.now(dt.UTC))
    assert counts.rejected == 0, list(UsageReject.objects.values_list("reason", "row"))
    booked = UsageLog.objects.filter(token_hash__in=tokens)
    # The ledger is the logs, call by call, whichever way they came; a second reading changes nothing.
    assert Counter(_told(row) for row in rows) == Counter(_booked(row) for row in booked)
    assert booked.count() == len(rows) == count
    services.reread_usage(dt.datetime.now(dt.UTC))
    assert booked.count() == count
    # And the day's sums, key by key.
    assert {token: _sums(booked.filter(token_hash=token)) for token in tokens} == sums
    for token, key in owned.items():
        assert set(booked.filter(token_hash=token).values_list("user_id", flat=True)) == {key.owner_id}
        spent = sum(row.cost for row in booked.filter(token_hash=token))
        row = eventually(
            lambda token=token, spent=spent: (
                (found := client.get_key(token)) and abs(found["spend"] - spent) < Decimal("1e-9") and found
            ),
            "the spend of the key",
        )
        assert row
    assert UserDay.objects.filter(user_id__in=[key.owner_id for key in owned.values()]).exists()
    today = dt.datetime.now(dt.UTC).date()
    reconcile_usage(today - dt.timedelta(days=1), today, now=dt.datetime.now(dt.UTC))
    left = UsageDifference.objects.filter(token_hash__in=tokens, healed_at=None)
    assert list(left.values()) == []


@pytest.fixture
def make_portal_key(db):
    from apikeys.models import ApiKey

    def make(token: str) -> ApiKey:
        now = dt.datetime.now(dt.UTC)
        facts = {"name": "work", "alias": f"portal-{token[:20]}", "created_at": now, "updated_at": now}
        key = ApiKey.objects.create(
            owner=UserFactory(), secret_prefix="sk-abc", secret_suffix="wxyz", **facts
        )
        add_secret(key, token)
        return key

    return make


def _of(events: list[dict], tokens: set[str]) -> list[dict]:
    return [event for event in events if event["metadata"]["user_api_key_hash"] in tokens]


def _told(row: dict) -> tuple:
    """Log and event of one call may differ by the noise of binary floats, and in the names of answers from the cache."""
    return (
        row["request_id"].partition("_cache_hit")[0],
        row["api_key"],
        row["status"],
        row["prompt_tokens"],
        row["completion_tokens"],
        round(Decimal(str(row["spend"])), 12).normalize(),
    )


def _booked(row: UsageLog) -> tuple:
    return (
        row.request_id.partition("_cache_hit")[0],
        row.token_hash,
        row.status,
        row.prompt_tokens,
        row.completion_tokens,
        round(row.cost, 12).normalize(),
    )


def _sums(rows) -> tuple:
    return (
        sum(row.status == "success" for row in rows),
        sum(row.status == "failure" for row in rows),
        sum(row.prompt_tokens or 0 for row in rows),
        sum(row.completion_tokens or 0 for row in rows),
        sum(row.total_tokens or 0 for row in rows),
        round(sum((row.cost for row in rows), Decimal(0)), 12),
    )


def _daily(client, tokens: set[str], count: int) -> dict[str, tuple] | None:
    """By key, once the gateway has added up so many calls. It adds binary floats."""
    found: dict[str, list] = defaultdict(lambda: [0, 0, 0, 0, 0, Decimal(0)])
    names = (
        *("successful_requests", "failed_requests", "prompt_tokens", "completion_tokens"),
        *("total_tokens", "spend"),
    )
    for page in _days(client, 1000):
        for day in page.results:
            for token, part in day["breakdown"]["api_keys"].items():
                if token in tokens:
                    told = (Decimal(str(part["metrics"].get(name, 0))) for name in names)
                    found[token] = [before + more for before, more in zip(found[token], told, strict=True)]
    if sum(line[0] + line[1] for line in found.values()) < count:
        return None
    return {token: (*map(int, line[:5]), round(line[5], 12)) for token, line in found.items()}
