"""The rows of the operators' breakdowns (REST contract §14)."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any
from uuid import UUID

from usage.api.presenting import Json, named_user
from usage.breakdowns import DayRow, KeyPart, KeyRow, ModelRow, ProviderRow, Rows, Slice, TeamRow, UserRow
from usage.figures import Figures
from usage.models import NOBODY


def tokens(figures: Figures) -> Json:
    """In both vocabularies: upstream's server said prompt and completion, its front end reads input and output."""
    return {
        "total": figures.total_tokens,
        "prompt": figures.prompt_tokens,
        "completion": figures.completion_tokens,
        "input": figures.prompt_tokens,
        "output": figures.completion_tokens,
    }


def metrics(figures: Figures, **more: Any) -> Json:
    return {"requests": figures.requests, "tokens": tokens(figures), "cost": figures.cost, **more}


def user_row(row: UserRow) -> Json:
    models = [
        {"modelId": part.model, "modelName": part.model, "provider": part.provider, **metrics(part.figures)}
        for part in row.models
    ]
    return named_user(row.user) | {
        "metrics": metrics(
            row.figures,
            models=models,
            apiKeys=[_key_part(part) for part in row.keys],
            lastActive=row.last_active_at,
        )
    }


def _key_part(part: KeyPart) -> Json:
    return {
        "keyId": _id(part.key_id),
        "keyAlias": part.key.name if part.key else None,
        **metrics(part.figures, lastUsed=part.key.last_used_at if part.key else None),
    }


def _id(pk: UUID) -> str | None:
    return None if pk == NOBODY else str(pk)


def model_row(row: ModelRow) -> Json:
    return {
        "modelId": row.model,
        "modelName": row.model,
        "provider": row.provider,
        "metrics": metrics(row.figures, users=row.users, successRate=row.figures.success_rate),
    }


def provider_row(row: ProviderRow) -> Json:
    counts = {"models": row.models, "users": row.users, "successRate": row.figures.success_rate}
    return {"provider": row.provider, "metrics": metrics(row.figures, **counts)}


def key_row(row: KeyRow) -> Json:
    return {
        "keyId": _id(row.key_id),
        "keyAlias": row.key.name if row.key else None,
        "userId": str(row.user.id),
        "username": row.user.username,
        "metrics": metrics(
            row.figures,
            successRate=row.figures.success_rate,
            lastUsed=row.key.last_used_at if row.key else None,
        ),
    }


def team_row(row: TeamRow) -> Json:
    counts = {"users": row.users, "successRate": row.figures.success_rate}
    return {
        "teamId": _id(row.team_id),
        "teamName": row.name,
        "metrics": metrics(row.figures, **counts),
    }


def day_row(row: DayRow) -> Json:
    return {
        "date": row.day.isoformat(),
        "metrics": metrics(row.figures, users=row.users, successRate=row.figures.success_rate),
    }


def page(found: Rows, part: Slice, present: Callable[[Any], Mapping[str, Any]]) -> Json:
    number, pages = part.first // part.limit + 1, ceil(found.total / part.limit)
    return {
        "data": [present(row) for row in found.rows],
        "pagination": {
            "page": number,
            "limit": part.limit,
            "total": found.total,
            "totalPages": pages,
            "hasNext": number < pages,
            "hasPrevious": number > 1,
        },
    }
