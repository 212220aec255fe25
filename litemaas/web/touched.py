"""What an act would touch, for the question before it: counted and named from a rehearsal (`litemaas.dry_run`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import ngettext

from litemaas import dry_run
from litemaas.errors import DomainError

MOST_NAMED = 20


@dataclass(frozen=True)
class Touched:
    """`text` is "3 API keys"; `names` are the first of them, `more` how many others there are."""

    text: str
    names: list[str]
    more: int


# The kinds of the audit record, in the order in which they are told.
_WORDS: dict[str, Callable[[int], str]] = {
    "USER": lambda n: ngettext("%(n)s person", "%(n)s people", n),
    "SUBSCRIPTION": lambda n: ngettext("%(n)s subscription", "%(n)s subscriptions", n),
    "API_KEY": lambda n: ngettext("%(n)s API key", "%(n)s API keys", n),
    "MODEL": lambda n: ngettext("%(n)s model", "%(n)s models", n),
}


def groups_of(touched: Mapping[str, Mapping[str, str]]) -> list[Touched]:
    """`touched` of a rehearsal; kinds that pages have no word for are left out, as are names that nobody noted."""
    found = []
    for kind, word in _WORDS.items():
        labels = touched.get(kind, {})
        if labels:
            names = sorted(label for label in labels.values() if label)[:MOST_NAMED]
            more = max(0, len(labels) - len(names)) if names else 0
            found.append(Touched(word(len(labels)) % {"n": len(labels)}, names, more))
    return found


@dataclass(frozen=True)
class Outlook:
    """What an act would touch, by kind and id, or `refusal`: why it would not be done."""

    touched: Mapping[str, Mapping[str, str]]
    refusal: str = ""


def foresee(act: Callable[[], object]) -> Outlook:
    """The act itself, run and undone: the page before it can't promise anything else."""
    try:
        with dry_run.rehearsal() as found:
            act()
    except DomainError as error:
        return Outlook({}, error.message)
    return Outlook(found.touched)
