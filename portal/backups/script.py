"""The SQL around the rows that are put back: what empties the tables before, and what makes it whole afterwards."""

from typing import Any

import psycopg
from psycopg import sql

from portal.backups import servers
from portal.backups.kept import is_kept


def before(opened: "psycopg.Connection[Any]") -> str:
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


def after(opened: "psycopg.Connection[Any]", counts: dict[str, int]) -> str:
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
