"""A gateway that serves the spend logs it is given, over HTTP, and keys to attribute them to."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from accounts import options
from apikeys.models import ApiKey, ApiKeySecret
from litellm_sync.client import forget_gateway
from tests.factories import NOW, UserFactory
from usage.cubes.zone import forget_zone


def log_row(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A row as LiteLLM 1.109 gives it."""
    start = changes.pop("at", NOW - timedelta(minutes=10)) + timedelta(milliseconds=number)
    return {
        "request_id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "api_key": "hash-of-nobody",
        "spend": 0.0006900000000000001,
        "prompt_tokens": 9,
        "completion_tokens": 20,
        "total_tokens": 29,
        "startTime": start.isoformat(),
        "endTime": (start + timedelta(milliseconds=90)).isoformat(),
        "model": "openai/gpt-mock-chat",
        "model_id": "mock-chat-1",
        "model_group": "gpt-mock",
        "custom_llm_provider": "openai",
        "metadata": {"usage_object": {"completion_tokens_details": {"reasoning_tokens": 4}}},
        "request_tags": ["User-Agent: curl", "team-x"],
        "status": "success",
        "request_duration_ms": 89,
    } | changes


class LogServer:
    """`cap`: how many rows it counts. `fails_from`: the number of the first request that gets a 500.

    `drops`: so many pages come empty. `shuffles`: rows change their order between pages. `hides`: ids of rows that its
    logs have lost, though its daily sums hold them; `forgets`: the other way round.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.cap = 10_000
        self.requests = 0
        self.fails_from: int | None = None
        self.exact_texts: dict[str, str] = {}
        self.drops, self.shuffles = 0, False
        self.hides: set[str] = set()
        self.forgets: set[str] = set()
        self.daily_page = 3
        self._chance = random.Random(7)

    def answer(self, query: dict[str, list[str]]) -> dict[str, Any]:
        start, end = (
            datetime.strptime(query[name][0], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            for name in ("start_date", "end_date")
        )
        page, size = int(query["page"][0]), int(query["page_size"][0])
        found = [row for row in self.rows if start <= datetime.fromisoformat(row["startTime"]) <= end]
        found = [row for row in found if row["request_id"] not in self.hides]
        found.sort(key=lambda row: row["startTime"])
        if self.shuffles:
            self._chance.shuffle(found)
        counted = min(len(found), self.cap)
        data = found[(page - 1) * size : page * size]
        if self.drops and page > 1:
            self.drops, data = self.drops - 1, []
        return {
            "data": data,
            "total": counted,
            "page": page,
            "page_size": size,
            "total_pages": -(-counted // size),
            "total_is_capped": len(found) > self.cap,
        }

    def daily(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """Sums of UTC days by key; a page holds some of the raw rows and tells sums of those only."""
        first, last = query["start_date"][0], query["end_date"][0]
        raw: dict[tuple[str, str, str], dict[str, Any]] = {}
        for row in self.rows:
            day = datetime.fromisoformat(row["startTime"]).astimezone(UTC).date().isoformat()
            if not first <= day <= last or row["request_id"] in self.forgets:
                continue
            names = ("spend", "prompt_tokens", "completion_tokens", "total_tokens")
            fresh = dict.fromkeys((*names, "successful_requests", "failed_requests"), 0)
            sums = raw.setdefault((day, row["api_key"], row["model_group"]), fresh)
            sums["successful_requests" if row["status"] == "success" else "failed_requests"] += 1
            for name in names:
                sums[name] += row[name] or 0
        page, size = int(query["page"][0]), self.daily_page
        parts = sorted(raw.items())[(page - 1) * size : page * size]
        results: dict[str, dict[str, Any]] = {}
        for (day, key, model), sums in parts:
            keys = results.setdefault(day, {"api_keys": {}, "model_groups": {}})
            metrics = keys["api_keys"].setdefault(key, {"metrics": dict.fromkeys(sums, 0)})["metrics"]
            for name, value in sums.items():
                metrics[name] += value
            # LiteLLM leaves calls without a model group out here.
            if not model:
                continue
            entry = keys["model_groups"].setdefault(model, {"metrics": {}, "api_key_breakdown": {}})
            entry["api_key_breakdown"][key] = {"metrics": sums}
        return {
            "results": [{"date": day, "breakdown": breakdown} for day, breakdown in results.items()],
            "metadata": {"page": page, "total_pages": max(1, -(-len(raw) // size))},
        }


@pytest.fixture
def log_server(settings) -> Iterator[LogServer]:
    logs = LogServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            logs.requests += 1
            failed = logs.fails_from is not None and logs.requests >= logs.fails_from
            asked = urlsplit(self.path)
            tell = logs.daily if asked.path.endswith("/daily/activity") else logs.answer
            text = "{}" if failed else json.dumps(tell(parse_qs(asked.query)))
            for plain, exact in logs.exact_texts.items():
                text = text.replace(plain, exact)
            self.send_response(500 if failed else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.LITELLM_API_URL = f"http://127.0.0.1:{server.server_port}"
    forget_gateway()
    yield logs
    forget_gateway()
    server.shutdown()
    thread.join()
    server.server_close()


def add_secret(key: ApiKey, token_hash: str, number: int = 1, **changes: Any) -> ApiKeySecret:
    facts = {"alias": f"{key.alias}-{number}", "prefix": "sk-abc", "suffix": "wxyz", "created_at": NOW}
    return ApiKeySecret.objects.create(api_key=key, token_hash=token_hash, number=number, **facts | changes)


@pytest.fixture
def make_key(db) -> Callable[..., ApiKey]:
    def make(token_hash: str = "hash-1", **changes: Any) -> ApiKey:  # noqa: S107
        owner: Any = changes.pop("owner", None) or UserFactory()
        facts = {"name": "work", "alias": f"portal-{uuid4()}", "created_at": NOW, "updated_at": NOW}
        facts |= {"secret_prefix": "sk-abc", "secret_suffix": "wxyz"}
        key = ApiKey.objects.create(owner=owner, **facts | changes)
        add_secret(key, token_hash)
        return key

    return make


@pytest.fixture(autouse=True)
def _fresh_zone():
    """Each test has its own rollups, so also its own zone of their days."""
    forget_zone()
    options.forget_recent()
