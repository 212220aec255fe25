"""An archive on its way into PostgreSQL's programs: checked, unpacked, poured in, and what they say about it heard."""

import subprocess
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import IO

import structlog
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from jobs.running import Run
from portal.backups import servers
from portal.backups.dumping import piped, running
from portal.backups.errors import BackupDamaged, BackupNotRestorable
from portal.backups.servers import Programs, Server
from portal.backups.store import Backup

log = structlog.get_logger(__name__)

PIECE = 256 * 1024


def check(run: Run, backup: Backup) -> None:
    def beat() -> None:
        run.report(0, None, message=gettext_noop("Reading the checksum"))

    if not backup.is_whole(beat):
        raise BackupDamaged


def programs_of(server: Server, backup: Backup) -> Programs:
    with server.connection() as opened:
        major = servers.version_of(opened)
    if major < backup.server_version:
        raise BackupNotRestorable(
            _("The backup is of PostgreSQL %(server_version)s, and this server is %(major)s, which is older.")
            % {"server_version": backup.server_version, "major": major}
        )
    return servers.programs_for(major)


def unpacked(backup: Backup) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    for piece in backup.content():
        while piece:
            yield unpacker.decompress(piece, PIECE)
            piece = unpacker.unconsumed_tail
    yield unpacker.flush()
    if not unpacker.eof:
        raise BackupDamaged


class Feeder(threading.Thread):
    """Pours the archive into a program. `error` is what stopped it, other than the program's own end."""

    def __init__(self, pieces: Iterable[bytes], into: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pieces, self._into = pieces, into
        self.poured = 0
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            for piece in self._pieces:
                self._into.write(piece)
                self.poured += len(piece)
            self._into.close()
        except BrokenPipeError:
            pass  # what is wrong is told by the program that hung up
        except Exception as error:  # noqa: BLE001  handed to the thread that waits
            self.error = error
            # An archive that is cut off must not look like one that has ended.


class LastError(threading.Thread):
    """Reads what a program says. Details stay out: they may hold values of rows."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self.last = ""
        self.start()

    def run(self) -> None:
        for raw in self._stream:
            line = raw.decode(errors="replace")
            for mark in ("ERROR:", "error:", "FATAL:"):
                if mark in line and not self.last:
                    self.last = line.partition(mark)[2].strip()[:300]


def contents_of(programs: Programs, server: Server, backup: Backup) -> list[str]:
    command = [programs("pg_restore"), "--list"]
    with running(command, server, stdin=subprocess.PIPE) as process:
        Feeder(unpacked(backup), piped(process.stdin))
        told = piped(process.stdout).read().decode()
        if process.wait() != 0:
            raise BackupDamaged(_("pg_restore cannot read the list of this backup. Nothing was changed."))
    return told.splitlines(keepends=True)


def pg_restore_into(programs: Programs, server: Server, backup: Backup, run: Run, *options: str) -> None:
    command = [
        programs("pg_restore"),
        *("--no-owner", "--no-privileges", "--exit-on-error", "--no-password"),
        *options,
        f"--dbname={server.name}",
    ]
    with running(command, server, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        feeder, said = Feeder(unpacked(backup), piped(process.stdin)), LastError(piped(process.stderr))
        while process.poll() is None:
            tell(run, backup, feeder.poured)
            if feeder.error is not None:
                raise refusal(feeder.error)
            time.sleep(0.1)
        said.join()
        if process.returncode != 0:
            log.error("pg_restore failed", said=said.last)
            raise BackupNotRestorable(
                _("pg_restore refused: %(last)s Nothing was changed.") % {"last": said.last}
            )


def tell(run: Run, backup: Backup, poured: int) -> None:
    total = max(backup.content_size, 1)
    run.report(min(poured, total), None, unit="bytes")


def refusal(error: Exception | None) -> Exception:
    return error if isinstance(error, BackupDamaged | BackupNotRestorable) else BackupDamaged()
