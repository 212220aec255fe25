"""Restoring: archive → pg_restore → psql, streamed, and either everything of it or nothing.

The portal's database is restored into its present tables by one transaction. Rows that are kept (`portal.backups.kept`)
and refer to rows that are no more let go of them, or go as well.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator

import structlog
from django.utils.translation import gettext as _

from jobs.running import Run
from portal.backups import script, servers
from portal.backups.archive import (
    PIECE,
    Feeder,
    LastError,
    check,
    contents_of,
    pg_restore_into,
    programs_of,
    refusal,
    tell,
    unpacked,
)
from portal.backups.dumping import piped, running
from portal.backups.errors import BackupNotRestorable
from portal.backups.kept import is_kept, restored_counts
from portal.backups.servers import PORTAL, Programs, Server
from portal.backups.store import Backup

log = structlog.get_logger(__name__)


def restore(run: Run, backup: Backup) -> None:
    """Raises BackupDamaged, BackupNotRestorable and BackupUnavailable; nothing was changed then."""
    check(run, backup)
    server = servers.server_of(backup.database)
    programs = programs_of(server, backup)
    if backup.database != PORTAL:
        options = ("--clean", "--if-exists", "--single-transaction")
        pg_restore_into(programs, server, backup, run, *options)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".list") as chosen:
        chosen.writelines(_chosen(contents_of(programs, server, backup)))
        chosen.flush()
        _replace_rows(programs, server, backup, run, chosen.name)


def _chosen(contents: list[str]) -> Iterator[str]:
    """The lines of the archive's table of contents that are rows of tables to restore.

    Sequences are left out: setting one is no part of a transaction. `script.after` moves them forward instead.
    """
    for line in contents:
        _, is_data, rest = line.partition(" TABLE DATA ")
        if is_data and not line.startswith(";"):
            schema, table = rest.split()[:2]
            if not is_kept(f"{schema}.{table}"):
                yield line


def _replace_rows(programs: Programs, server: Server, backup: Backup, run: Run, chosen: str) -> None:
    reading = [
        programs("pg_restore"),
        *(
            "--data-only",
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            f"--use-list={chosen}",
            "--file=-",
        ),
    ]
    writing = [programs("psql"), *("-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-f", "-")]
    with server.connection() as opened:
        before, after = script.before(opened), script.after(opened, restored_counts(backup))
    with (
        running(reading, server, stdin=subprocess.PIPE) as source,
        running(writing, server, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as target,
    ):
        feeder = Feeder(unpacked(backup), piped(source.stdin))
        said, read = LastError(piped(target.stderr)), LastError(piped(source.stderr))
        rows, into = piped(source.stdout), piped(target.stdin)
        try:
            into.write(before.encode())
            while piece := rows.read(PIECE):
                into.write(piece)
                tell(run, backup, feeder.poured)
            if source.wait() != 0 or feeder.error is not None:
                # psql is killed on the way out, before it hears of a COMMIT.
                log.error("pg_restore failed", said=read.last)
                raise refusal(feeder.error)
            into.write(after.encode())
            into.close()
        except BrokenPipeError:
            pass  # psql has hung up and says why
        while target.poll() is None:
            tell(run, backup, feeder.poured)
            time.sleep(0.1)
        said.join()
        if target.returncode != 0:
            log.error("psql failed", said=said.last)
            raise BackupNotRestorable(
                _("The database refused: %(last)s Nothing was changed.") % {"last": said.last}
            )
