"""What a restore of the portal's database leaves as it is, since it must not go back in time: the audit record, jobs, and
the sign-ins and revoked tokens, which would let people in again."""

from portal.backups.servers import PORTAL
from portal.backups.store import Backup

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
