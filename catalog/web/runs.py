"""The last readings of the gateway's models, as pages show them."""

from dataclasses import dataclass

from catalog.facts import LeftOut
from catalog.models import SyncRun


@dataclass(frozen=True)
class Run:
    """`left_out` says in the reader's language what could not be used; the first hundred at most."""

    item: SyncRun

    @property
    def left_out(self) -> list[str]:
        return [str(LeftOut(**facts)) for facts in self.item.left_out]


def last_runs(most: int) -> list[Run]:
    """The newest first."""
    return [Run(row) for row in SyncRun.objects.order_by("-started_at", "-pk")[:most]]
