"""How many calls of models one web process carries at the same time, in all and for one person.

Each holds a thread, and memory, but no turn (`litemaas.turns`). The threads beyond these places are for everything else.
"""

import threading
from collections import Counter
from collections.abc import Hashable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from litemaas.errors import DomainError, ServiceUnavailable

_WAIT = 5


class TooManyAtOnce(DomainError):
    """`data`: limit, of calls of one person at the same time."""

    code = "RATE_LIMITED"
    default_message = gettext_lazy(
        "You have as many answers running as are possible at once. Wait for one, or stop it."
    )


class Places:
    def __init__(self, count: int, *, each: int) -> None:
        self._count, self._each = count, each
        self._taken: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def take(self, person: Hashable) -> "Place":
        """Raises TooManyAtOnce, and ServiceUnavailable where all are taken."""
        with self._lock:
            if self._taken[person] >= self._each:
                raise TooManyAtOnce(limit=self._each, retryAfter=_WAIT)
            if self._taken.total() >= self._count:
                raise ServiceUnavailable(
                    _("Too many people use the playground at the moment. Try again in a moment."),
                    retryAfter=_WAIT,
                )
            self._taken[person] += 1
        return Place(self, person)

    def give_back(self, person: Hashable) -> None:
        with self._lock:
            self._taken[person] -= 1
            if not self._taken[person]:
                del self._taken[person]

    @property
    def taken(self) -> int:
        with self._lock:
            return self._taken.total()


class Place:
    """Giving it back again changes nothing."""

    def __init__(self, places: Places, person: Hashable) -> None:
        self._places, self._person = places, person
        self._is_held = True

    def give_back(self) -> None:
        if self._is_held:
            self._is_held = False
            self._places.give_back(self._person)
