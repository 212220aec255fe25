"""Take over automation keys by their hashes, from AUTOMATION_KEYS. May be run again and again."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.automation import ImportedKey, import_automation_key
from litemaas import env
from litemaas.errors import DomainError


class Command(BaseCommand):
    help = "Take over the automation keys that AUTOMATION_KEYS names: name=SHA-256=expiry date=permissions joined by +."

    def handle(self, *args: Any, **options: Any) -> None:
        for entry in env.listing("AUTOMATION_KEYS"):
            key = _read(entry)
            try:
                made = import_automation_key(key, now=timezone.now())
            except DomainError as error:
                raise CommandError(f"AUTOMATION_KEYS, key {key.name!r}: {error.message}") from error
            self.stdout.write(f"{key.name}: {'taken over' if made else 'is there'}")


def _read(entry: str) -> ImportedKey:
    """An entry never holds the key itself, so it may be shown when it is wrong."""
    parts = entry.split("=")
    try:
        name, key_hash, expiry, scopes = parts
        expires_at = datetime.combine(date.fromisoformat(expiry), time.max, tzinfo=UTC)
    except ValueError:
        raise CommandError(
            f"AUTOMATION_KEYS: {parts[0]!r} is not name=hash=YYYY-MM-DD=permissions."
        ) from None
    return ImportedKey(name, key_hash, expires_at, tuple(scopes.split("+")))
