"""How many rows a file will have, asked before it is made: a dialog must not wait for counting millions."""

from dataclasses import dataclass
from datetime import date, timedelta

from usage.cubes.answers import groups_of
from usage.cubes.tables import COLUMN_OF, TYPE_OF
from usage.exports.reading import Reader
from usage.models import NOBODY, UsageDay
from usage.questions import Question

# So many calls have at most so many rows: they are counted.
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """`is_estimate`: `rows` is about right."""

    rows: int
    is_estimate: bool = False


def size_of(reader: Reader) -> Size:
    """Counted where that is quick. Else how many calls each day has is known, but not how many rows they make: a day of
    fewer calls and one of more, each like half of the days, tell that."""
    question = reader.question
    if not (reader.table.has_days and reader.table.by) or question.is_narrow:
        return Size(reader.count())
    calls = {
        group.span.day: group.figures.requests
        for group in groups_of(question, (), now=reader.now, every="day")
        if group.span
    }
    days = sorted(calls, key=lambda day: (calls[day], day))
    looked_at = {days[len(days) // 4], days[len(days) * 3 // 4]} if days else set()
    if sum(calls.values()) <= MOST_COUNTED or len(days) == len(looked_at):
        return Size(reader.count())
    rows = sum(_rows_of(question, day) for day in looked_at)
    return Size(rows * len(days) // len(looked_at), is_estimate=True)


def _rows_of(question: Question, day: date) -> int:
    """The sums that are kept of the day. A file may unite some that differ in what it does not tell; and a day of
    another time zone has about as many."""
    asked = {name: question.filters.of(name) for name in question.filters.used}
    asked |= {name: (value,) for name, value in question.scope.dimensions.items()}
    wanted = {
        f"series__{COLUMN_OF[name]}__in": [_known(name, value) for value in values]
        for name, values in asked.items()
    }
    # A span of time: for one day alone the planner would rather read the whole index that begins with the series.
    return UsageDay.objects.filter(day__gte=day, day__lt=day + timedelta(days=1), **wanted).count()


def _known(name: str, value: object) -> object:
    unknown = NOBODY if name in TYPE_OF else ""
    return unknown if value is None else value
