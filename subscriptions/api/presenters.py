"""Rows of subscriptions as the contract shows them (§6.1). What has not been counted is None, never 0."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from accounts import options
from accounts.models import User
from subscriptions import quota_rules
from subscriptions.actions import allowed_actions
from subscriptions.recorded import Recorded

Json = dict[str, Any]
WARNING_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Who looks, and what is the same for all rows that are shown at once."""

    actor: User
    currency: str
    window_start: datetime
    window_end: datetime


def viewpoint(actor: User, now: datetime) -> Viewpoint:
    window = quota_rules.window_start(now), quota_rules.window_end(now)
    return Viewpoint(actor, str(options.recent("currency")), *window)


def subscriptions(rows: list[Json], view: Viewpoint) -> list[Json]:
    return [subscription(row, view) for row in rows]


def subscription(row: Json, view: Viewpoint) -> Json:
    """The full shape, from a row of `queries`."""
    cost_in, cost_out = row["model__input_cost_per_token"], row["model__output_cost_per_token"]
    able = row["model__capabilities"]
    is_priced = cost_in is not None or cost_out is not None
    price = {"inputCostPerToken": cost_in, "outputCostPerToken": cost_out, "currency": view.currency}
    requests, tokens = row["quota_requests"], row["quota_tokens"]
    used_requests, used_tokens = used(row, view)
    share_requests, share_tokens = percent(used_requests, requests), percent(used_tokens, tokens)
    return {
        "id": row["id"],
        "userId": row["user_id"],
        "modelId": row["model_id"],
        "modelName": row["model_id"],
        "provider": row["model__provider"],
        "status": row["status"],
        "quotaRequests": requests,
        "quotaTokens": tokens,
        "usedRequests": used_requests,
        "usedTokens": used_tokens,
        "remainingRequests": remaining(used_requests, requests),
        "remainingTokens": remaining(used_tokens, tokens),
        "utilizationPercent": {"requests": share_requests, "tokens": share_tokens},
        "requestUtilization": share_requests,
        "tokenUtilization": share_tokens,
        "pricing": price if is_priced else None,
        "inputCostPerToken": cost_in,
        "outputCostPerToken": cost_out,
        # Quotas do not tell input from output tokens, so there is nothing to estimate from.
        "estimatedMonthlyCost": None,
        "resetAt": view.window_end,
        "expiresAt": row["expires_at"],
        "statusReason": row["status_reason"] or None,
        "statusChangedAt": row["status_changed_at"],
        "statusChangedBy": row["status_changed_by_id"],
        "metadata": {**_labels(row["metadata"]), "features": able},
        "modelDescription": row["model__description"] or None,
        "modelContextLength": row["model__context_length"],
        "modelSupportsVision": "vision" in able,
        "modelSupportsFunctionCalling": "function_calling" in able,
        "modelSupportsParallelFunctionCalling": "parallel_function_calling" in able,
        "modelSupportsToolChoice": "tool_choice" in able,
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "restrictedAccess": row["model__restricted_access"],
        "modelAvailability": row["model__availability"],
        "allowedActions": allowed_actions(row, view.actor),
    }


def _labels(stored: Any) -> Json:
    """What the owner noted; JSON comes as text where no field converter ran."""
    if not stored or stored == "{}":
        return {}
    return dict(orjson.loads(stored)) if isinstance(stored, str) else dict(stored)


def used(row: Json, view: Viewpoint) -> tuple[int | None, int | None]:
    """Requests and tokens of the present window; None where the ledger has not told yet."""
    began = row["quota_window_start"]
    if began is None or began < view.window_start:
        return None, None
    return row["used_requests"], row["used_tokens"]


def percent(part: int | None, whole: int) -> float | None:
    return None if part is None else round(100 * part / whole, 2)


def remaining(part: int | None, whole: int) -> int | None:
    return None if part is None else max(0, whole - part)


def quota(row: Json, view: Viewpoint) -> Json:
    used_requests, used_tokens = used(row, view)
    return {
        "requests": _quota(row["quota_requests"], used_requests, view),
        "tokens": _quota(row["quota_tokens"], used_tokens, view),
    }


def _quota(limit: int, part: int | None, view: Viewpoint) -> Json:
    return {"limit": limit, "used": part, "remaining": remaining(part, limit), "resetAt": view.window_end}


def usage(row: Json, view: Viewpoint) -> Json:
    requests, tokens = row["quota_requests"], row["quota_tokens"]
    used_requests, used_tokens = used(row, view)
    return {
        "subscriptionId": row["id"],
        "quotaRequests": requests,
        "quotaTokens": tokens,
        "usedRequests": used_requests,
        "usedTokens": used_tokens,
        "requestUtilization": percent(used_requests, requests),
        "tokenUtilization": percent(used_tokens, tokens),
        "withinRequestLimit": None if used_requests is None else used_requests < requests,
        "withinTokenLimit": None if used_tokens is None else used_tokens < tokens,
        "resetDate": view.window_end,
        "warningThresholds": {"requests": WARNING_PERCENT, "tokens": WARNING_PERCENT},
    }


def pricing(row: Json, view: Viewpoint, recorded: Recorded | None, until: datetime) -> Json:
    """What the window cost until now, from recorded tokens; None where the ledger says nothing."""
    used_requests, used_tokens = used(row, view)
    return {
        "subscriptionId": row["id"],
        "usedRequests": used_requests,
        "usedTokens": used_tokens,
        "inputCostPerToken": row["model__input_cost_per_token"],
        "outputCostPerToken": row["model__output_cost_per_token"],
        "estimatedCost": recorded.total_cost if recorded else None,
        "costBreakdown": {
            "promptTokens": recorded.prompt_tokens if recorded else None,
            "completionTokens": recorded.completion_tokens if recorded else None,
            "inputCost": recorded.input_cost if recorded else None,
            "outputCost": recorded.output_cost if recorded else None,
            "totalCost": recorded.total_cost if recorded else None,
        },
        "billingPeriod": {"start": view.window_start, "end": until},
    }


def with_owner(row: Json, view: Viewpoint) -> Json:
    owner = {"id": row["user_id"], "username": row["user__username"], "email": row["user__email"]}
    return subscription(row, view) | {"user": owner}


def request_row(row: Json, view: Viewpoint) -> Json:
    """For those who decide: with its owner, its model and, where it was read, its history."""
    model = {
        "id": row["model_id"],
        "name": row["model_id"],
        "provider": row["model__provider"],
        "restrictedAccess": row["model__restricted_access"],
    }
    return with_owner(row, view) | {"model": model}


def stats(rows: list[Json], view: Viewpoint) -> Json:
    """Of rows with status, provider, quotas and use. Quotas are summed over what has not ended."""
    current = [row for row in rows if row["status"] not in {"inactive", "expired"}]
    known = [used(row, view) for row in current]
    is_known = all(requests is not None for requests, _tokens in known)
    return {
        "total": len(rows),
        "byStatus": dict(Counter(row["status"] for row in rows)),
        "byProvider": dict(Counter(row["model__provider"] for row in rows)),
        "totalQuotaUsage": {
            "requests": {
                "used": sum(use[0] or 0 for use in known) if is_known else None,
                "limit": sum(row["quota_requests"] for row in current),
            },
            "tokens": {
                "used": sum(use[1] or 0 for use in known) if is_known else None,
                "limit": sum(row["quota_tokens"] for row in current),
            },
        },
    }


def status_change(row: Json) -> Json:
    changed_by = {"id": row["changed_by_id"], "username": row["changed_by__username"]}
    return {
        "id": row["id"],
        "oldStatus": row["old_status"] or None,
        "newStatus": row["new_status"],
        "reason": row["reason"] or None,
        "changedBy": changed_by if row["changed_by_id"] else None,
        "changedAt": row["changed_at"],
    }
