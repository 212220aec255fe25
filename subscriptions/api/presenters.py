"""Rows of subscriptions as the contract shows them (§6.1)."""

from typing import Any

from django.conf import settings

from accounts.models import User
from subscriptions.api.queries import allowed_actions

Json = dict[str, Any]


def subscription(row: Json, actor: User) -> Json:
    """The full shape, from a row of `queries`. Nothing here counts usage, so what was used stays None."""
    cost_in, cost_out = row["model__input_cost_per_token"], row["model__output_cost_per_token"]
    able = row["model__capabilities"]
    currency = settings.CURRENCY["code"]
    is_priced = cost_in is not None or cost_out is not None
    price = {"inputCostPerToken": cost_in, "outputCostPerToken": cost_out, "currency": currency}
    return {
        "id": row["id"],
        "userId": row["user_id"],
        "modelId": row["model_id"],
        "modelName": row["model_id"],
        "provider": row["model__provider"],
        "status": row["status"],
        "quotaRequests": row["quota_requests"],
        "quotaTokens": row["quota_tokens"],
        "usedRequests": None,
        "usedTokens": None,
        "remainingRequests": None,
        "remainingTokens": None,
        "utilizationPercent": {"requests": None, "tokens": None},
        "requestUtilization": None,
        "tokenUtilization": None,
        "pricing": price if is_priced else None,
        "inputCostPerToken": cost_in,
        "outputCostPerToken": cost_out,
        "estimatedMonthlyCost": None,
        "resetAt": None,
        "expiresAt": row["expires_at"],
        "statusReason": row["status_reason"] or None,
        "statusChangedAt": row["status_changed_at"],
        "statusChangedBy": row["status_changed_by_id"],
        "metadata": {"features": able},
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
        "allowedActions": allowed_actions(row, actor),
    }


def request_row(row: Json, actor: User) -> Json:
    """A row of `queries.requests`."""
    owner = {"id": row["user_id"], "username": row["user__username"], "email": row["user__email"]}
    return subscription(row, actor) | {"user": owner}


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
