"""Restoring: archive → pg_restore → psql, streamed, and either everything of it or nothing.

The portal's database is restored into its present tables by one transaction. What must not go back in time stays: the
audit record, jobs, and the sign-ins and revoked tokens, which would let people in again. Rows that are kept and refer to
rows that are no more let go of them, or go as well.
"""

import subprocess
import tempfile
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any

import psycopg
import structlog
from django.utils.translation import gettext as _
from psycopg import sql

from jobs.running import Run
from portal.backups import servers
from portal.backups.dumping import piped, running
from portal.backups.errors import BackupDamaged, BackupNotRestorable, BackupUnavailable
from portal.backups.servers import PORTAL, Programs, Server
from portal.backups.store import Backup

log = structlog.get_logger(__name__)

_PIECE = 256 * 1024
_KEPT_PREFIXES = ("public.audit_", "public.token_blacklist_")
_KEPT = frozenset(
    f"public.{name}"
    for name in (
        *("django_migrations", "django_session", "usersessions_usersession", "sign_ins"),
        *("jobs", "job_chunks", "idempotent_requests"),
    )
)


def is_kept(table: str) -> bool:
    """Whether this table stays as it is when the portal's database is restored."""
    return table in _KEPT or table.startswith(_KEPT_PREFIXES)


def restored_counts(backup: Backup) -> dict[str, int]:
    """Rows by table that a restore puts in."""
    if backup.database != PORTAL:
        return backup.row_counts
    return {table: rows for table, rows in backup.row_counts.items() if not is_kept(table)}


def restore(run: Run, backup: Backup) -> None:
    """Raises BackupDamaged, BackupNotRestorable and BackupUnavailable; nothing was changed then."""
    _check(run, backup)
    server = servers.server_of(backup.database)
    programs = _programs(server, backup)
    if backup.database != PORTAL:
        options = ("--clean", "--if-exists", "--single-transaction")
        _pg_restore_into(programs, server, backup, run, *options)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".list") as chosen:
        chosen.writelines(_chosen(_contents(programs, server, backup)))
        chosen.flush()
        _replace_rows(programs, server, backup, run, chosen.name)


def restore_aside(run: Run, backup: Backup, name: str, *, keeps: bool) -> list[str]:
    """Into a database of its own beside the real one; what is different there from what was dumped."""
    _check(run, backup)
    server = servers.server_of(backup.database)
    programs = _programs(server, backup)
    _create(server, name, str(run.job_id))
    try:
        _pg_restore_into(programs, server.named(name), backup, run)
        with server.named(name).connection() as opened:
            found = {table: servers.count_rows(opened, table) for table in servers.tables_of(opened)}
    except BaseException:
        _drop(server, name)
        raise
    if not keeps:
        _drop(server, name)
    return [
        f"{table}: {found.get(table, 0)} rows instead of {rows}"
        for table, rows in backup.row_counts.items()
        if found.get(table) != rows
    ]


def _check(run: Run, backup: Backup) -> None:
    def beat() -> None:
        run.report(0, None, message="checksum")

    if not backup.is_whole(beat):
        raise BackupDamaged


def _programs(server: Server, backup: Backup) -> Programs:
    with server.connection() as opened:
        major = servers.version_of(opened)
    if major < backup.server_version:
        raise BackupNotRestorable(
            _("The backup is of PostgreSQL %(server_version)s, and this server is %(major)s, which is older.")
            % {"server_version": backup.server_version, "major": major}
        )
    return servers.programs_for(major)


def _archive(backup: Backup) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    for piece in backup.content():
        while piece:
            yield unpacker.decompress(piece, _PIECE)
            piece = unpacker.unconsumed_tail
    yield unpacker.flush()
    if not unpacker.eof:
        raise BackupDamaged


class _Feeder(threading.Thread):
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


def _contents(programs: Programs, server: Server, backup: Backup) -> list[str]:
    command = [programs("pg_restore"), "--list"]
    with running(command, server, stdin=subprocess.PIPE) as process:
        _Feeder(_archive(backup), piped(process.stdin))
        told = piped(process.stdout).read().decode()
        if process.wait() != 0:
            raise BackupDamaged(_("pg_restore cannot read the list of this backup. Nothing was changed."))
    return told.splitlines(keepends=True)


def _chosen(contents: list[str]) -> Iterator[str]:
    """The lines of the archive's table of contents that are rows of tables to restore.

    Sequences are left out: setting one is no part of a transaction. `_AFTERWARDS` moves them forward instead.
    """
    for line in contents:
        _, is_data, rest = line.partition(" TABLE DATA ")
        if is_data and not line.startswith(";"):
            schema, table = rest.split()[:2]
            if not is_kept(f"{schema}.{table}"):
                yield line


def _pg_restore_into(programs: Programs, server: Server, backup: Backup, run: Run, *options: str) -> None:
    command = [
        programs("pg_restore"),
        *("--no-owner", "--no-privileges", "--exit-on-error", "--no-password"),
        *options,
        f"--dbname={server.name}",
    ]
    with running(command, server, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        feeder, said = _Feeder(_archive(backup), piped(process.stdin)), _LastError(piped(process.stderr))
        while process.poll() is None:
            _tell(run, backup, feeder.poured)
            if feeder.error is not None:
                raise _refusal(feeder.error)
            time.sleep(0.1)
        said.join()
        if process.returncode != 0:
            log.error("pg_restore failed", said=said.last)
            raise BackupNotRestorable(
                _("pg_restore refused: %(last)s Nothing was changed.") % {"last": said.last}
            )


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
        before, after = _before(opened), _after(opened, restored_counts(backup))
    with (
        running(reading, server, stdin=subprocess.PIPE) as source,
        running(writing, server, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as target,
    ):
        feeder = _Feeder(_archive(backup), piped(source.stdin))
        said, read = _LastError(piped(target.stderr)), _LastError(piped(source.stderr))
        rows, script = piped(source.stdout), piped(target.stdin)
        try:
            script.write(before.encode())
            while piece := rows.read(_PIECE):
                script.write(piece)
                _tell(run, backup, feeder.poured)
            if source.wait() != 0 or feeder.error is not None:
                # psql is killed on the way out, before it hears of a COMMIT.
                log.error("pg_restore failed", said=read.last)
                raise _refusal(feeder.error)
            script.write(after.encode())
            script.close()
        except BrokenPipeError:
            pass  # psql has hung up and says why
        while target.poll() is None:
            _tell(run, backup, feeder.poured)
            time.sleep(0.1)
        said.join()
        if target.returncode != 0:
            log.error("psql failed", said=said.last)
            raise BackupNotRestorable(
                _("The database refused: %(last)s Nothing was changed.") % {"last": said.last}
            )


def _tell(run: Run, backup: Backup, poured: int) -> None:
    total = max(backup.content_size, 1)
    run.report(min(poured, total), None, unit="bytes", message=backup.id)


def _refusal(error: Exception | None) -> Exception:
    return error if isinstance(error, BackupDamaged | BackupNotRestorable) else BackupDamaged()


class _LastError(threading.Thread):
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


def _before(opened: "psycopg.Connection[Any]") -> str:
    """Empty what is restored. Tables that kept ones refer to can't be truncated, so their rows are deleted."""
    links = opened.execute(
        "SELECT DISTINCT a.relnamespace::regnamespace::text || '.' || a.relname,"
        " b.relnamespace::regnamespace::text || '.' || b.relname FROM pg_constraint f"
        " JOIN pg_class a ON a.oid = f.conrelid JOIN pg_class b ON b.oid = f.confrelid WHERE f.contype = 'f'"
    ).fetchall()
    emptied = [table for table in servers.tables_of(opened) if not is_kept(table)]
    held: set[str] = {table for table in servers.tables_of(opened) if is_kept(table)}
    grown = True
    while grown:
        more = {target for source, target in links if source in held} - held
        grown, held = bool(more), held | more
    truncated = sql.SQL(", ").join(_name(table) for table in emptied if table not in held)
    deleted = [sql.SQL("DELETE FROM {};\n").format(_name(table)) for table in emptied if table in held]
    script = sql.SQL(
        "BEGIN;\nSET LOCAL lock_timeout = '30s';\nTRUNCATE {};\nSET CONSTRAINTS ALL DEFERRED;\n{}"
    )
    return script.format(truncated, sql.SQL("").join(deleted)).as_string(opened)


def _after(opened: "psycopg.Connection[Any]", counts: dict[str, int]) -> str:
    """Check the counts, let kept rows go of what is no more, move the sequences forward, commit."""
    checks = [
        _CHECK.format(_name(table), rows=sql.Literal(rows), label=sql.Literal(table))
        for table, rows in counts.items()
    ]
    parts = [
        sql.SQL(_LOOSEN),
        *checks,
        sql.SQL(_SEQUENCES),
        sql.SQL("SET CONSTRAINTS ALL IMMEDIATE;\nCOMMIT;\n"),
    ]
    kept = [table for table in servers.tables_of(opened) if is_kept(table)]
    text = sql.SQL("\n").join(parts).as_string(opened)
    return text.replace("%KEPT%", sql.Literal(kept).as_string(opened))


_CHECK = sql.SQL(
    "DO $$ BEGIN IF (SELECT count(*) FROM {0}) <> {rows} THEN"
    " RAISE EXCEPTION 'the rows of % are not complete.', {label}; END IF; END $$;"
)
_LOOSEN = """
DO $$
DECLARE link record; moved bigint; again boolean := true;
BEGIN
 WHILE again LOOP
  again := false;
  FOR link IN
    SELECT f.conrelid::regclass AS source, f.confrelid::regclass AS target, a.attname AS here, b.attname AS there,
           a.attnotnull AS needed
    FROM pg_constraint f
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
    JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1]
    JOIN pg_class c ON c.oid = f.conrelid
    WHERE f.contype = 'f' AND f.conparentid = 0
      AND c.relnamespace::regnamespace::text || '.' || c.relname = ANY (%KEPT%)
    ORDER BY a.attnotnull DESC, f.oid
  LOOP
    IF link.needed THEN
      EXECUTE format('DELETE FROM %s k WHERE NOT EXISTS (SELECT 1 FROM %s t WHERE t.%I = k.%I)',
                     link.source, link.target, link.there, link.here);
    ELSE
      EXECUTE format('UPDATE %s k SET %I = NULL WHERE %I IS NOT NULL'
                     ' AND NOT EXISTS (SELECT 1 FROM %s t WHERE t.%I = k.%I)',
                     link.source, link.here, link.here, link.target, link.there, link.here);
    END IF;
    GET DIAGNOSTICS moved = ROW_COUNT;
    again := again OR moved > 0;
  END LOOP;
 END LOOP;
END $$;
"""
_SEQUENCES = """
DO $$
DECLARE own record; top bigint;
BEGIN
  FOR own IN
    SELECT d.refobjid::regclass AS owner, a.attname AS name, d.objid::regclass AS sequence
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  LOOP
    EXECUTE format('SELECT greatest(max(%I), (SELECT last_value FROM %s)) FROM %s', own.name, own.sequence, own.owner)
      INTO top;
    IF top > (SELECT coalesce(pg_sequence_last_value(own.sequence), 0)) THEN
      PERFORM setval(own.sequence, top);
    END IF;
  END LOOP;
END $$;
"""


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split(".", 1))


def _create(server: Server, name: str, mark: str) -> None:
    """A database that says that it is ours. One that is left of an earlier attempt of the same job goes first."""
    named = sql.Identifier(name)
    with server.connection(autocommit=True) as opened:
        row = opened.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if row is not None and row[0] != mark:
            raise BackupNotRestorable(
                _("There is something of this name already. Give another testSchemaName.")
            )
        if row is not None:
            _drop(server, name)
        try:
            opened.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(named))
        except psycopg.errors.InsufficientPrivilege as error:
            raise BackupUnavailable(
                _("The database role may not make a database to try the backup in: it needs CREATEDB.")
            ) from error
        opened.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(named, sql.Literal(mark)))


def _drop(server: Server, name: str) -> None:
    with server.connection(autocommit=True) as opened:
        opened.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
