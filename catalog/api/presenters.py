"""Rows of the catalogue as the contract shows them (§5). Unknown stays None; a price of 0 is a price."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import orjson
from django.db.models import Count, Q

from catalog.facts import LeftOut
from catalog.models import Model, SyncRun
from catalog.sync import Summary

Json = dict[str, Any]

# What a capability means, for people who read the API without our pages.
CAPABILITIES = {
    "chat": ("Chat", "Answers messages."),
    "embeddings": ("Embeddings", "Turns text into vectors."),
    "convert": ("Document conversion", "Turns documents into text."),
    "tokenize": ("Tokenize", "Counts and splits tokens."),
    "vision": ("Vision", "Reads images."),
    "function_calling": ("Function calling", "Calls functions that the request describes."),
    "parallel_function_calling": ("Parallel function calling", "Calls several functions at once."),
    "tool_choice": ("Tool choice", "Lets the request say which function to call."),
}


def models(rows: list[Json]) -> list[Json]:
    return [model(row) for row in rows]


def model(row: Json) -> Json:
    """One row of `queries`."""
    cost_in, cost_out = row["input_cost_per_token"], row["output_cost_per_token"]
    is_priced = cost_in is not None or cost_out is not None
    able = row["capabilities"]
    shown: Json = {
        "id": row["id"],
        "name": row["id"],
        "provider": row["provider"],
        "description": row["description"],
        "capabilities": able,
        "contextLength": row["context_length"],
        "pricing": {"input": cost_in, "output": cost_out, "unit": "per_token"} if is_priced else None,
        "isActive": row["availability"] == "available",
        "restrictedAccess": row["restricted_access"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "inputCostPerToken": cost_in,
        "outputCostPerToken": cost_out,
        "tpm": row["tpm"],
        "rpm": row["rpm"],
        "maxTokens": row["max_output_tokens"],
        "supportsVision": "vision" in able,
        "supportsFunctionCalling": "function_calling" in able,
        "supportsParallelFunctionCalling": "parallel_function_calling" in able,
        "supportsToolChoice": "tool_choice" in able,
        "supportsChat": "chat" in able,
        "supportsEmbeddings": "embeddings" in able,
        "supportsTokenize": "tokenize" in able,
        "supportsConvert": "convert" in able,
        "modelType": row["model_type"],
        "availability": row["availability"],
        "subscriptionStatus": row["subscription_status"],
    }
    return shown | _backend(row) if "deployment_id" in row else shown


def _backend(row: Json) -> Json:
    return {
        "apiBase": row["api_base"] or None,
        "backendModelName": row["backend_model_name"] or None,
        "litellmModelId": row["deployment_id"],
        "isManagedHere": row["managed_id"] is not None,
        "retiredAt": row["retired_at"],
    }


def metadata(row: Json, *, with_addresses: bool) -> Json:
    """What the gateway said of the model's deployments. Addresses and ids are for operators."""
    return {"deployments": [_deployment(orjson.loads(text), with_addresses) for text in row["deployments"]]}


def _deployment(row: Json, with_addresses: bool) -> Json:
    facts: Json = row.pop("facts")
    if with_addresses:
        return {name: None if value == "" else value for name, value in row.items()} | facts
    return {name: value for name, value in facts.items() if name != "access_groups"}


def providers(rows: Iterable[tuple[str, list[str]]]) -> list[Json]:
    """Most models first. `rows`: provider and capabilities of each model."""
    counts: Counter[str] = Counter()
    able: dict[str, set[str]] = {}
    for provider, capabilities in rows:
        counts[provider] += 1
        able.setdefault(provider, set()).update(capabilities)
    return [
        {
            "name": name,
            "displayName": name.replace("_", " ").title() if name.islower() else name,
            "modelCount": count,
            "capabilities": sorted(able[name]),
        }
        for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def capabilities(rows: Iterable[list[str]]) -> list[Json]:
    """Most models first."""
    counts = Counter(name for row in rows for name in row)
    return [
        {
            "name": name,
            "displayName": CAPABILITIES.get(name, (name, ""))[0],
            "description": CAPABILITIES.get(name, (name, ""))[1],
            "modelCount": count,
        }
        for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    ]


def sync_result(summary: Summary) -> Json:
    shown: Json = {
        "success": True,
        "totalModels": summary.total,
        "newModels": len(summary.new),
        "updatedModels": len(summary.updated),
        "unavailableModels": len(summary.unavailable),
        "restoredModels": len(summary.restored),
        "errors": summary.problems,
        "syncedAt": summary.synced_at,
    }
    return shown | {"dryRun": True, "affected": _affected(summary)} if summary.dry_run else shown


def _affected(summary: Summary) -> Json:
    """Whom the run would touch: those who use what would vanish."""
    live = Q(subscriptions__status="active")
    counts = Model.objects.filter(pk__in=summary.unavailable).aggregate(
        users=Count("subscriptions__user", distinct=True, filter=live),
        subscriptions=Count("subscriptions", distinct=True, filter=live),
        apiKeys=Count("key_links__api_key", distinct=True, filter=Q(key_links__api_key__revoked_at=None)),
    )
    changed = [*summary.new, *summary.updated, *summary.unavailable, *summary.restored]
    samples = [{"type": "models", "id": name, "label": name} for name in changed[:20]]
    return {**counts, "models": len(changed), "samples": samples}


def sync_run(run: SyncRun) -> Json:
    return {
        "id": run.pk,
        "startedAt": run.started_at,
        "finishedAt": run.finished_at,
        "state": run.state,
        "trigger": run.trigger,
        "totalModels": run.total_models,
        "newModels": run.new_models,
        "updatedModels": run.updated_models,
        "unavailableModels": run.unavailable_models,
        "restoredModels": run.restored_models,
        "finding": run.finding or " ".join(str(LeftOut(**facts)) for facts in run.left_out) or None,
    }
