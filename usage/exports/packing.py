"""A question to the ledger as the JSON arguments of a job."""

from datetime import date
from typing import Any
from uuid import UUID

from usage.periods import Period, read_zone
from usage.questions import DIMENSIONS, Filters, Question
from usage.scopes import Scope


def packed(question: Question) -> dict[str, Any]:
    filters = {
        name: [None if value is None else str(value) for value in question.filters.of(name)]
        for name in question.filters.used
    }
    return {
        "first": question.period.first.isoformat(),
        "last": question.period.last.isoformat(),
        "zone": question.period.zone.key,
        "user": str(question.scope.user_id) if question.scope.user_id else None,
        "team": str(question.scope.team_id) if question.scope.team_id else None,
        "filters": filters,
    }


def unpacked(given: dict[str, Any]) -> Question:
    user, team = given["user"], given["team"]
    scope = Scope(UUID(user) if user else None, UUID(team) if team else None)
    first, last = date.fromisoformat(given["first"]), date.fromisoformat(given["last"])
    filters = {name: given["filters"].get(name, ()) for name in DIMENSIONS}
    return Question(scope, Period(first, last, read_zone(given["zone"])), Filters(**filters))
