"""Differences between portal and gateway in the reader's words: the gateway's fields, and their values."""

import json
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# LiteLLM's field → what people call it. What is not here shows as the gateway names it.
FIELDS = {
    "api_base": _("Address"),
    "allowed_routes": _("Allowed routes"),
    "blocked": _("Blocked"),
    "budget_duration": _("Budget starts again"),
    "custom_llm_provider": _("Provider"),
    "description": _("Description"),
    "expires": _("Expires"),
    "input_cost_per_token": _("Price of a prompt token"),
    "key_alias": _("Name"),
    "max_budget": _("Budget"),
    "max_output_tokens": _("Max tokens"),
    "max_parallel_requests": _("Calls at once"),
    "metadata": _("Marks of the portal"),
    "mode": _("Type"),
    "model": _("Model behind it"),
    "model_name": _("Name"),
    "model_rpm_limit": _("Requests per minute, by model"),
    "model_tpm_limit": _("Tokens per minute, by model"),
    "models": _("Models"),
    "output_cost_per_token": _("Price of a completion token"),
    "role": _("Role"),
    "rpm": _("Requests per minute"),
    "rpm_limit": _("Requests per minute"),
    "soft_budget": _("Warn at"),
    "tags": _("Tags"),
    "team_alias": _("Name"),
    "team_id": _("Team"),
    "tpm": _("Tokens per minute"),
    "tpm_limit": _("Tokens per minute"),
    "user_alias": _("Name"),
    "user_email": _("E-mail"),
    "user_id": _("User"),
    "user_role": _("Role"),
}
# Kind of object → the page where an operator can change it, by its id.
_PAGES = {"user": "user", "team": "team", "key": "find_api_key"}


def field_text(name: str) -> str:
    return str(FIELDS.get(name, name))


def value_text(value: Any) -> str | None:
    """None is nothing; lists as words, what is nested as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return gettext("on") if value else gettext("off")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)


def page_of_object(kind: str, object_id: UUID | None, name: str | None) -> str:
    """The address of the object's own page; "" where it has none. `name` None: it is not there any more."""
    if object_id is None or name is None:
        return ""
    if kind == "model":
        return reverse("edit_model", args=[name])
    return reverse(_PAGES[kind], args=[object_id]) if kind in _PAGES else ""
