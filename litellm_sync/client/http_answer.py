"""An HTTP/1.1 answer, read from bytes as they come in whatever pieces: no waiting in here, and no socket."""

from litellm_sync.errors import GatewayGarbage

_LONGEST_HEAD = 64 * 1024
_LONGEST_LINE = 1024
_MOST_TRAILERS = 16 * 1024


class HttpAnswer:
    """`feed` the bytes; `status` is None until the head is complete. Header names are in lower case."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.is_complete = False
        self._rest = b""
        self._left = 0  # bytes of the body, or of the present chunk, that are still to come
        self._read_body = self._until_closed

    def feed(self, data: bytes) -> bytes:
        """What of the body is in there. Raises GatewayGarbage for what is no HTTP."""
        self._rest += data
        if self.status is None and not self._read_head():
            return b""
        return self._read_body()

    def end(self) -> None:
        """The other side has closed. Raises GatewayGarbage where it should have said more."""
        if self.status is None or (not self.is_complete and self._read_body != self._until_closed):
            raise GatewayGarbage("the answer ended in the middle", status=self.status)
        self.is_complete = True

    def _read_head(self) -> bool:
        """Whether the head is there; 1xx answers are skipped."""
        while self.status is None:
            head, blank, rest = self._rest.partition(b"\r\n\r\n")
            if not blank:
                if len(self._rest) > _LONGEST_HEAD:
                    raise GatewayGarbage("the head of the answer is too long")
                return False
            self._rest = rest
            status = _status_of(head)
            if status >= 200:
                self.status = status
                self._read_headers(head.partition(b"\r\n")[2])
        return True

    def _read_headers(self, lines: bytes) -> None:
        for line in lines.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        length = self.headers.get("content-length", "")
        if self.headers.get("transfer-encoding", "").lower().endswith("chunked"):
            self._read_body = self._chunked
        elif self.status == 204 or length.isdigit():
            self._left = int(length or 0)
            self._read_body = self._measured

    def _until_closed(self) -> bytes:
        found, self._rest = self._rest, b""
        return found

    def _measured(self) -> bytes:
        found = self._take()
        self.is_complete = self._left == 0
        return found

    def _chunked(self) -> bytes:
        parts = []
        while not self.is_complete:
            if self._left > 2:
                # The line end behind a chunk counts as two bytes of it, which are not handed on.
                parts.append(self._take(keep=2))
            if 0 < self._left <= 2:
                self._take()
            if self._left or not self._next_chunk():
                break
        return b"".join(parts)

    def _next_chunk(self) -> bool:
        """Read the size of the next chunk; False where it is not there yet or there is none."""
        line, end, rest = self._rest.partition(b"\r\n")
        if not end:
            if len(self._rest) > _LONGEST_LINE:
                raise GatewayGarbage("a chunk of the answer has no size", status=self.status)
            return False
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise GatewayGarbage("a chunk of the answer has no size", status=self.status) from None
        if size:
            self._rest, self._left = rest, size + 2
            return True
        if rest.startswith(b"\r\n") or b"\r\n\r\n" in rest:
            self.is_complete = True
        elif len(rest) > _MOST_TRAILERS:
            raise GatewayGarbage("the trailers of the answer are too long", status=self.status)
        return False

    def _take(self, *, keep: int = 0) -> bytes:
        """What there is of the `_left` bytes, less `keep`."""
        found = self._rest[: self._left - keep]
        self._rest = self._rest[len(found) :]
        self._left -= len(found)
        return found


def _status_of(head: bytes) -> int:
    version, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit():
        raise GatewayGarbage("the answer is not HTTP")
    return int(status)
