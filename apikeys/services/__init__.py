"""Use cases of API keys. The secret, its hash and the wish are committed before the gateway hears of the key."""

from apikeys.services.calling import LentKey, lend_key_for_call
from apikeys.services.changing import change_api_key
from apikeys.services.ending import (
    block_api_key,
    clean_up_expired_keys,
    delete_api_key,
    revoke_api_key,
    unblock_api_key,
)
from apikeys.services.issuing import IssuedKey, issue_api_key
from apikeys.services.reaching import bring_to_gateway
from apikeys.services.revealing import reveal_api_key
from apikeys.services.rotating import RotatedKey, retire_former_secret, rotate_api_key, tend_rotations
from apikeys.services.spending import reset_key_spend
from apikeys.services.validating import KeyFacts, find_key_by_secret

__all__ = [
    "IssuedKey",
    "KeyFacts",
    "LentKey",
    "RotatedKey",
    "block_api_key",
    "bring_to_gateway",
    "change_api_key",
    "clean_up_expired_keys",
    "delete_api_key",
    "find_key_by_secret",
    "issue_api_key",
    "lend_key_for_call",
    "reset_key_spend",
    "retire_former_secret",
    "reveal_api_key",
    "revoke_api_key",
    "rotate_api_key",
    "tend_rotations",
    "unblock_api_key",
]
