"""Usage as a file: one row per day, model and key."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings

from apikeys.models import ApiKey
from usage.figures import Line

# Spreadsheets would run what begins like this.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def exact(cost: Decimal) -> str:
    """Every digit, and no zeros behind the last one."""
    text = format(cost, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def export_rows(lines: list[Line]) -> Iterator[dict[str, Any]]:
    """Rows with the names of the file's columns. `API Key` is empty for a key that is not known."""
    pks = {line.api_key_id for line in lines if line.api_key_id}
    names = dict(ApiKey.objects.filter(pk__in=pks).values_list("pk", "name"))
    for line in lines:
        yield {
            "Date": line.at.isoformat(),
            "Model": line.model,
            "Provider": line.provider,
            "API Key": names.get(line.api_key_id, "") if line.api_key_id else "",
            "Requests": line.figures.requests,
            "Prompt Tokens": line.figures.prompt_tokens,
            "Completion Tokens": line.figures.completion_tokens,
            "Total Tokens": line.figures.total_tokens,
            cost_column(): line.figures.cost,
        }


def cost_column() -> str:
    return f"Cost ({settings.CURRENCY['code']})"


def as_csv(lines: list[Line]) -> str:
    names = ["Date", "Model", "Provider", "API Key", "Requests", "Prompt Tokens", "Completion Tokens"]
    out = io.StringIO()
    writer = csv.DictWriter(out, [*names, "Total Tokens", cost_column()])
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in export_rows(lines))
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return exact(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
