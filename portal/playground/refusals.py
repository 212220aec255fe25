"""What the gateway's refusals of a model call mean to the person who made it.

Statuses changed much between LiteLLM's versions (over budget was 400, then 429, now 422), so `error.type` and words
decide. Never a 401: that would be about the person's own sign-in, and clients end the session on it.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apikeys.errors import ModelNotOpen, SecretNotReadable
from litellm_sync.client.answers import Answer, read_complaint
from litellm_sync.errors import GatewayGarbage, GatewayTimedOut
from litemaas.errors import DomainError, InvalidInput, ServiceUnavailable

_BUDGET = re.compile(r"budget has been exceeded|over budget|exceededbudget", re.I)
_MODEL_ACCESS = re.compile(
    r"not allowed to access model|not available for this api key|can only access models", re.I
)
_LIMIT = re.compile(r"limit type: (\w+)\. current limit: (\d+)", re.I)
_UNKNOWN_MODEL = re.compile(r"invalid model name|no healthy deployment|model .*not found", re.I)
_DEFAULT_WAIT = 60


class BudgetUsedUp(DomainError):
    code = "BUDGET_EXCEEDED"
    default_message = gettext_lazy("The budget of this key, its owner or its team is used up.")


class LimitReached(DomainError):
    """`data`: retryAfter in seconds and, where the gateway says so, limit and limitType (requests or tokens)."""

    code = "RATE_LIMITED"
    default_message = gettext_lazy(
        "The rate limit of this key, its owner or its team is reached. Wait a moment."
    )


class ModelNotServed(DomainError):
    code = "INVALID_MODEL"
    default_message = gettext_lazy("The gateway does not serve this model at the moment.")


class ModelFailed(DomainError):
    """The provider behind the gateway failed, or the gateway itself."""

    code = "LITELLM_ERROR"
    default_message = gettext_lazy("The model could not answer. Try again in a moment.")


def refusal_of(
    status: int, headers: Mapping[str, str], body: bytes, hide: Callable[[str], str]
) -> DomainError:
    """The error to raise for an answer that is no success."""
    try:
        complaint = read_complaint(Answer(status, body), hide)
    except GatewayGarbage as error:
        return error
    kind, words = complaint.type or "", complaint.message
    if kind == "budget_exceeded" or _BUDGET.search(words):
        return BudgetUsedUp()
    if kind == "throttling_error" or status == 429:
        return LimitReached(**_limit(headers, words))
    if kind.endswith("model_access_denied") or _MODEL_ACCESS.search(words):
        return ModelNotOpen()
    if kind == "expired_key" or "expired key" in words.lower():
        return SecretNotReadable(_("This key is expired. Take another one."))
    if "is blocked" in words:
        return SecretNotReadable(_("This key is inactive: it or its team is blocked."))
    if status in {401, 403} or kind in {"auth_error", "token_not_found_in_db"}:
        return ServiceUnavailable(_("The gateway does not know this key yet. Try again in a moment."))
    if status in {408, 504}:
        return GatewayTimedOut(words, status=status)
    if status in {400, 404} and _UNKNOWN_MODEL.search(words):
        return ModelNotServed()
    if status < 500:
        return InvalidInput(words)
    return ModelFailed()


def _limit(headers: Mapping[str, str], words: str) -> dict[str, Any]:
    wait = headers.get("retry-after", "")
    found: dict[str, Any] = {"retryAfter": int(wait) if wait.isdigit() else _DEFAULT_WAIT}
    if told := _LIMIT.search(words):
        found |= {"limitType": told[1].lower(), "limit": int(told[2])}
    return found
