"""The folder of backups. Per backup a sealed file, and a manifest beside it that is written last: without it there is no
backup. Web and worker processes of all replicas see the same folder."""

import base64
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from litemaas import crypto
from litemaas.crypto.sealing import rewrapped
from portal.backups.errors import BackupNotFound, BackupNotRestorable, BackupUnavailable
from portal.backups.sealed_file import SealedWriter, read_sealed, sha256_of

log = structlog.get_logger(__name__)

FORMAT_VERSION = 1
_ID = re.compile(r"(litemaas|litellm)-\d{8}T\d{6}Z-[0-9a-f]{8}\.dump\.gz")


@dataclass(frozen=True)
class Backup:
    """What the manifest says. `id` is the name of the file that is downloaded; `key` its data key, sealed by the ring.

    `size` and `sha256` are of the sealed file, `content_size` and `content_sha256` of what is in it: gzip of pg_dump's
    custom format. `row_counts` are exact, by table, at the moment of the dump.
    """

    id: str
    database: str
    timestamp: str
    size: int
    sha256: str
    content_size: int
    content_sha256: str
    key: str
    app_version: str
    server_version: int
    migrations: list[str]
    row_counts: dict[str, int]
    format_version: int = FORMAT_VERSION

    @property
    def taken_at(self) -> datetime:
        return datetime.fromisoformat(self.timestamp)

    @property
    def pk(self) -> str:
        return self.id

    def content(self) -> Iterator[bytes]:
        """The gzip stream, opened piece by piece. Raises BackupDamaged."""
        return read_sealed(_sealed(self.id), _opened(self.id, self.key), self.id)

    def is_whole(self, beat: Callable[[], None] = lambda: None) -> bool:
        """Whether the sealed file is the one that was written. Reads all of it, and calls `beat` on the way."""
        path = _sealed(self.id)
        return path.exists() and path.stat().st_size == self.size and sha256_of(path, beat) == self.sha256


def is_set_up() -> bool:
    return bool(settings.BACKUP_DIR) and os.access(settings.BACKUP_DIR, os.W_OK)


def folder() -> Path:
    """Raises BackupUnavailable."""
    if not is_set_up():
        raise BackupUnavailable(
            _("Backups have no place: BACKUP_DIR must name a folder that can be written.")
        )
    return Path(settings.BACKUP_DIR)


def new_id(database: str, now: datetime) -> str:
    return f"{database}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}.dump.gz"


def backups() -> list[Backup]:
    """All of them, newest first. A manifest that can't be read is reported and left out."""
    if not is_set_up():
        return []
    found = [_read(path) for path in Path(settings.BACKUP_DIR).glob("*.json")]
    return sorted((b for b in found if b is not None), key=lambda b: (b.timestamp, b.id), reverse=True)


def backup_of(backup_id: str) -> Backup:
    """Raises BackupNotFound."""
    path = _manifest(backup_id) if is_set_up() and _ID.fullmatch(backup_id) else None
    found = _read(path) if path is not None and path.exists() else None
    if found is None:
        raise BackupNotFound
    return found


class Draft:
    """A backup that is being written: nobody sees it before `keep`, and nothing is left of it without."""

    def __init__(self, backup_id: str) -> None:
        self.id = backup_id
        self._key = os.urandom(32)
        self._part = folder() / f"{backup_id}.part"

    def writer(self) -> SealedWriter:
        return SealedWriter(self._part, self._key, self.id)

    def keep(self, written: SealedWriter, **facts: Any) -> Backup:
        backup = Backup(
            id=self.id,
            size=written.size,
            sha256=written.sha256,
            content_size=written.content_size,
            content_sha256=written.content_sha256,
            key=base64.b64encode(crypto.seal(self._key.hex(), bound_to=_bound(self.id))).decode(),
            **facts,
        )
        self._part.rename(_sealed(self.id))
        _write(backup)
        return backup

    def drop(self) -> None:
        self._part.unlink(missing_ok=True)


def delete(backup_id: str) -> Backup:
    """The manifest first: half a deletion leaves no backup that can't be restored. Raises BackupNotFound."""
    backup = backup_of(backup_id)
    _manifest(backup.id).unlink(missing_ok=True)
    _sealed(backup.id).unlink(missing_ok=True)
    return backup


def delete_leftovers(older_than: datetime) -> int:
    """Files without a manifest, of dumps or deletions that died; how many."""
    if not is_set_up():
        return 0
    known = {path.name.removesuffix(".json") for path in Path(settings.BACKUP_DIR).glob("*.json")}
    gone = 0
    for path in Path(settings.BACKUP_DIR).iterdir():
        name, _, end = path.name.rpartition(".")
        is_ours = end in {"part", "sealed"} and _ID.fullmatch(name.removesuffix(".json")) is not None
        if is_ours and (end == "part" or name not in known) and path.stat().st_mtime < older_than.timestamp():
            path.unlink(missing_ok=True)
            gone += 1
    return gone


class SealedManifests:
    """The data keys of backups, for the turning of the key ring (`litemaas.crypto.columns`)."""

    label = "backups"

    def rows(self) -> Iterator[Backup]:
        yield from backups()

    def sealed_in(self, row: Backup) -> list[bytes]:
        return [base64.b64decode(row.key)]

    def renew(self, row: Backup) -> bool:
        new = rewrapped(base64.b64decode(row.key), bound_to=_bound(row.id))
        if new is None or not _manifest(row.id).exists():
            return False
        _write(Backup(**{**asdict(row), "key": base64.b64encode(new).decode()}))
        return True


def _read(path: Path) -> Backup | None:
    try:
        return Backup(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None  # deleted meanwhile
    except (OSError, ValueError, TypeError) as error:
        log.warning("a manifest of a backup can't be read", file=path.name, error=type(error).__name__)
        return None


def _write(backup: Backup) -> None:
    path = _manifest(backup.id)
    draft = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(backup), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _opened(backup_id: str, key: str) -> bytes:
    try:
        return bytes.fromhex(crypto.open_sealed(base64.b64decode(key), bound_to=_bound(backup_id)))
    except crypto.CannotOpen as error:
        raise BackupNotRestorable(_("The master key of this backup is not in ENCRYPTION_KEYS.")) from error


def _bound(backup_id: str) -> str:
    return f"backup {backup_id}"


def _manifest(backup_id: str) -> Path:
    return folder() / f"{backup_id}.json"


def _sealed(backup_id: str) -> Path:
    return folder() / f"{backup_id}.sealed"
