"""Turn the ring of master keys: count what each holds, and put everything under the first one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from litemaas.crypto import columns
from litemaas.crypto.sealing import ring


class Command(BaseCommand):
    help = (
        "Count sealed values by master key. --renew puts all of them under the first key of ENCRYPTION_KEYS;"
        " --retire NAME ends with 1 while that key is still needed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--renew", action="store_true")
        parser.add_argument(
            "--retire", metavar="NAME", help="ask whether this key may be taken out of the ring"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["renew"]:
            self._renew()
        counts = columns.count_by_key()
        for label, held in counts.items():
            what = ", ".join(f"{count} under {name}" for name, count in sorted(held.items())) or "nothing"
            self.stdout.write(f"{label}: {what}")
        self.stdout.write(f"The ring: {', '.join(ring())}; the first one seals.")
        if options["retire"]:
            self._retire(options["retire"], sum(held[options["retire"]] for held in counts.values()))

    def _renew(self) -> None:
        done = columns.renew(lambda now: self.stdout.write(f"{now.seen} seen, {now.renewed} renewed"))
        for name in done.unreadable:
            self.stdout.write(self.style.ERROR(f"No key of the ring opens {name}."))

    def _retire(self, name: str, still: int) -> None:
        if name == next(iter(ring())):
            raise CommandError(f"{name} is the key that seals. Put another one in front first.")
        if still:
            raise CommandError(f"{name} still holds {still} values: run encryption_keys --renew first.")
        self.stdout.write(self.style.SUCCESS(f"{name} may be taken out of ENCRYPTION_KEYS."))
