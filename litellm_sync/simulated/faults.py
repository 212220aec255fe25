"""Ways to go wrong, on demand."""

import fnmatch
import itertools
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, get_args

from litellm_sync.simulated.clock import Clock
from litellm_sync.simulated.shapes import Json

Kind = Literal[
    "delay",  # answer after `seconds`
    "status",  # answer with `status` (500), and do nothing
    "hang",  # accept the request and never answer
    "trickle",  # answer one byte at a time, `seconds` (1) apart
    "reset",  # reset the connection, and do nothing
    "lost_reply",  # do what is asked, then close the connection without an answer
    "pace",  # pause for `seconds` (1) between the chunks of a stream
    "cut",  # close the connection after `chunks` (2) chunks of a stream
    "garbage",  # answer 200 with something that is not JSON
    "empty_models",  # show no deployments
    "shrunken_models",  # show only the first `share` (0.5) of the deployments
    "drop_log_pages",  # pages of the spend log after the first come empty
    "shuffle_logs",  # the order of the spend log changes from page to page
    "cap_logs",  # count `rows` (100) of the spend log at most
    "repeat_logs",  # every row of the spend log comes twice
    "share_ids",  # one call in twenty is logged under the id "None"
    "spoil_logs",  # the first row of every page of the spend log cost what is no number
    "refuse_master_key",  # do not know the master key
    "clock_offset",  # be `seconds` ahead (or behind) until cleared
]
KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(slots=True)
class Fault:
    """Applies to requests whose path matches, `count` times (None: until cleared), once `after` of them went well."""

    kind: str
    path: str = "*"
    method: str | None = None
    count: int | None = None
    after: int = 0
    seconds: float | None = None
    status: int = 500
    share: float = 0.5
    body: str | None = None
    rows: int = 100
    chunks: int = 2
    id: int = 0
    # Set when the fault is cleared: wakes whoever hangs on it.
    over: threading.Event = field(default_factory=threading.Event)

    def public(self) -> Json:
        names = (
            "id",
            "kind",
            "path",
            "method",
            "count",
            "after",
            "seconds",
            "status",
            "share",
            "body",
            "rows",
            "chunks",
        )
        return {name: getattr(self, name) for name in names}


class Faults:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._active: list[Fault] = []
        # Used up, but somebody may still hang on them.
        self._spent: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, kind: Kind, path: str = "*", **parts: Any) -> Fault:
        """Begin to go wrong. Raises ValueError or TypeError for what there is not."""
        if kind not in KINDS:
            raise ValueError(f"there is no fault {kind!r}, only {', '.join(KINDS)}")
        fault = Fault(kind, path, **parts, id=next(self._ids))
        with self._lock:
            self._active.append(fault)
            self._set_clock()
        return fault

    def clear(self) -> None:
        """Work well again; requests that hang are let go."""
        with self._lock:
            for fault in self._active + self._spent:
                fault.over.set()
            self._active.clear()
            self._spent.clear()
            self._set_clock()

    def active(self) -> list[Json]:
        with self._lock:
            return [fault.public() for fault in self._active]

    def hit(self, method: str, path: str) -> list[Fault]:
        """The faults that this request runs into, each of them used up by one."""
        if not self._active:
            return []
        with self._lock:
            matching = [fault for fault in self._active if _matches(fault, method, path)]
            found = [fault for fault in matching if not fault.after]
            for fault in matching:
                fault.after -= fault.after > 0
            for fault in found:
                if fault.count is not None:
                    fault.count -= 1
            self._spent += [fault for fault in found if fault.count == 0]
            self._active = [fault for fault in self._active if fault.count is None or fault.count > 0]
            return found

    def _set_clock(self) -> None:
        offsets = [fault.seconds or 0.0 for fault in self._active if fault.kind == "clock_offset"]
        self._clock.offset = timedelta(seconds=sum(offsets))


def _matches(fault: Fault, method: str, path: str) -> bool:
    if fault.kind == "clock_offset":
        return False
    return fault.method in (None, method) and fnmatch.fnmatchcase(path, fault.path)
