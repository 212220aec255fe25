"""A gateway that streams, and people who listen: each an event loop in a process of its own, with next to no work for a
chunk, so that what is measured is what stands between them.

Each chunk says when it was sent, on the clock that all processes of a machine share.
"""

import asyncio
import json
import multiprocessing
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

CHUNKS_PER_SECOND = 20
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_SENT_AT = re.compile(rb'"content":"(\d+)"')


@contextmanager
def gateway(seconds: float) -> Iterator[str]:
    """The address of a server that answers every chat for that long."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(seconds, there), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(seconds: float, told: Connection) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(_HEAD)
        due = time.monotonic()
        for _ in range(int(seconds * CHUNKS_PER_SECOND)):
            event = b'data: {"choices":[{"index":0,"delta":{"content":"%d"}}]}\n\n' % time.monotonic_ns()
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            due += 1 / CHUNKS_PER_SECOND
            await asyncio.sleep(due - time.monotonic())
        writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@dataclass
class Heard:
    """Milliseconds. `first` are the chunks that come with the beginning of an answer, `later` all the others, `waits`
    what other requests took meanwhile. `cpu_began` and `cpu_later`: processor seconds of the server until all streams
    had begun, and from then on."""

    first: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    cpu_began: float = 0.0
    cpu_later: float = 0.0


def listen(calls: list[tuple[str, dict[str, str], dict[str, Any]]], beside: Any, cpu: Any) -> Heard:
    """Make all the `calls` (address, headers, body) at once, and get `beside` (address, headers) again and again until
    the last one has ended. `cpu` tells the server's processor seconds."""
    return asyncio.run(_listen(calls, beside, cpu))


async def _listen(calls: list[Any], beside: Any, cpu: Any) -> Heard:
    heard = Heard()
    marks = [cpu()]
    left = len(calls)

    def begun() -> None:
        nonlocal left
        left -= 1
        if not left:
            marks.append(cpu())

    streams = asyncio.gather(*(_stream(heard, begun, *call) for call in calls))
    while not streams.done():
        began = time.perf_counter()
        await _whole("GET", *beside)
        heard.waits.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.05)
    await streams
    marks.append(cpu())
    heard.cpu_began, heard.cpu_later = marks[1] - marks[0], marks[2] - marks[1]
    return heard


async def _stream(heard: Heard, begun: Any, url: str, headers: dict[str, str], body: Any) -> None:
    reader, writer = await _send("POST", url, headers, json.dumps(body).encode())
    content, is_first = b"", True
    while part := await reader.read(65536):
        now = time.monotonic_ns()
        content += part
        for found in _SENT_AT.finditer(content):
            (heard.first if is_first else heard.later).append((now - int(found[1])) / 1e6)
            if is_first:
                is_first = False
                begun()
        content = b"" if content.endswith(b"\n") else content[content.rfind(b"\n") + 1 :]
    writer.close()
    if is_first:
        raise SystemExit(f"No stream came: {content.decode(errors='replace')}")


async def _whole(method: str, url: str, headers: dict[str, str]) -> None:
    reader, writer = await _send(method, url, headers, b"")
    content = await reader.read()
    writer.close()
    if not content.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"No answer: {content.decode(errors='replace')}")


async def _send(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    lines = [f"{method} {place.path} HTTP/1.1", f"Host: {place.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    writer.write("\r\n".join(lines).encode() + body)
    return reader, writer
