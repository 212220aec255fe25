"""API keys, what they open, and their secrets."""

from apikeys.models.keys import ApiKey, ApiKeyQuerySet, seen_by
from apikeys.models.notices import ExpiryNotice
from apikeys.models.opening import ApiKeyModel, ApiKeyModelQuerySet
from apikeys.models.secrets import LONGEST_OVERLAP, ApiKeySecret, ApiKeySecretQuerySet

__all__ = [
    "LONGEST_OVERLAP",
    "ApiKey",
    "ApiKeyModel",
    "ApiKeyModelQuerySet",
    "ApiKeyQuerySet",
    "ApiKeySecret",
    "ApiKeySecretQuerySet",
    "ExpiryNotice",
    "seen_by",
]
