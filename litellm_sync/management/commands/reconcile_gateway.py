import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from litellm_sync import registry
from litellm_sync.models import SyncRun
from litellm_sync.reconciler import KindReport, SyncRunning, reconcile

_TELL_EVERY = 1.0


class Command(BaseCommand):
    help = "Compare everything that the gateway has with what the portal wants, and repair what is ours."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only tell: keep and repair nothing")
        parser.add_argument(
            "--repair", action="store_true", help="repair all that is ours, whatever the policy of its kind"
        )
        parser.add_argument(
            "--kind", action="append", choices=registry.reconciled_kinds(), help="only this kind"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._told = 0.0
        try:
            run = reconcile(
                kinds=options["kind"],
                dry_run=options["dry_run"],
                repair_all=options["repair"],
                progress=self._tell if options["verbosity"] > 0 else None,
            )
        except SyncRunning as error:
            raise CommandError(str(error.message)) from error
        for kind, report in run.results.items():
            self._summarise(kind, report)
        if run.state != SyncRun.State.COMPLETED:
            raise CommandError("The comparison is incomplete. What is said to be missing was not looked for.")

    def _tell(self, report: KindReport) -> None:
        if time.monotonic() - self._told >= _TELL_EVERY:
            self._told = time.monotonic()
            self.stdout.write(f"{report.kind}: {report.there} read …")

    def _summarise(self, kind: str, report: dict[str, Any]) -> None:
        counts = ("there", "ours", "missing", "different", "unknown", "repaired", "adopted")
        line = ", ".join(f"{report[name]} {name}" for name in counts)
        self.stdout.write(
            f"{kind}: {line}" + (f" - incomplete: {report['error']}" if report["error"] else "")
        )
        for example in report["examples"]:
            fields = "; ".join(
                f"{item['field']}: {item['portal']!r} here, {item['gateway']!r} there"
                for item in example["differences"]
            )
            self.stdout.write(
                f"  {example['verdict']} {example['label'] or example['gateway_id']} {fields}".rstrip()
            )
