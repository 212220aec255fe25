"""The written list of started processes, for the next start if supervisor and watchdog were both killed."""

import json
from dataclasses import dataclass
from pathlib import Path

from litemaas.stack import watchdog

_STARTED_AT = 19  # place of the start time among the fields after the name in /proc/PID/stat


@dataclass
class Leftovers:
    """A process is the one that was noted only if its start time is the same: numbers are used again."""

    path: Path

    def note(self, running: dict[int, tuple[int, float]]) -> None:
        """Write down the running processes: number to stop signal and grace."""
        rows = [[pid, _started_at(pid), number, grace] for pid, (number, grace) in running.items()]
        # In one step: who is killed while writing leaves the former list, and readers never see half of one.
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(rows))
        new.replace(self.path)

    def clear(self) -> int:
        """Stop the noted processes that still run, in reverse order; how many there were."""
        if not self.path.exists():
            return 0
        rows = [row for row in json.loads(self.path.read_text()) if row[1] and _started_at(row[0]) == row[1]]
        for pid, _, number, grace in reversed(rows):
            watchdog.stop(pid, number, grace)
        self.path.unlink()
        return len(rows)


def _started_at(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[_STARTED_AT]
    except OSError:
        return None
