"""Making a backup: pg_dump → gzip → sealed file, streamed, with exact counts of the rows from the same snapshot."""

import subprocess
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import IO, Any

import psycopg
import structlog
from django.conf import settings
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from jobs.running import Run
from portal.backups import servers, store
from portal.backups.errors import BackupNotFound, BackupUnavailable
from portal.backups.servers import PORTAL, Programs, Server
from portal.backups.store import Backup

log = structlog.get_logger(__name__)

TABLES = gettext_noop("tables")
_PIECE = 256 * 1024
_DUMPING = 'dumping contents of table "'


def make_backup(run: Run) -> dict[str, Any]:
    """The job's work. Started again after its worker died it begins anew; what was written before is overwritten."""
    database, backup_id = run.arguments["database"], run.arguments["backupId"]
    try:
        return _result(store.backup_of(backup_id))
    except BackupNotFound:
        pass
    server, draft = servers.server_of(database), store.Draft(backup_id)
    try:
        with server.connection() as opened, draft.writer() as writer:
            programs = servers.programs_for(servers.version_of(opened))
            facts = _facts(opened, database)
            counts = _counted(opened, run)
            progress = _Progress(run, counts)
            _dump(programs, server, _snapshot(opened), writer.write, progress)
            writer.finish()
            opened.rollback()
        return _result(draft.keep(writer, row_counts=counts, **facts))
    finally:
        draft.drop()


def _facts(opened: "psycopg.Connection[Any]", database: str) -> dict[str, Any]:
    opened.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    return {
        "database": database,
        "timestamp": timezone.now().isoformat().replace("+00:00", "Z"),
        "app_version": settings.VERSION,
        "server_version": servers.version_of(opened),
        "migrations": applied_migrations() if database == PORTAL else [],
    }


def applied_migrations() -> list[str]:
    rows = MigrationRecorder.Migration.objects.order_by("app", "name").values_list("app", "name")
    return [f"{app}.{name}" for app, name in rows]


def _snapshot(opened: "psycopg.Connection[Any]") -> str:
    row = opened.execute("SELECT pg_export_snapshot()").fetchone()
    assert row is not None  # noqa: S101  a function's result
    return str(row[0])


def _counted(opened: "psycopg.Connection[Any]", run: Run) -> dict[str, int]:
    counts: dict[str, int] = {}
    tables = servers.tables_of(opened)
    with ThreadPoolExecutor(max_workers=1) as beside:
        for table in tables:
            counting = beside.submit(servers.count_rows, opened, table)
            try:
                while not wait([counting], timeout=1).done:
                    run.report(0, len(tables), unit=TABLES, message=table)
                counts[table] = counting.result()
            except BaseException:
                opened.cancel_safe()
                raise
    return counts


class _Progress:
    """How far pg_dump is, told by what it says about itself. Both threads only add to it."""

    def __init__(self, run: Run, counts: dict[str, int]) -> None:
        self._run, self._counts = run, counts
        self._tables = self._rows = 0
        self._now = ""

    def begin(self, table: str) -> None:
        if self._now:
            self._tables, self._rows = self._tables + 1, self._rows + self._counts.get(self._now, 0)
        self._now = table

    def tell(self) -> None:
        total = len(self._counts)
        so_far = {"rowsProcessed": self._rows, "rowsTotal": sum(self._counts.values())}
        self._run.report(min(self._tables, total), total, unit=TABLES, message=self._now, so_far=so_far)


def _dump(programs: Programs, server: Server, snapshot: str, write: Any, progress: _Progress) -> None:
    command = [
        programs("pg_dump"),
        *("--format=custom", "--compress=0", f"--snapshot={snapshot}", "--verbose", "--no-password"),
        "--lock-wait-timeout=60s",
        # Rows of a month go to whatever table has that month where they are restored.
        "--load-via-partition-root",
    ]
    packer = zlib.compressobj(level=6, wbits=31)
    with running(command, server, stdin=subprocess.DEVNULL) as process:
        told, dump = _Listener(piped(process.stderr), progress), piped(process.stdout)
        while piece := dump.read(_PIECE):
            write(packer.compress(piece))
            progress.tell()
        told.join()
        if process.wait() != 0:
            log.error("pg_dump failed", said=told.last)
            raise BackupUnavailable(
                _("pg_dump failed: %(value)s") % {"value": told.last or "it said nothing."}
            )
    write(packer.flush())


class _Listener(threading.Thread):
    """Reads what pg_dump says, so that it never waits for us; `last` is its last error."""

    def __init__(self, stream: IO[bytes], progress: _Progress) -> None:
        super().__init__(daemon=True)
        self._stream, self._progress = stream, progress
        self.last = ""
        self.start()

    def run(self) -> None:
        for raw in self._stream:
            line = raw.decode(errors="replace").strip()
            if _DUMPING in line:
                self._progress.begin(line.partition(_DUMPING)[2].rstrip('"'))
            elif "error:" in line:
                self.last = line.partition("error:")[2].strip()[:300]


@contextmanager
def running(command: list[str], server: Server, **pipes: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """A program of PostgreSQL's with pipes, which does not outlive the block."""
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **pipes}
    process = subprocess.Popen(command, env=server.environment, **options)  # noqa: S603  our own arguments
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def piped(stream: IO[bytes] | None) -> IO[bytes]:
    """One of the pipes of a program that was started with it."""
    if stream is None:
        raise RuntimeError("The program was started without this pipe.")
    return stream


def _result(backup: Backup) -> dict[str, Any]:
    return {"backupId": backup.id, "rowsTotal": sum(backup.row_counts.values())}
