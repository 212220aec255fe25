"""The figures that a page of usage is drawn from: of one person or team from one reading, of everybody as needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Protocol

from usage.breakdowns import providers_by_model
from usage.cubes.answers import groups_of
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

    The days are asked last, so that what came in meanwhile never makes a part larger than the whole.
    """

    question: Question
    compares: bool
    now: datetime

    @cached_property
    def days(self) -> Days:
        return self._by_day(self.question)

    @cached_property
    def before(self) -> Days | None:
        return self._by_day(self.question.before) if self.compares else None

    @cached_property
    def models(self) -> Mapping[str, Figures]:
        groups = groups_of(self.question, ("model",), now=self.now)
        return {str(group.labels[0]): group.figures for group in groups}

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

    def _by_day(self, question: Question) -> Days:
        groups = groups_of(question, (), now=self.now, every="day")
        return {group.span.day: group.figures for group in groups if group.span}


def _model(line: Line) -> str:
    return line.model
