"""The daily figures from which whole pages are made: one statement, whatever is shown of it."""

from datetime import datetime

from usage.cubes.plans import Plan
from usage.cubes.statements import fetch
from usage.figures import Line
from usage.questions import Question


def lines_with_keys(question: Question, *, now: datetime) -> list[Line]:
    """Figures by day, model, provider and key, the oldest first. For one person's or one team's usage."""
    plan = Plan(question, ("model", "provider", "apiKey"), "day", now)
    days = [span.day for span in plan.spans]
    return [
        Line(days[row[0] - 1], row[1], row[2], row[3], plan.figures_of(row))
        for row in fetch(plan.grouped(), plan.values)
    ]


def lines_of(question: Question, *, now: datetime) -> list[Line]:
    """Figures by day, model and provider, the oldest first; `api_key_id` is None."""
    plan = Plan(question, ("model", "provider"), "day", now)
    days = [span.day for span in plan.spans]
    return [
        Line(days[row[0] - 1], row[1], row[2], None, plan.figures_of(row))
        for row in fetch(plan.grouped(), plan.values)
    ]
