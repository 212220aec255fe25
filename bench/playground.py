"""`python -m bench.playground`: what the portal adds to each chunk of a streamed answer, and takes from other requests.

A small server plays the gateway: it writes into each chunk when it was sent, on the clock that all processes of a
machine share. So the time from there to the listener is measured once without the portal and once through it.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from bench import servers

_MODEL = "bench/chat"
_CHUNKS_PER_SECOND = 20
_ADDRESS = "/api/v1/playground/chat/completions"


class _Gateway(BaseHTTPRequestHandler):
    """Answers every chat with chunks that say when they were sent."""

    protocol_version = "HTTP/1.1"
    seconds = 5.0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(int(self.seconds * _CHUNKS_PER_SECOND)):
            delta = {"content": str(time.monotonic_ns())}
            self._send(f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode())
            time.sleep(1 / _CHUNKS_PER_SECOND)
        self._send(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))

    def log_message(self, format: str, *args: Any) -> None:
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def _gateway() -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), _Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def _listen(url: str, body: dict[str, Any], headers: dict[str, str]) -> list[float]:
    """Milliseconds that each chunk took."""
    took = []
    with requests.post(url, json=body, headers=headers, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines(chunk_size=None):
            now = time.monotonic_ns()
            if line.startswith(b"data: {") and b'"delta"' in line:
                content = json.loads(line[6:])["choices"][0]["delta"]["content"]
                took.append((now - int(content)) / 1e6)
    return took


def _seed(people: int) -> list[tuple[dict[str, str], str]]:
    """Headers and key of each person."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.models import User
    from accounts.tokens import issue_tokens
    from apikeys import secrets
    from apikeys.models import ApiKey, ApiKeyModel
    from catalog.models import Model
    from subscriptions.models import Subscription

    call_command("migrate", verbosity=0)
    now = timezone.now()
    model = Model.objects.create(
        id=_MODEL, provider="bench", capabilities=["chat"], created_at=now, updated_at=now
    )
    found = []
    for number in range(people):
        user = User.objects.create(username=f"listener{number}", email=f"l{number}@example.com", password="!")  # noqa: S106
        Subscription.objects.create(
            user=user, model=model, status="active", quota_requests=1, quota_tokens=1, status_changed_at=now,
            created_at=now, updated_at=now,
        )  # fmt: skip
        key = ApiKey(owner=user, name="k", created_at=now, updated_at=now)
        key.alias = f"portal-{key.pk}"
        row = secrets.secret_row(key, secrets.new_secret(), now=now)
        key.save()
        row.save()
        ApiKeyModel.objects.create(api_key=key, model=model)
        token = issue_tokens(user, signed_in_at=now)["access_token"]
        found.append(({"Authorization": f"Bearer {token}"}, str(key.pk)))
    return found


def _row(name: str, streams: int, took: list[float], waits: list[float], cpu: float) -> str:
    def figures(values: list[float]) -> str:
        if not values:
            return "– | –"
        ordered = sorted(values)
        return f"{statistics.median(ordered):.1f} | {ordered[int(len(ordered) * 0.99)]:.1f}"

    return f"| {name} | {streams} | {len(took):,} | {figures(took)} | {cpu:.3f} | {figures(waits)} |"


def _measure(
    url: str, web: Any, people: list[Any], streams: int, *, direct: str | None = None
) -> tuple[Any, ...]:
    body = {"model": _MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    waits: list[float] = []
    used = web.cpu_seconds()
    with ThreadPoolExecutor(streams) as pool:
        calls = [
            pool.submit(
                _listen,
                direct or url + _ADDRESS,
                {**body, "apiKeyId": people[number % len(people)][1]},
                people[number % len(people)][0],
            )
            for number in range(streams)
        ]
        with requests.Session() as session:
            while not all(call.done() for call in calls):
                began = time.perf_counter()
                session.get(f"{url}/api/v1/auth/me", headers=people[0][0], timeout=60).raise_for_status()
                waits.append(1000 * (time.perf_counter() - began))
                time.sleep(0.05)
        took = [one for call in calls for one in call.result()]
    return took, waits, 1000 * (web.cpu_seconds() - used) / len(took)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.playground", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each stream (5)")
    arguments = parser.parse_args()
    _Gateway.seconds = arguments.seconds
    with servers.backing() as environment, _gateway() as gateway:
        os.environ.update(environment, LITELLM_API_URL=gateway, RATE_LIMITS="off")
        people = _seed(7)
        print(
            "| Way | Streams | Chunks | Chunk p50 ms | p99 ms | CPU ms per chunk | auth/me p50 ms | p99 ms |\n"
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        )
        with servers.web() as web:
            for streams in (1, 10, 50):
                for name, address in (("direct", f"{gateway}/v1/chat/completions"), ("portal", None)):
                    found = _measure(web.url, web, people, streams, direct=address)
                    print(_row(name, streams, *found), flush=True)
            print(f"\nResident memory of the web server afterwards: {web.memory():.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
