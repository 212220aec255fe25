"""Rows of API keys as the contract shows them (§7). The fields `liteLLMKey` and `liteLLMKeyId` are never sent."""

from datetime import datetime
from typing import Any

import orjson

Json = dict[str, Any]


def api_key(row: Json, now: datetime) -> Json:
    """The full shape of a row of `queries`. `models` is what the key opens now.

    Nothing here counts spend, so it stays None.
    """
    links = [orjson.loads(text) for text in row["links"]]
    open_links = [link for link in links if _opens(link, row)]
    return {
        "id": row["id"],
        "userId": row["owner_id"],
        "name": row["name"],
        "keyPrefix": row["secret_prefix"],
        "prefix": row["secret_prefix"],
        "keyPreview": f"{row['secret_prefix']}…{row['secret_suffix']}",
        "models": [link["model_id"] for link in open_links],
        "modelDetails": [_model(link) for link in open_links],
        "subscriptionId": None,
        "subscriptionDetails": [_subscription(link) for link in links if link["subscription"]],
        "isActive": _is_live(row, now) and not row["is_blocked"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "lastUsedAt": row["last_used_at"],
        "expiresAt": row["expires_at"],
        "revokedAt": row["revoked_at"],
        **_limits(row),
        "tags": [],
        "teamId": row["team_id"],
        "metadata": {"description": row["description"]} if row["description"] else {},
        "isLiteLLMKey": True,
        "syncStatus": row["sync_status"] or "pending",
        "syncError": row["sync_error"] or None,
        "lastSyncAt": row["synced_at"],
        "keyAlias": row["alias"],
        "blocked": row["is_blocked"] or not open_links,
        "portalPermissions": [],
        "secretAvailable": row["has_secret"],
        "spendAsOf": None,
    }


def _limits(row: Json) -> Json:
    return {
        "maxBudget": row["max_budget"],
        "currentSpend": None,
        "budgetUtilization": None,
        "budgetDuration": row["budget_window"] or None,
        "budgetResetAt": None,
        "softBudget": None,
        "tpmLimit": row["tpm_limit"],
        "rpmLimit": row["rpm_limit"],
        "maxParallelRequests": row["max_parallel_requests"],
        "modelMaxBudget": None,
        "modelRpmLimit": None,
        "modelTpmLimit": None,
    }


def _opens(link: Json, row: Json) -> bool:
    """The same rule as `ApiKeyModelQuerySet.effective`, for rows that are read already."""
    is_granted = _status(link) == "active" and link["availability"] == "available"
    return bool(is_granted and row["owner__is_active"])


def _status(link: Json) -> str | None:
    return link["subscription"]["status"] if link["subscription"] else None


def _is_live(row: Json, now: datetime) -> bool:
    return row["revoked_at"] is None and (row["expires_at"] is None or row["expires_at"] > now)


def _model(link: Json) -> Json:
    return {
        "id": link["model_id"],
        "name": link["model_id"],
        "provider": link["provider"],
        "contextLength": link["context_length"],
        "supportsEmbeddings": "embeddings" in link["capabilities"],
        "supportsConvert": "convert" in link["capabilities"],
    }


def _subscription(link: Json) -> Json:
    return {
        "subscriptionId": link["subscription"]["id"],
        "modelId": link["model_id"],
        "status": link["subscription"]["status"],
    }
