"""The figures that a page of usage is drawn from: of one person or team from one reading, of everybody as needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Protocol

from usage.breakdowns import providers_by_model
from usage.cubes.answers import Group, groups_of
from usage.figures import Figures, Line, by_day, grouped, providers_of, summed
from usage.lines import lines_of, lines_with_keys
from usage.questions import Question

Days = Mapping[date, Figures]


class Facts(Protocol):
    """`before` and what begins with it is None when nothing is compared."""

    @property
    def question(self) -> Question: ...
    @property
    def days(self) -> Days: ...
    @property
    def before(self) -> Days | None: ...
    @property
    def models(self) -> Mapping[str, Figures]: ...
    @property
    def providers(self) -> Mapping[str, str]: ...
    @property
    def models_before(self) -> int | None: ...
    def days_of(self, models: Sequence[str]) -> Mapping[str, Days]: ...


def total(facts: Facts) -> Figures:
    return summed(facts.days.values())


def earlier(facts: Facts) -> Figures | None:
    return None if facts.before is None else summed(facts.before.values())


class OwnFacts:
    """Everything from the rows by day, model and key, which are few."""

    def __init__(self, question: Question, *, compares: bool, now: datetime) -> None:
        self.question = question
        self.lines = lines_with_keys(question, now=now)
        self._earlier = lines_of(question.before, now=now) if compares else None

    @cached_property
    def days(self) -> Days:
        return by_day(self.lines)

    @cached_property
    def before(self) -> Days | None:
        return None if self._earlier is None else by_day(self._earlier)

    @cached_property
    def models(self) -> Mapping[str, Figures]:
        return grouped(self.lines, _model)

    @cached_property
    def providers(self) -> Mapping[str, str]:
        return providers_of(self.lines)

    @property
    def models_before(self) -> int | None:
        return None if self._earlier is None else len({line.model for line in self._earlier})

    def days_of(self, models: Sequence[str]) -> Mapping[str, Days]:
        wanted: dict[str, list[Line]] = {model: [] for model in models}
        for line in self.lines:
            if line.model in wanted:
                wanted[line.model].append(line)
        return {model: by_day(lines) for model, lines in wanted.items()}


@dataclass
class SharedFacts:
    """Everybody's. A year of 300 models has a hundred thousand rows by day: only what is drawn is asked for.

    The days are asked last, so that what came in meanwhile never makes a part larger than the whole. `parts` are the
    groups by model and provider, where somebody has asked for them already.
    """

    question: Question
    compares: bool
    now: datetime
    parts: Sequence[Group] | None = None

    @property
    def days(self) -> Days:
        return self._both[0]

    @property
    def before(self) -> Days | None:
        return self._both[1]

    @cached_property
    def models(self) -> Mapping[str, Figures]:
        return self._sums(0)

    @cached_property
    def by_provider(self) -> Mapping[str, Figures]:
        return self._sums(1)

    @cached_property
    def providers(self) -> Mapping[str, str]:
        return providers_by_model(self.question, now=self.now)

    @property
    def models_before(self) -> int | None:
        return None

    def days_of(self, models: Sequence[str]) -> Mapping[str, Days]:
        if not models:
            return {}
        groups = groups_of(self.question.narrowed(model=models), ("model",), now=self.now, every="day")
        found: dict[str, dict[date, Figures]] = {}
        for group in groups:
            if group.span:
                found.setdefault(str(group.labels[0]), {})[group.span.day] = group.figures
        return found

    @cached_property
    def _parts(self) -> Sequence[Group]:
        if self.parts is not None:
            return self.parts
        return groups_of(self.question, ("model", "provider"), now=self.now)

    def _sums(self, at: int) -> Mapping[str, Figures]:
        found: dict[str, list[Figures]] = {}
        for group in self._parts:
            found.setdefault(str(group.labels[at]), []).append(group.figures)
        return {label: summed(figures) for label, figures in found.items()}

    @cached_property
    def _both(self) -> tuple[Days, Days | None]:
        """The days of the period, and of the one before it if it is compared: they follow each other."""
        period, question = self.question.period, self.question
        if self.compares:
            question = replace(question, period=replace(period, first=period.before.first))
        groups = groups_of(question, (), now=self.now, every="day")
        days = {group.span.day: group.figures for group in groups if group.span}
        now = {day: figures for day, figures in days.items() if day >= period.first}
        return now, ({day: days[day] for day in days.keys() - now.keys()} if self.compares else None)


def _model(line: Line) -> str:
    return line.model
