"""A file under a data key of its own, sealed piece by piece, so that it is written and read in constant memory.

Each frame is `length (4 bytes) | AES-256-GCM ciphertext and tag`. Its nonce is its number, its associated data the name
of the file and whether it is the last one: frames that are dropped, swapped, cut off or from elsewhere do not open.
"""

import hashlib
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.backups.errors import BackupDamaged

_FRAME = 256 * 1024
_LENGTH = struct.Struct(">I")
_TAG = 16


class SealedWriter:
    """Write with `write`, and call `finish` once at the end; `size` and `sha256` are of the sealed file then."""

    def __init__(self, path: Path, key: bytes, name: str) -> None:
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self._cipher, self._name = AESGCM(key), name
        self._buffer, self._frame = bytearray(), 0
        self._hash, self._content_hash = hashlib.sha256(), hashlib.sha256()
        self.size = self.content_size = 0

    def write(self, data: bytes) -> None:
        self._content_hash.update(data)
        self.content_size += len(data)
        self._buffer += data
        while len(self._buffer) > _FRAME:
            self._put(bytes(self._buffer[:_FRAME]), last=False)
            del self._buffer[:_FRAME]

    def finish(self) -> None:
        """The last frame, and everything safe on the disk."""
        self._put(bytes(self._buffer), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _put(self, content: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._frame), content, _bound(self._name, last))
        framed = _LENGTH.pack(len(sealed)) + sealed
        self._file.write(framed)
        self._hash.update(framed)
        self.size += len(framed)
        self._frame += 1

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    @property
    def content_sha256(self) -> str:
        return self._content_hash.hexdigest()

    def __enter__(self) -> "SealedWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_sealed(path: Path, key: bytes, name: str) -> Iterator[bytes]:
    """The content, piece by piece. Raises BackupDamaged at the first piece that is not what was written."""
    cipher, number = AESGCM(key), 0
    with path.open("rb") as file:
        framed = _next_frame(file)
        while framed is not None:
            following = _next_frame(file)
            try:
                yield cipher.decrypt(_nonce(number), framed, _bound(name, following is None))
            except InvalidTag as error:
                raise BackupDamaged from error
            framed, number = following, number + 1
    if number == 0:
        raise BackupDamaged


def sha256_of(path: Path, beat: Callable[[], None]) -> str:
    """Of the file as it lies there."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(4 * _FRAME):
            found.update(piece)
            beat()
    return found.hexdigest()


def _next_frame(file: BinaryIO) -> bytes | None:
    head = file.read(_LENGTH.size)
    if not head:
        return None
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    frame = file.read(length) if _TAG <= length <= _FRAME + _TAG else b""
    if not frame or len(frame) != length:
        raise BackupDamaged
    return frame


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(name: str, last: bool) -> bytes:
    return f"{name} {'last' if last else 'more'}".encode()
