"""Answers of `GET /usage/query` as JSON, with the names behind ids."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from usage import naming, queries
from usage.models import NOBODY
from usage.quality import Coverage
from usage.queries import Answer, Query, Row

Json = dict[str, Any]


def head_of(query: Query) -> Json:
    """What was asked."""
    period = query.question.period
    return {
        "period": {
            "startDate": period.first.isoformat(),
            "endDate": period.last.isoformat(),
            "timeZone": period.zone.key,
            "start": period.start,
            "end": period.end,
        },
        "measures": list(query.measures),
        "by": list(query.by),
    }


def rows_of(query: Query, answer: Answer) -> Json:
    return {"rows": named(query, answer.rows), **foot_of(query, answer)}


def foot_of(query: Query, answer: Answer) -> Json:
    """What is known once all is added up."""
    return {
        "totalRows": answer.total_rows,
        "totals": _measures(query, answer.totals),
        "previous": _measures(query, answer.before) if answer.before else None,
        "dataQuality": data_quality(answer.quality),
    }


def data_quality(quality: Coverage, unattributed: int = 0) -> Json:
    return {
        "asOf": quality.as_of,
        "missingDays": [day.isoformat() for day in quality.missing_days],
        "unattributedRequests": unattributed,
        "complete": quality.is_complete,
        "trust": quality.trust,
        "differingDays": [day.isoformat() for day in quality.differing_days],
    }


def named(query: Query, rows: Sequence[Row]) -> list[Json]:
    """Labels with the names behind their ids, and measures: one statement per kind of id."""
    names = _Names(query, rows)
    return [names.labels(row) | _measures(query, row) for row in rows]


def _measures(query: Query, row: Row) -> Json:
    return {measure: queries.value_of(row, measure) for measure in query.measures}


class _Names:
    def __init__(self, query: Query, rows: Sequence[Row]) -> None:
        self._by = query.by
        self._users = naming.user_names(self._ids("user", rows)) if "user" in self._by else {}
        self._teams = naming.team_names(self._ids("team", rows)) if "team" in self._by else {}
        self._keys = naming.key_names(self._ids("apiKey", rows)) if "apiKey" in self._by else {}

    def _ids(self, dimension: str, rows: Sequence[Row]) -> list[UUID]:
        place = list(self._by).index(dimension)
        return [row.labels[place] for row in rows]

    def labels(self, row: Row) -> Json:
        found: Json = {}
        for name, value in zip(self._by, row.labels, strict=True):
            found |= self._label(name, value)
        return found

    def _label(self, name: str, value: Any) -> Json:
        if name == "user":
            return {"userId": _id(value), "username": self._users[value].username}
        if name == "team":
            return {"teamId": _id(value), "teamName": self._teams.get(value)}
        if name == "apiKey":
            key = self._keys.get(value)
            return {"apiKeyId": _id(value), "apiKeyName": key.name if key else None}
        return {name: value}


def _id(value: UUID) -> str | None:
    return None if value == NOBODY else str(value)
