"""`manage.py reattribute_usage`: list usage of unknown keys, or book one of them on a key of the portal."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import SYSTEM
from litemaas.errors import DomainError
from usage.attribution import reattribute_usage, unattributed


class Command(BaseCommand):
    help = "Without arguments: usage of keys that the portal doesn't know. With both: move it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hash", dest="token_hash", help="The unknown key's hash.")
        parser.add_argument("--key", dest="key_id", help="The id of the portal's API key.")

    def handle(self, *args: Any, token_hash: str | None, key_id: str | None, **options: Any) -> None:
        if (token_hash is None) != (key_id is None):
            raise CommandError("Give --hash and --key together.")
        if token_hash is None or key_id is None:
            for line in unattributed():
                named = f" ({line.alias})" if line.alias else ""
                self.stdout.write(
                    f"{line.token_hash}{named}: {line.requests} calls, {line.cost:f},"
                    f" {line.first_day} to {line.last_day}"
                )
            return
        try:
            moved = reattribute_usage(actor=SYSTEM, token_hash=token_hash, key_id=key_id, now=timezone.now())
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{moved} calls are booked on the key now.")
