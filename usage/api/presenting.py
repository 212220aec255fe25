"""The shapes of the usage answers (REST contract §8). Snake case where the v0.4 front end reads it so."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from usage.figures import Figures, Line, grouped, most_used_first, providers_of, total
from usage.filter_options import ModelName
from usage.models import NOBODY
from usage.naming import UserName
from usage.overviews import KeyLine, Overview
from usage.quality import Coverage
from usage.query_rows import data_quality
from usage.questions import Question

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
    return [named(model, providers) | amounts(figures) for model, figures in ranked]


def named(model: str, providers: dict[str, str]) -> Json:
    return {"modelId": model, "modelName": model, "provider": providers[model]}


def analytics(found: Overview) -> Json:
    """The whole Analytics object."""
    figures, models = found.figures, models_of(found.lines)
    users = [user_sum(line.user, line.figures) for line in found.top_users]
    costs_by = {
        "byProvider": {name: part.cost for name, part in grouped(found.lines, lambda x: x.provider).items()},
        "byModel": {model["modelId"]: model["cost"] for model in models},
        "byUser": found.costs_by_user,
    }
    return {
        "period": period(found.question),
        "totalUsers": found.total_users,
        "activeUsers": found.active_users,
        "totalRequests": figures.requests,
        "totalTokens": {
            "total": figures.total_tokens,
            "prompt": figures.prompt_tokens,
            "completion": figures.completion_tokens,
        },
        "totalCost": {"total": figures.cost, **costs_by},
        "successRate": figures.success_rate,
        "averageLatency": figures.average_latency_ms,
        "topMetrics": {
            "topUser": next((user for user in users if user["userId"] != str(NOBODY)), None),
            "topModel": models[0] if models else None,
            "topApiKey": _top_key(found.top_key) if found.top_key else None,
        },
        "trends": trends(figures, found.earlier, (found.active_users, found.earlier_users)),
        "dailyUsage": daily(found.question, found.lines, found.quality),
        "dailyModelUsage": daily_models(found.question, found.lines, found.quality),
        "topModels": models[:10],
        "topUsers": users,
        "dataQuality": data_quality(found.quality, found.unattributed),
    }


def period(question: Question) -> Json:
    return {
        "startDate": question.period.first.isoformat(),
        "endDate": question.period.last.isoformat(),
    }


def user_sum(user: UserName, figures: Figures) -> Json:
    return named_user(user) | amounts(figures)


def named_user(user: UserName) -> Json:
    return {"userId": str(user.id), "username": user.username, "email": user.email, "role": user.role}


def _top_key(line: KeyLine) -> Json:
    return {
        "keyId": str(line.key_id),
        "keyAlias": line.key.name if line.key else None,
        "userId": str(line.user.id),
        "username": line.user.username,
        "requests": line.figures.requests,
        "tokens": line.figures.total_tokens,
        "cost": line.figures.cost,
    }


def trends(current: Figures, previous: Figures, users: tuple[int, int]) -> Json:
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
    change = percent_change(current, previous)
    moved = current != previous if change is None else abs(change) > _STABLE_PERCENT
    direction = ("up" if current > previous else "down") if moved else "stable"
    return {
        "metric": metric,
        "current": current,
        "previous": previous,
        "percentageChange": change,
        "direction": direction,
    }


def percent_change(current: int | Decimal, previous: int | Decimal) -> float | None:
    return float((current - previous) / previous * 100) if previous else None


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
        "totals": totals(total(lines)),
        "byModel": [named(model, providers) | measures(figures) for model, figures in ranked],
        "dataQuality": data_quality(quality),
    }


def totals(figures: Figures) -> Json:
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


def period_sums(figures: Figures) -> Json:
    return {
        "totalRequests": figures.requests,
        "totalTokens": figures.total_tokens,
        "totalPromptTokens": figures.prompt_tokens,
        "totalCompletionTokens": figures.completion_tokens,
        "totalCost": figures.cost,
        "averageLatency": figures.average_latency_ms,
        "errorRate": figures.error_rate,
        "successRate": figures.success_rate,
    }


def top_models(ranked: list[tuple[str, Figures]]) -> list[Json]:
    return [
        {
            "modelId": model,
            "modelName": model,
            "totalRequests": figures.requests,
            "totalTokens": figures.total_tokens,
        }
        for model, figures in ranked
    ]


def model_options(models: list[ModelName]) -> list[Json]:
    """One entry per model; the first provider by name where there were several."""
    first: dict[str, str] = {}
    for model in models:
        first.setdefault(model.name, model.provider)
    return [{"id": name, "name": name, "provider": provider} for name, provider in first.items()]


def legacy_metrics(question: Question, lines: list[Line], quality: Coverage) -> Json:
    figures = total(lines)
    ranked = most_used_first(grouped(lines, lambda line: line.model))
    return {
        "totalRequests": figures.requests,
        "totalTokens": figures.total_tokens,
        "totalCost": figures.cost,
        "averageResponseTime": figures.average_latency_ms,
        "successRate": figures.success_rate,
        "activeModels": len(ranked),
        "topModels": [{"name": model} | amounts(part) for model, part in ranked[:10]],
        "dailyUsage": daily(question, lines, quality),
        "hourlyUsage": [],
        "errorBreakdown": [],
    }
