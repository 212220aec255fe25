"""Rows of API keys as the contract shows them (§7). The fields `liteLLMKey` and `liteLLMKeyId` are never sent."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from apikeys.spend import Spent, spent_by

Json = dict[str, Any]


def api_key(row: Json, now: datetime) -> Json:
    """The full shape of a row of `queries`. `models` is what the key opens now."""
    links = [orjson.loads(text) for text in row["links"]]
    secrets = [orjson.loads(text) for text in row["live_secrets"]]
    open_links = [link for link in links if link["opens"]]
    current = next((item for item in secrets if item["superseded_at"] is None), None)
    former = next((item for item in secrets if item["superseded_at"] is not None), None)
    described = {"description": row["description"]} if row["description"] else {}
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
        **_limits(row, spent_by(row, current, former, now)),
        "tags": row["tags"],
        "teamId": row["team_id"],
        "metadata": {**orjson.loads(row["metadata"]), **described},
        "isLiteLLMKey": True,
        "syncStatus": row["sync_status"] or "pending",
        "syncError": row["sync_error"] or None,
        "lastSyncAt": row["synced_at"],
        "keyAlias": row["alias"],
        "blocked": row["is_blocked"] or not open_links,
        "permissions": orjson.loads(row["permissions"]) or None,
        "guardrails": row["guardrails"],
        "ownership": "personal" if row["owner_id"] else "service",
        "portalPermissions": row["portal_permissions"],
        "secretAvailable": bool(current and current["is_kept"] and row["revoked_at"] is None),
        **_former(former),
    }


def api_key_with_owner(row: Json, now: datetime) -> Json:
    """For operators' lists: also whose it is, None for a team's service key."""
    owner = {"id": row["owner_id"], "username": row["owner__username"], "email": row["owner__email"]}
    return {**api_key(row, now), "user": owner if row["owner_id"] else None}


def _former(secret: Json | None) -> Json:
    """The secret that a rotation has not retired yet, and when somebody last called with it."""
    return {
        "oldKeyPrefix": secret["prefix"] if secret else None,
        "oldKeyValidUntil": moment(secret["valid_until"]) if secret else None,
        "oldKeyLastUsedAt": moment(secret["last_used_at"]) if secret else None,
    }


def moment(text: str | None) -> datetime | None:
    """A time out of a JSON document of PostgreSQL."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _limits(row: Json, spent: Spent) -> Json:
    budget = row["max_budget"]
    used = spent.amount / budget if budget and spent.amount is not None else None
    return {
        "maxBudget": budget,
        "currentSpend": spent.amount,
        # In percent, as the front end shows it.
        "budgetUtilization": (used * 100).quantize(Decimal("0.01")) if used is not None else None,
        "budgetDuration": row["budget_window"] or None,
        "budgetResetAt": row["budget_reset_at"],
        "softBudget": row["soft_budget"],
        "tpmLimit": row["tpm_limit"],
        "rpmLimit": row["rpm_limit"],
        "maxParallelRequests": row["max_parallel_requests"],
        # Never {}: clients test these for truth.
        "modelMaxBudget": orjson.loads(row["model_max_budget"]) or None,
        "modelRpmLimit": orjson.loads(row["model_rpm_limit"]) or None,
        "modelTpmLimit": orjson.loads(row["model_tpm_limit"]) or None,
        "spendAsOf": row["spend_as_of"],
    }


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
