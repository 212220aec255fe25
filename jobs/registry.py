"""Which app does which kind of job. This app knows none of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.running import Run

Handler = Callable[["Run"], dict[str, Any] | None]


@dataclass(frozen=True)
class Kind:
    """`label` is a source string marked with `gettext_noop`. `handler(run)` does the work and gives the result (JSON
    values). It may be started again from the beginning after its worker died, so it must be idempotent, and it reports
    at least once a minute. `page` is the path of the page that such jobs are asked for on; `about` says of a job's
    arguments what it works on, in the reader's language."""

    name: str
    label: str
    handler: Handler
    page: str = ""
    about: Callable[[dict[str, Any]], str] = lambda _arguments: ""


_kinds: dict[str, Kind] = {}


def register(name: str, label: str, handler: Handler, **more: Any) -> None:
    _kinds[name] = Kind(name, label, handler, **more)


def kind_of(name: str) -> Kind:
    return _kinds[name]


def label_of(name: str) -> Any:
    """In words; a kind that no app has any more as it is."""
    return _kinds[name].label if name in _kinds else name
