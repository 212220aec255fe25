"""The daily figures from which whole pages are made: one statement, whatever is shown of it."""

from datetime import datetime
from typing import Any

from usage.cubes.answers import Group, groups_of
from usage.figures import Line
from usage.questions import Question


def lines_with_keys(question: Question, *, now: datetime) -> list[Line]:
    """Figures by day, model, provider and key, the oldest first. For one person's or one team's usage."""
    groups = groups_of(question, ("model", "provider", "apiKey"), now=now, every="day")
    return [_line(group, *group.labels) for group in groups]


def lines_of(question: Question, *, now: datetime) -> list[Line]:
    """Figures by day, model and provider, the oldest first; `api_key_id` is None."""
    groups = groups_of(question, ("model", "provider"), now=now, every="day")
    return [_line(group, *group.labels) for group in groups]


def _line(group: Group, model: Any, provider: Any, api_key_id: Any = None) -> Line:
    assert group.span is not None  # noqa: S101  these were asked for by day
    return Line(group.span.day, model, provider, api_key_id, group.figures)
