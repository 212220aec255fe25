"""The gateway's users."""

from typing import Any

from litellm_sync.client.caller import Caller
from litellm_sync.client.pages import Json, ListPage, list_page, record
from litellm_sync.errors import GatewayNotFound


class UserCalls(Caller):
    def get_user(self, user_id: str, *, deadline: float | None = None) -> Json | None:
        """The user's row: `user_id`, `user_email`, `user_role`, `spend`, `max_budget` …; None if unknown."""
        try:
            answer = self._get("/user/info", user_id=user_id, deadline=deadline)
        except GatewayNotFound:
            return None
        row = record(answer, "/user/info").get("user_info")
        return record(row, "/user/info user_info") if row else None

    def create_user(self, *, deadline: float | None = None, **body: Any) -> Json:
        """Make a user, without the key that LiteLLM would make unasked.

        Raises GatewayConflict when id or e-mail is taken.
        """
        return self._post_for_record("/user/new", {"auto_create_key": False, **body}, deadline=deadline)

    def update_user(self, *, deadline: float | None = None, **body: Any) -> Json:
        """Change `user_id`'s fields:

        absent = unchanged, None = cleared. LiteLLM *creates* an unknown user here.
        """
        return self._post_for_record("/user/update", body, deadline=deadline)

    def delete_user(self, user_id: str, *, deadline: float | None = None) -> bool:
        """Delete the user with all keys. False when there was none."""
        try:
            self._post("/user/delete", {"user_ids": [user_id]}, deadline=deadline)
        except GatewayNotFound:
            return False
        return True

    def list_users(
        self, page: int = 1, size: int = 100, *, deadline: float | None = None, **filters: Any
    ) -> ListPage:
        """A page of users with `spend`. `size` is at most 100; `filters` as /user/list knows them (user_ids: commas)."""
        query = {"page": page, "page_size": size, **filters}
        return list_page(self._get("/user/list", deadline=deadline, **query), "/user/list", "users")
