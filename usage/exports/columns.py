"""What a file of usage holds: its columns by what it is split by, each filled from a row of the database."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from accounts import options
from usage.cubes.spans import Span
from usage.models import NOBODY
from usage.naming import NO_TEAM, UNKNOWN_USER
from usage.periods import midnight

Kind = Literal["text", "whole", "money", "day", "moment"]
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    value: Callable[[Record], Any]


@dataclass(frozen=True, slots=True)
class Table:
    """`by` are the dimensions of a row; `has_days`: a row per day too. `zone` is that of the days."""

    by: Sequence[str]
    has_days: bool
    columns: Sequence[Column]


def own_table(*, has_trust: bool = False) -> Table:
    """One row per day, model and key. Without `has_trust` it has the columns of contract §8, no more."""
    columns = [
        Column("Date", "day", lambda row: row["span"].day),
        Column("Model", "text", _at("model")),
        Column("Provider", "text", _at("provider")),
        Column("API Key", "text", _at("key_name")),
        Column("Requests", "whole", _at("requests")),
        *_tokens(("Prompt Tokens", "Completion Tokens", "Total Tokens")),
        _cost("Cost"),
        *([Column("Trust", "text", _at("trust"))] if has_trust else []),
    ]
    return Table(("model", "provider", "apiKey"), True, columns)


def detail_table() -> Table:
    """Everything the rollups tell apart: the finest file."""
    columns = [
        Column("Date", "day", lambda row: row["span"].day),
        Column("User ID", "text", lambda row: str(row["user_id"])),
        Column("Username", "text", _username),
        Column("Team ID", "text", lambda row: _id(row["team_id"])),
        Column("Team", "text", lambda row: row["team_name"] or ""),
        Column("API Key ID", "text", lambda row: _id(row["api_key_id"])),
        Column("API Key", "text", _at("key_name")),
        Column("Model", "text", _at("model")),
        Column("Provider", "text", _at("provider")),
        Column("Cost Center", "text", _at("cost_center")),
        Column("Status", "text", _at("status")),
        *_counts(),
        Column("Cached Tokens", "whole", _at("cached_tokens")),
        Column("Reasoning Tokens", "whole", _at("reasoning_tokens")),
        _cost("Total Cost"),
        Column("Unpriced Requests", "whole", _at("unpriced")),
        Column("Trust", "text", _at("trust")),
    ]
    dimensions = ("user", "team", "apiKey", "model", "provider", "costCenter", "status")
    return Table(dimensions, True, columns)


def grouped_table(group_by: str) -> Table:
    """One row per user, model, provider, key, team, cost center or day (contract §14)."""
    labels: dict[str, tuple[tuple[str, ...], list[Column]]] = {
        "user": (
            ("user",),
            [
                Column("User ID", "text", lambda row: str(row["user_id"])),
                Column("Username", "text", _username),
                Column("Email", "text", lambda row: row["email"] or ""),
            ],
        ),
        "model": (
            ("model", "provider"),
            [Column("Model", "text", _at("model")), Column("Provider", "text", _at("provider"))],
        ),
        "provider": (("provider",), [Column("Provider", "text", _at("provider"))]),
        "api_key": (
            ("apiKey",),
            [
                Column("API Key ID", "text", lambda row: _id(row["api_key_id"])),
                Column("API Key", "text", _at("key_name")),
            ],
        ),
        "team": (
            ("team",),
            [
                Column("Team ID", "text", lambda row: _id(row["team_id"])),
                Column("Team", "text", lambda row: row["team_name"] or NO_TEAM),
            ],
        ),
        "cost_center": (("costCenter",), [Column("Cost Center", "text", _at("cost_center"))]),
        "day": ((), [Column("Date", "day", lambda row: row["span"].day)]),
    }
    by, columns = labels[group_by]
    is_by_day = group_by == "day"
    trust = [Column("Trust", "text", _at("trust"))] if is_by_day else []
    return Table(by, is_by_day, [*columns, *_counts(), _cost("Total Cost"), *trust])


def focus_table(zone: ZoneInfo) -> Table:
    """Cost rows of FOCUS 1.2 (FinOps Open Cost and Usage Specification), a row per day, key, model and cost center.

    All costs are what the gateway charged: there are no discounts, so list, contracted and effective cost agree.
    """
    currency = options.recent("currency")
    fixed = {
        "BillingCurrency": currency,
        "BillingAccountId": "litemaas",
        "BillingAccountName": "LiteMaaS",
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeFrequency": "Usage-Based",
        "InvoiceIssuerName": "LiteMaaS",
        "PricingCategory": "Standard",
        "PricingUnit": "Tokens",
        "ConsumedUnit": "Tokens",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "LLM inference",
    }
    columns = [
        *(Column(name, "money", _at("cost")) for name in _FOCUS_COSTS),
        *(Column(name, "text", _constant(text)) for name, text in fixed.items()),
        Column("BillingPeriodStart", "moment", lambda row: _month(row["span"], zone)),
        Column("BillingPeriodEnd", "moment", lambda row: _next_month(row["span"], zone)),
        Column("ChargePeriodStart", "moment", lambda row: row["span"].start),
        Column("ChargePeriodEnd", "moment", lambda row: row["span"].end),
        Column("ChargeDescription", "text", lambda row: f"Calls of {row['model'] or 'an unknown model'}"),
        Column("ConsumedQuantity", "whole", _at("total_tokens")),
        Column("PricingQuantity", "whole", _at("total_tokens")),
        Column("ProviderName", "text", lambda row: row["provider"] or "unknown"),
        Column("PublisherName", "text", lambda row: row["provider"] or "unknown"),
        Column("ResourceId", "text", lambda row: _id(row["api_key_id"])),
        Column("ResourceName", "text", _at("key_name")),
        Column("ResourceType", "text", _constant("API key")),
        Column("SkuId", "text", _at("model")),
        Column("SubAccountId", "text", lambda row: _id(row["team_id"])),
        Column("SubAccountName", "text", lambda row: row["team_name"] or ""),
        Column("Tags", "text", _focus_tags),
        Column("x_Requests", "whole", _at("requests")),
        Column("x_PromptTokens", "whole", _at("prompt_tokens")),
        Column("x_CompletionTokens", "whole", _at("completion_tokens")),
        Column("x_UnpricedRequests", "whole", _at("unpriced")),
        Column("x_Trust", "text", _at("trust")),
    ]
    return Table(("user", "team", "apiKey", "model", "provider", "costCenter"), True, columns)


_FOCUS_COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def _focus_tags(row: Record) -> str:
    tags = {"userId": str(row["user_id"]), "username": _username(row)}
    return json.dumps(tags | ({"costCenter": row["cost_center"]} if row["cost_center"] else {}))


def _month(span: Span, zone: ZoneInfo) -> datetime:
    return midnight(span.day.replace(day=1), zone)


def _next_month(span: Span, zone: ZoneInfo) -> datetime:
    return midnight((span.day.replace(day=1) + timedelta(days=32)).replace(day=1), zone)


def _at(name: str) -> Callable[[Record], Any]:
    return lambda row: row[name] if row[name] is not None else ""


def _constant(text: str) -> Callable[[Record], Any]:
    return lambda _row: text


def _username(row: Record) -> str:
    return row["username"] or UNKNOWN_USER.username


def _id(value: Any) -> str:
    return "" if value is None or value == NOBODY else str(value)


def _tokens(names: Sequence[str]) -> list[Column]:
    of = {"Prompt": "prompt_tokens", "Completion": "completion_tokens", "Total": "total_tokens"}
    return [Column(name, "whole", _at(of[name.split()[0]])) for name in names]


def _counts() -> list[Column]:
    return [
        Column("Total Requests", "whole", _at("requests")),
        *_tokens(("Total Tokens", "Prompt Tokens", "Completion Tokens")),
    ]


def _cost(name: str) -> Column:
    return Column(f"{name} ({options.recent('currency')})", "money", _at("cost"))
