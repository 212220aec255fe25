"""Write the newest signed checkpoint of the audit chain, to be kept where nobody of this installation can change it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.audit import checkpoints, sealing
from accounts.audit.models import AuditCheckpoint


class Command(BaseCommand):
    help = "Seal what is new, sign the end of the chain, and print the checkpoint."

    def handle(self, *_args: Any, **_options: Any) -> None:
        now = timezone.now()
        sealing.seal_new_rows(now)
        newest = checkpoints.sign_checkpoint(now) or AuditCheckpoint.objects.order_by("-seq").first()
        if newest is None:
            raise CommandError("Nothing was recorded yet.")
        self.stdout.write(checkpoints.as_text(newest), ending="")
