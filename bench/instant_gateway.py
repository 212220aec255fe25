"""`python -m bench.instant_gateway PORT`: answers what making a key asks of a gateway, after a delay that can be set.

It knows nothing and forgets everything: the portal is to be measured, and the simulated gateway needs more processor time
for an answer than the portal for the question. `PUT /delay/0.05` sets the delay in seconds.
"""

import asyncio
import sys
from typing import Any

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 32\r\n\r\n" + (
    b'{"error":{"message":"unknown"} }'
)
delay = 0.0


class Connection(asyncio.Protocol):
    """Requests come one after the other on a connection, as our client sends them."""

    def connection_made(self, transport: Any) -> None:
        self._transport, self._buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, blank, body = self._buffer.partition(b"\r\n\r\n")
        if not blank:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        if len(body) >= length:
            self._buffer = b""
            answer = _answer(head.split(b" ", 2))
            if delay:
                asyncio.get_running_loop().call_later(delay, self._transport.write, answer)
            else:
                self._transport.write(answer)


def _answer(request: list[bytes]) -> bytes:
    global delay
    method, path = request[0], request[1].split(b"?")[0]
    if method == b"PUT":
        delay = float(path.rpartition(b"/")[2])
    if path in {b"/key/info", b"/user/info"}:
        return _UNKNOWN
    body = b'{"status":"ok"}'
    return _OK % (len(body), body)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
