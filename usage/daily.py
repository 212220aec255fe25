"""The gateway's daily activity: sums per UTC day, key and model, from all its pages."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from litellm_sync.client import GatewayClient
from usage.fields import Json, mapping

PAGE_SIZE = 1000
# The gateway adds binary floats; so far may two sums of the same calls be apart.
NOISE = Decimal("1e-9")
_HEALTH_CHECK = "litellm-internal-health-check"
# What 1.109 calls calls without a key here; its logs leave the key empty.
_NO_KEY = "unattributed"


@dataclass(frozen=True, slots=True)
class DailySums:
    """What successful calls used; `failures` are counted apart, as not every version tells whose they were."""

    requests: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    cost: Decimal = Decimal(0)

    def __add__(self, other: "DailySums") -> "DailySums":
        return DailySums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def beyond(self, part: "DailySums") -> "DailySums | None":
        """What this has more than a part of it; None where it is the noise of binary floats at most."""
        rest = DailySums(*(max(getattr(self, f.name) - getattr(part, f.name), 0) for f in fields(self)))
        if rest.cost <= NOISE:
            rest = replace(rest, cost=Decimal(0))
        return rest if rest != DailySums() else None


# By key hash and model, or by key hash alone.
OfKeyAndModel = dict[tuple[str, str], DailySums]
OfKey = dict[str, DailySums]


def by_key(client: GatewayClient, first: date, last: date) -> dict[date, OfKey]:
    """Sums of each day and key hash. A page holds sums of its own rows only: they are added up."""
    found: dict[date, OfKey] = {}
    for day, breakdown in _days(client, first, last):
        _add_keys(found.setdefault(day, {}), breakdown)
    return found


def by_key_and_model(client: GatewayClient, first: date, last: date) -> dict[date, OfKeyAndModel]:
    """Sums of each day, key hash and public model name, "" where the gateway names none.

    Calls without a model group are in none of its sums by model: what a key has beyond those is theirs.
    """
    found: dict[date, OfKeyAndModel] = {}
    whole: dict[date, OfKey] = {}
    for day, breakdown in _days(client, first, last):
        sums, keys = found.setdefault(day, {}), whole.setdefault(day, {})
        models = mapping(breakdown.get("model_groups")) or mapping(breakdown.get("models"))
        for model, entry in models.items():
            for token_hash, part in mapping(mapping(entry).get("api_key_breakdown")).items():
                if token_hash != _HEALTH_CHECK:
                    line = (_named(token_hash), model)
                    sums[line] = sums.get(line, DailySums()) + _sums(part)
        _add_keys(keys, breakdown)
    for day, keys in whole.items():
        _add_rest(found[day], keys)
    return found


def _add_keys(keys: OfKey, breakdown: Json) -> None:
    for token_hash, entry in mapping(breakdown.get("api_keys")).items():
        if token_hash != _HEALTH_CHECK:
            name = _named(token_hash)
            keys[name] = keys.get(name, DailySums()) + _sums(entry)


def _named(token_hash: str) -> str:
    return "" if token_hash == _NO_KEY else token_hash


def _add_rest(found: OfKeyAndModel, keys: OfKey) -> None:
    named: OfKey = {}
    for (token_hash, _model), sums in found.items():
        named[token_hash] = named.get(token_hash, DailySums()) + sums
    for token_hash, whole in keys.items():
        rest = whole.beyond(named.get(token_hash, DailySums()))
        if rest:
            found[token_hash, ""] = found.get((token_hash, ""), DailySums()) + rest


def _days(client: GatewayClient, first: date, last: date) -> Iterator[tuple[date, Json]]:
    page, pages = 1, 1
    while page <= pages:
        answer = client.daily_activity(start=first, end=last, page=page, page_size=PAGE_SIZE)
        for result in answer.results:
            yield date.fromisoformat(str(result.get("date"))[:10]), mapping(result.get("breakdown"))
        pages, page = max(pages, answer.total_pages), page + 1


def _sums(entry: Any) -> DailySums:
    metrics = mapping(mapping(entry).get("metrics"))
    return DailySums(
        _count(metrics.get("successful_requests")),
        _count(metrics.get("failed_requests")),
        _count(metrics.get("prompt_tokens")),
        _count(metrics.get("completion_tokens")),
        _count(metrics.get("total_tokens")),
        _count(metrics.get("cache_read_input_tokens")),
        Decimal(str(metrics.get("spend") or 0)),
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0
