"""Walk the audit chain and name every row that is not what was recorded."""

import base64
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import checkpoints, verifying
from accounts.audit.models import AuditCheckpoint


class Command(BaseCommand):
    help = "Compare the audit record with its hash chain. Ends with 1 when something was tampered with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoint", action="append", default=[], metavar="FILE",
            help="a checkpoint that was kept elsewhere (export_audit_checkpoint); may be given more than once",
        )  # fmt: skip
        parser.add_argument(
            "--public-key", action="append", default=[], metavar="BASE64",
            help="a key to trust besides the configured ones, such as a retired one",
        )  # fmt: skip

    def handle(self, *_args: Any, **options: Any) -> None:
        begun = time.monotonic()
        try:
            trusted = frozenset(base64.b64decode(text, validate=True) for text in options["public_key"])
        except ValueError:
            raise CommandError("--public-key must be base64.") from None
        kept = [_read(path) for path in options["checkpoint"]]
        report = verifying.verify(kept=kept, trusted=trusted)
        for finding in report.findings:
            self.stdout.write(self.style.ERROR(f"{finding.kind}: {finding.text}"))
        self.stdout.write(_summary(report, time.monotonic() - begun))
        if not report.is_sound:
            raise CommandError(f"The audit record was tampered with: {len(report.findings)} findings.")
        self.stdout.write(self.style.SUCCESS("The audit record is sound."))


def _read(path: str) -> AuditCheckpoint:
    try:
        return checkpoints.from_text(Path(path).read_text())
    except (OSError, checkpoints.NotACheckpoint) as error:
        raise CommandError(f"{path}: {error}") from error


def _summary(report: verifying.Report, seconds: float) -> str:
    waiting = f"{report.waiting} rows wait for their link"
    if report.waiting_since:
        waiting += (
            f", the oldest since {report.waiting_since:%Y-%m-%d %H:%M:%S}; a change of those can't be told"
        )
    return (
        f"{report.rows:,} rows ({report.redacted} redacted), {report.retired:,} retired, up to link {report.end:,};"
        f" {report.checkpoints} signed checkpoints; {waiting}. {seconds:.1f} s."
    )
