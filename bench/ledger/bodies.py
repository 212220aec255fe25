"""What the gateway says of calls, as bytes: pages of its spend log and batches of its callback."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.ledger.world import KEYS, MODELS, PROVIDERS, Zipf, model_name, token_hash

# Calls per second of the gateway's own time: 100 million calls over 24 months are 1.6.
PACE = 20.0


class Calls:
    """An endless stream of calls in order of time, the same one each time."""

    def __init__(self, seed: int, start: datetime, pace: float = PACE) -> None:
        self._chance = random.Random(seed)
        self._keys = Zipf(KEYS, self._chance)
        self._models = Zipf(MODELS, self._chance)
        self._at = start
        self._step = 1 / pace
        self._number = seed * 10**9

    def row(self) -> dict[str, Any]:
        """A row of /spend/logs/v2 with the fields of 1.109 that are filled."""
        chance = self._chance
        self._at += timedelta(seconds=chance.random() * 2 * self._step)
        self._number += 1
        key = self._keys.draw()
        # A key's programs use few models.
        model = (self._models.draw() + key * 7) % MODELS if chance.random() < 0.2 else key % MODELS
        prompt, completion = chance.randrange(20, 4000), chance.randrange(1, 900)
        ms = int(chance.lognormvariate(7, 0.8))
        fails = chance.random() < 0.02
        cost = 0.0 if fails else prompt * 1.5e-7 + completion * 6e-7
        end = self._at + timedelta(milliseconds=ms)
        return {
            "request_id": f"chatcmpl-{self._number:032x}",
            "call_type": "acompletion",
            "api_key": token_hash(key),
            "spend": cost,
            "total_tokens": prompt + completion,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "startTime": self._at.isoformat(timespec="milliseconds"),
            "endTime": end.isoformat(timespec="milliseconds"),
            "completionStartTime": (self._at + timedelta(milliseconds=ms // 3)).isoformat(
                timespec="milliseconds"
            ),
            "model": model_name(model),
            "model_id": f"deployment-{model}",
            "model_group": model_name(model),
            "custom_llm_provider": PROVIDERS[model % len(PROVIDERS)],
            "api_base": "",
            "user": f"person{key % 10_000}",
            "metadata": {
                "user_agent": "openai-python/1.99",
                "usage_object": {
                    "prompt_tokens": prompt,
                    "completion_tokens": completion,
                    "total_tokens": prompt + completion,
                    "completion_tokens_details": {"text_tokens": completion, "reasoning_tokens": 0},
                    "prompt_tokens_details": {"cached_tokens": prompt // 4},
                },
                "user_api_key": token_hash(key),
                "user_api_key_alias": f"portal-{key}-1",
                "user_api_key_team_id": None,
                "user_api_key_user_id": f"person{key % 10_000}",
                "cost_breakdown": {
                    "input_cost": prompt * 1.5e-7,
                    "output_cost": completion * 6e-7,
                    "total_cost": cost,
                    "tool_usage_cost": 0.0,
                },
                "error_information": {"error_class": "RateLimitError"} if fails else None,
            },
            "cache_hit": "False",
            "cache_key": "Cache OFF",
            "request_tags": ["User-Agent: openai-python", "User-Agent: openai-python/1.99"],
            "team_id": "",
            "organization_id": "",
            "end_user": "",
            "requester_ip_address": "10.0.0.1",
            "session_id": f"{self._number:032x}",
            "status": "failure" if fails else "success",
            "litellm_call_id": f"{self._number:032x}",
            "request_duration_ms": ms,
        }

    def page(self, size: int) -> bytes:
        rows = [self.row() for _ in range(size)]
        return json.dumps({"data": rows, "total": size, "page": 1, "total_pages": 1}).encode()

    def events(self, size: int) -> bytes:
        """A batch of the callback, with its messages redacted."""
        return json.dumps([_event(self.row()) for _ in range(size)]).encode()


def _event(row: dict[str, Any]) -> dict[str, Any]:
    same = ("call_type", "status", "model", "model_group", "model_id", "custom_llm_provider", "request_tags")
    counts = ("prompt_tokens", "completion_tokens", "total_tokens", "litellm_call_id", "end_user")
    start, end, first = (
        datetime.fromisoformat(row[name]).astimezone(UTC).timestamp()
        for name in ("startTime", "endTime", "completionStartTime")
    )
    metadata = row["metadata"]
    return {
        **{name: row[name] for name in (*same, *counts)},
        "id": row["request_id"],
        "startTime": start,
        "endTime": end,
        "completionStartTime": first,
        "response_cost": row["spend"],
        "cost_breakdown": metadata["cost_breakdown"],
        "error_information": metadata["error_information"],
        "metadata": {
            "user_api_key_hash": row["api_key"],
            **{
                name: metadata[name]
                for name in ("user_api_key_alias", "usage_object", "user_api_key_team_id")
            },
        },
        "messages": "redacted-by-litellm",
        "response": "redacted-by-litellm",
    }
