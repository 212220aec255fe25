"""Restoring a backup beside the real database, to see whether it is whole."""

import psycopg
from django.utils.translation import gettext as _
from psycopg import sql

from jobs.running import Run
from portal.backups import servers
from portal.backups.archive import check, pg_restore_into, programs_of
from portal.backups.errors import BackupNotRestorable, BackupUnavailable
from portal.backups.servers import Server
from portal.backups.store import Backup


def restore_aside(run: Run, backup: Backup, name: str, *, keeps: bool) -> list[str]:
    """Into a database of its own beside the real one; what is different there from what was dumped."""
    check(run, backup)
    server = servers.server_of(backup.database)
    programs = programs_of(server, backup)
    _create(server, name, str(run.job_id))
    try:
        pg_restore_into(programs, server.named(name), backup, run)
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


def _create(server: Server, name: str, mark: str) -> None:
    """A database that says that it is ours. One that is left of an earlier attempt of the same job goes first."""
    named = sql.Identifier(name)
    with server.connection(autocommit=True) as opened:
        row = opened.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if row is not None and row[0] != mark:
            raise BackupNotRestorable(_("There is a database of this name already. Choose another name."))
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
