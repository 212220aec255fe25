"""The gateway's virtual keys.

`token_hash` is the lower-case hex SHA-256 of the `sk-…` secret: the key's identity.
"""

from typing import Any

from litellm_sync.client.health import HealthCalls
from litellm_sync.client.pages import Json, KeyPage, count, objects, record
from litellm_sync.errors import GatewayNotFound


class KeyCalls(HealthCalls):
    def get_key(self, token_hash: str, *, deadline: float | None = None) -> Json | None:
        """The key's row; None when unknown or deleted."""
        row = self.get_key_or_archive(token_hash, deadline=deadline)
        return None if row is None or row.get("status") == "deleted" else row

    def get_key_or_archive(self, token_hash: str, *, deadline: float | None = None) -> Json | None:
        """The key's row, also of a deleted one, which 1.109 keeps with `status: deleted` and its spend."""
        try:
            answer = self._get("/key/info", key=token_hash, deadline=deadline)
        except GatewayNotFound:
            return None
        return record(record(answer, "/key/info").get("info"), "/key/info info")

    def create_key(self, *, deadline: float | None = None, **body: Any) -> Json:
        """Make a key, with our own secret in `key` when given. The answer repeats the secret: never log it.

        Sent again with the same `key`, LiteLLM answers 200 with the values asked for and leaves the row as it
        was: read back with `get_key`. Raises GatewayConflict when another live key has the alias.
        """
        return self._post_for_record("/key/generate", body, deadline=deadline)

    def update_key(self, token_hash: str, *, deadline: float | None = None, **body: Any) -> Json:
        """Change fields:

        absent = unchanged, None = cleared, `metadata` replaced as a whole. Raises GatewayNotFound.
        """
        return self._post_for_record("/key/update", {"key": token_hash, **body}, deadline=deadline)

    def block_key(self, token_hash: str, *, deadline: float | None = None) -> Json:
        """Stop the key without deleting it.

        Blocking a blocked key changes nothing. Raises GatewayNotFound.
        """
        return self._post_for_record("/key/block", {"key": token_hash}, deadline=deadline)

    def unblock_key(self, token_hash: str, *, deadline: float | None = None) -> Json:
        return self._post_for_record("/key/unblock", {"key": token_hash}, deadline=deadline)

    def delete_key(self, token_hash: str, *, deadline: float | None = None) -> bool:
        """Delete the key; its spend and logs stay. False when there was none."""
        try:
            self._post("/key/delete", {"keys": [token_hash]}, deadline=deadline)
        except GatewayNotFound:
            return False
        return True

    def reset_spend(self, token_hash: str, *, to: float = 0, deadline: float | None = None) -> Json:
        """Set the spend of the current window: `{key_hash, spend, previous_spend, budget_reset_at}`.

        From 1.91 a call of its own, before that `/key/update`. Raises GatewayNotFound. Logs are not touched.
        """
        if self.features(deadline=deadline).supports("/key/{key}/reset_spend"):
            return self._post_for_record(
                f"/key/{token_hash}/reset_spend", {"reset_to": to}, deadline=deadline
            )
        row = self.update_key(token_hash, spend=to, deadline=deadline)
        return {
            "key_hash": token_hash,
            "spend": row.get("spend"),
            "previous_spend": None,
            "budget_reset_at": row.get("budget_reset_at"),
        }

    def list_keys(
        self, page: int = 1, size: int = 100, *, deadline: float | None = None, **filters: Any
    ) -> KeyPage:
        """A page of live keys, oldest last.

        `size` is at most 100; `filters` as /key/list knows them (user_id, team_id …).
        """
        query = {"page": page, "size": size, "return_full_object": "true", **filters}
        answer = record(self._get("/key/list", deadline=deadline, **query), "/key/list")
        return KeyPage(
            keys=objects(answer.get("keys"), "/key/list keys"),
            total=count(answer.get("total_count"), "/key/list total_count"),
            page=count(answer.get("current_page"), "/key/list current_page"),
            total_pages=count(answer.get("total_pages"), "/key/list total_pages"),
        )

    def find_key_by_alias(self, alias: str, *, deadline: float | None = None) -> Json | None:
        """The live key with exactly this alias: how to find a key whose creation was answered by silence."""
        page = self.list_keys(1, deadline=deadline, key_alias=alias)
        return next((key for key in page.keys if key.get("key_alias") == alias), None)
