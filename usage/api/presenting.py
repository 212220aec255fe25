"""The shapes of the usage answers (REST contract §8). Snake case where the v0.4 front end reads it so."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from accounts.models import User
from apikeys.models import ApiKey
from usage.analytics import Coverage, Question
from usage.figures import Figures, Line, grouped, most_used_first, providers_of, total

Json = dict[str, Any]
_STABLE_PERCENT = 1


def amounts(figures: Figures) -> Json:
    return {
        "requests": figures.requests,
        "tokens": figures.total_tokens,
        "prompt_tokens": figures.prompt_tokens,
        "completion_tokens": figures.completion_tokens,
        "cost": figures.cost,
    }


def measures(figures: Figures) -> Json:
    return {
        "requests": figures.requests,
        "tokens": figures.total_tokens,
        "cost": figures.cost,
        "totalRequests": figures.requests,
        "totalTokens": figures.total_tokens,
        "totalPromptTokens": figures.prompt_tokens,
        "totalCompletionTokens": figures.completion_tokens,
        "averageLatency": figures.average_latency_ms,
        "errorRate": figures.error_rate,
        "successRate": figures.success_rate,
    }


def models_of(lines: list[Line]) -> list[Json]:
    providers = providers_of(lines)
    ranked = most_used_first(grouped(lines, lambda line: line.model))
    return [_named(model, providers) | amounts(figures) for model, figures in ranked]


def _named(model: str, providers: dict[str, str]) -> Json:
    return {"modelId": model, "modelName": model, "provider": providers[model]}


def analytics(
    user: User, question: Question, lines: list[Line], earlier: list[Line], quality: Coverage
) -> Json:
    """The whole Analytics object for one person."""
    figures, models = total(lines), models_of(lines)
    person = user_sum(user, figures) if figures.requests else None
    costs_by = {
        "byProvider": _costs(lines, lambda line: line.provider),
        "byModel": _costs(lines, lambda line: line.model),
        "byUser": {str(user.pk): figures.cost} if person else {},
    }
    tops = {"topUser": person, "topModel": models[0] if models else None, "topApiKey": _top_key(user, lines)}
    return {
        "period": {
            "startDate": question.period.first.isoformat(),
            "endDate": question.period.last.isoformat(),
        },
        "totalUsers": 1,
        "activeUsers": int(bool(figures.requests)),
        "totalRequests": figures.requests,
        "totalTokens": {
            "total": figures.total_tokens,
            "prompt": figures.prompt_tokens,
            "completion": figures.completion_tokens,
        },
        "totalCost": {"total": figures.cost, **costs_by},
        "successRate": figures.success_rate,
        "averageLatency": figures.average_latency_ms,
        "topMetrics": tops,
        "trends": trends(figures, total(earlier)),
        "dailyUsage": daily(question, lines, quality),
        "dailyModelUsage": daily_models(question, lines, quality),
        "topModels": models[:10],
        "topUsers": [person] if person else [],
        "dataQuality": data_quality(quality),
    }


def data_quality(quality: Coverage) -> Json:
    """Own usage is attributed by definition, so nothing in it is unattributed."""
    return {
        "asOf": quality.as_of,
        "missingDays": [day.isoformat() for day in quality.missing_days],
        "unattributedRequests": 0,
        "complete": quality.is_complete,
    }


def user_sum(user: User, figures: Figures) -> Json:
    role = next((role for role in ("admin", "admin-readonly") if role in user.roles), "user")
    person = {"userId": str(user.pk), "username": user.username, "email": user.email, "role": role}
    return person | amounts(figures)


def _costs(lines: list[Line], key: Callable[[Line], str]) -> dict[str, Decimal]:
    return {name: figures.cost for name, figures in grouped(lines, key).items()}


def _top_key(user: User, lines: list[Line]) -> Json | None:
    ranked = most_used_first(grouped(lines, lambda line: line.api_key_id))
    pk, figures = ranked[0] if ranked else (None, Figures())
    if pk is None:
        return None
    key = ApiKey.objects.filter(pk=pk).only("name").first()
    return {
        "keyId": str(pk),
        "keyAlias": key.name if key else None,
        "userId": str(user.pk),
        "username": user.username,
        "requests": figures.requests,
        "tokens": figures.total_tokens,
        "cost": figures.cost,
    }


def trends(current: Figures, previous: Figures) -> Json:
    users = (int(bool(current.requests)), int(bool(previous.requests)))
    return {
        "requestsTrend": trend("requests", current.requests, previous.requests),
        "costTrend": trend("cost", current.cost, previous.cost),
        "usersTrend": trend("users", *users),
        "totalTokensTrend": trend("totalTokens", current.total_tokens, previous.total_tokens),
        "promptTokensTrend": trend("promptTokens", current.prompt_tokens, previous.prompt_tokens),
        "completionTokensTrend": trend(
            "completionTokens", current.completion_tokens, previous.completion_tokens
        ),
    }


def trend(metric: str, current: int | Decimal, previous: int | Decimal) -> Json:
    """`percentageChange` is null where there was nothing before; within one per cent it is stable."""
    change = float((current - previous) / previous * 100) if previous else None
    moved = current != previous if change is None else abs(change) > _STABLE_PERCENT
    direction = ("up" if current > previous else "down") if moved else "stable"
    return {
        "metric": metric,
        "current": current,
        "previous": previous,
        "percentageChange": change,
        "direction": direction,
    }


def shown_days(question: Question, lines: list[Line], quality: Coverage) -> list[date]:
    """Days that were read, and those of which something is known all the same: sums stay whole."""
    used, missing = {line.at for line in lines}, set(quality.missing_days)
    return [day for day in question.period if day in used or day not in missing]


def daily(question: Question, lines: list[Line], quality: Coverage) -> list[Json]:
    by_day = grouped(lines, lambda line: line.at)
    shown = shown_days(question, lines, quality)
    return [{"date": day.isoformat()} | amounts(by_day.get(day, Figures())) for day in shown]


def daily_models(question: Question, lines: list[Line], quality: Coverage) -> list[Json]:
    by_day: dict[date, list[Line]] = {}
    for line in lines:
        by_day.setdefault(line.at, []).append(line)
    shown = shown_days(question, lines, quality)
    return [{"date": day.isoformat(), "models": models_of(by_day.get(day, []))} for day in shown]


def point(name: str, start: datetime, end: datetime, figures: Figures) -> Json:
    """One point of a time series."""
    return {"timestamp": start, "period": name, "startTime": start, "endTime": end} | measures(figures)


def summary(question: Question, lines: list[Line], quality: Coverage) -> Json:
    providers = providers_of(lines)
    ranked = most_used_first(grouped(lines, lambda line: line.model))
    return {
        "period": {"start": question.period.first.isoformat(), "end": question.period.last.isoformat()},
        "totals": _totals(total(lines)),
        "byModel": [_named(model, providers) | measures(figures) for model, figures in ranked],
        "dataQuality": data_quality(quality),
    }


def _totals(figures: Figures) -> Json:
    return {
        "requests": figures.requests,
        "tokens": figures.total_tokens,
        "cost": figures.cost,
        "promptTokens": figures.prompt_tokens,
        "completionTokens": figures.completion_tokens,
        "averageLatency": figures.average_latency_ms,
        "errorRate": figures.error_rate,
        "successRate": figures.success_rate,
    }
