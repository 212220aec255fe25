"""The gateway's teams and who is in them."""

from typing import Any

from litellm_sync.client.caller import Caller
from litellm_sync.client.pages import Json, ListPage, list_page, objects, record
from litellm_sync.errors import GatewayNotFound


class TeamCalls(Caller):
    def get_team(self, team_id: str, *, deadline: float | None = None) -> Json | None:
        """The team's row (`team_alias`, `spend`, `members_with_roles` …) with its `team_memberships`; None if unknown.

        A membership is `{user_id, team_id, spend, budget_id, litellm_budget_table: {max_budget, tpm_limit, …} or None}`.
        The team's keys, which LiteLLM sends along, are left out.
        """
        try:
            answer = record(self._get("/team/info", team_id=team_id, deadline=deadline), "/team/info")
        except GatewayNotFound:
            return None
        team = record(answer.get("team_info"), "/team/info team_info")
        memberships = objects(answer.get("team_memberships") or [], "/team/info team_memberships")
        return {**team, "team_memberships": memberships}

    def create_team(self, *, deadline: float | None = None, **body: Any) -> Json:
        """Make a team. The caller becomes its administrator. Raises GatewayConflict when `team_id` is taken; the alias
        need not be unique, and models are not checked."""
        return self._post_for_record("/team/new", body, deadline=deadline)

    def update_team(self, team_id: str, *, deadline: float | None = None, **body: Any) -> Json:
        """Change fields: absent = unchanged, None = cleared, `metadata` replaced as a whole. Raises GatewayNotFound."""
        return self._post_for_record("/team/update", {"team_id": team_id, **body}, deadline=deadline)

    def block_team(self, team_id: str, *, deadline: float | None = None) -> Json:
        """Refuse all calls of the team's keys. Blocking a blocked team changes nothing. Raises GatewayNotFound."""
        return self._post_for_record("/team/block", {"team_id": team_id}, deadline=deadline)

    def unblock_team(self, team_id: str, *, deadline: float | None = None) -> Json:
        return self._post_for_record("/team/unblock", {"team_id": team_id}, deadline=deadline)

    def delete_team(self, team_id: str, *, deadline: float | None = None) -> bool:
        """Delete the team with its keys and memberships. False when there was none."""
        try:
            self._post("/team/delete", {"team_ids": [team_id]}, deadline=deadline)
        except GatewayNotFound:
            return False
        return True

    def list_teams(
        self, page: int = 1, size: int = 100, *, deadline: float | None = None, **filters: Any
    ) -> ListPage:
        """A page of teams with `members_with_roles` and `spend`, without memberships. `size` is at most 100."""
        query = {"page": page, "page_size": size, **filters}
        return list_page(self._get("/v2/team/list", deadline=deadline, **query), "/v2/team/list", "teams")

    def add_member(
        self, team_id: str, user_id: str, *, role: str = "user", deadline: float | None = None, **limits: Any
    ) -> Json:
        """Put a user into the team, with `max_budget_in_team` and, from 1.91, `budget_duration`.

        LiteLLM *creates* an unknown user here. Raises GatewayConflict when the user is in the team already. The role
        "admin" needs a licence.
        """
        body = {"team_id": team_id, "member": {"role": role, "user_id": user_id}, **limits}
        return self._post_for_record("/team/member_add", body, deadline=deadline)

    def update_member(
        self, team_id: str, user_id: str, *, deadline: float | None = None, **limits: Any
    ) -> Json:
        """Change `max_budget_in_team`, `tpm_limit`, `rpm_limit`, from 1.91 `budget_duration`. Raises GatewayNotFound
        for an unknown team. LiteLLM takes limits for somebody who is not in the team: that alone lets nobody in."""
        body = {"team_id": team_id, "user_id": user_id, **limits}
        return self._post_for_record("/team/member_update", body, deadline=deadline)

    def remove_member(self, team_id: str, user_id: str, *, deadline: float | None = None) -> bool:
        """Take a user out of the team. LiteLLM *deletes the user's keys in that team*. False when not in it."""
        body = {"team_id": team_id, "user_id": user_id}
        try:
            self._post("/team/member_delete", body, deadline=deadline)
        except GatewayNotFound:
            return False
        return True
