"""`manage.py sync_models`: read the gateway's models into the catalogue."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import SYSTEM
from catalog.sync import Summary, sync_models
from litemaas.errors import DomainError

_LISTED = 20


class Command(BaseCommand):
    help = "Read the gateway's models into the catalogue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would change, and change nothing."
        )
        parser.add_argument(
            "--confirm", action="store_true", help="Go on even where a large part of the models would vanish."
        )

    def handle(self, *args: Any, dry_run: bool, confirm: bool, **options: Any) -> None:
        self.stdout.write("Asking the gateway for its models …")
        try:
            summary = sync_models(
                actor=SYSTEM, trigger="command", confirm=confirm, dry_run=dry_run, progress=self._progress
            )
        except DomainError as error:
            raise CommandError(str(error)) from None
        self._report(summary)

    def _progress(self, done: int, total: int) -> None:
        """One line that counts up on a terminal; elsewhere only its end."""
        if self.stdout.isatty():
            self.stdout.write(f"\r{done} of {total} models", ending="\n" if done == total else "")
        elif done == total:
            self.stdout.write(f"{done} of {total} models")

    def _report(self, summary: Summary) -> None:
        for title in ("new", "updated", "unavailable", "restored"):
            names: list[str] = getattr(summary, title)
            self.stdout.write(f"{title}: {len(names)}{_some(names)}")
        for problem in sorted(set(summary.problems)):
            self.stdout.write(self.style.WARNING(problem))
        ending = "Dry run: nothing was changed." if summary.dry_run else "The catalogue is up to date."
        self.stdout.write(self.style.SUCCESS(f"{summary.total} models at the gateway. {ending}"))


def _some(names: list[str]) -> str:
    """The first names, so that a large catalogue does not flood the terminal."""
    if not names:
        return ""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f" ({', '.join(names[:_LISTED])}{more})"
