import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import SYSTEM
from jobs.running import run_job
from litemaas.errors import DomainError
from portal.backups import services, store
from portal.backups.servers import DATABASES, PORTAL


class Command(BaseCommand):
    help = (
        "Lists backups, makes one now, or opens one: `open` writes the gzip stream to the standard output and asks no "
        "database, so it helps when there is none."
    )
    # Opening must work without a database.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("list")
        acts.add_parser("make").add_argument("database", nargs="?", choices=DATABASES, default=PORTAL)
        acts.add_parser("open").add_argument("backup")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act']}")(options)
        except DomainError as error:
            raise CommandError(error.message) from error

    def _list(self, _options: dict[str, Any]) -> None:
        for backup in store.backups():
            rows = sum(backup.row_counts.values())
            self.stdout.write(f"{backup.id}\t{backup.timestamp}\t{backup.content_size} bytes\t{rows} rows")

    def _make(self, options: dict[str, Any]) -> None:
        job = services.start_backup(actor=SYSTEM, database=options["database"], now=timezone.now())
        run_job(job.pk)
        job.refresh_from_db()
        if job.error:
            raise CommandError(job.error)
        self.stdout.write(job.arguments["backupId"])

    def _open(self, options: dict[str, Any]) -> None:
        for piece in store.backup_of(options["backup"]).content():
            sys.stdout.buffer.write(piece)
