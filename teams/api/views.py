"""Teams (contract §9 and 9.3)."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litellm_sync import outbox
from litellm_sync.client import gateway
from litellm_sync.models import GatewayObject
from litemaas import dry_run
from litemaas.api.pagination import presented_page
from litemaas.api.views import ContractView, body_of, created
from teams import limits, listing, services
from teams.api import presenters, queries, schema
from teams.roles import ADMIN
from teams.sync import sync_team

_COLUMNS = {wire: column for column, wire in limits.WIRE_NAMES.items()}


def _changes(body: dict[str, Any]) -> dict[str, Any]:
    """The columns that the body names."""
    return {_COLUMNS[wire]: value for wire, value in body.items() if wire in _COLUMNS}


def _shown(request: Request, team_id: UUID | str) -> dict[str, Any]:
    return presenters.teams([queries.one(request, team_id)], actor_of(request))[0]


def bring_now(kind: str, object_id: UUID) -> None:
    if not dry_run.is_rehearsing():
        outbox.apply_now(kind, object_id, client=gateway().hurried(settings.GATEWAY_INLINE_DEADLINE))


def try_now(kind: str, object_id: UUID) -> bool:
    """Bring it to the gateway at once, for a moment; the worker goes on where this ends. Whether it is there."""
    if dry_run.is_rehearsing():
        return False
    bring_now(kind, object_id)
    return not GatewayObject.objects.dirty().filter(kind=kind, object_id=object_id).exists()


class TeamsView(ContractView):
    permissions_needed = {"GET": "teams:read", "POST": "teams:create"}

    @extend_schema(parameters=schema.TEAM_PARAMETERS, responses=schema.TeamPageOut, operation_id="list_teams")
    def get(self, request: Request) -> Response:
        viewer = actor_of(request)
        return Response(
            presented_page(request, queries.listed(request), lambda rows: presenters.teams(rows, viewer))
        )

    @extend_schema(request=schema.NewTeamIn, responses={201: schema.TeamOut}, operation_id="create_team")
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.NewTeamIn)
        team = services.create_team(
            actor=actor_of(request),
            admin_ids=body.get("adminIds", ()),
            now=timezone.now(),
            **_changes(body),
        )
        return created(_shown(request, team.pk))


class TeamView(ContractView):
    permissions_needed = {"GET": "teams:read", "PATCH": "teams:write", "DELETE": "teams:write"}
    rehearses = frozenset({"DELETE"})

    @extend_schema(responses=schema.TeamOut, operation_id="read_team")
    def get(self, request: Request, team_id: str) -> Response:
        return Response(_shown(request, team_id))

    @extend_schema(request=schema.TeamChangesIn, responses=schema.TeamOut, operation_id="change_team")
    def patch(self, request: Request, team_id: str) -> Response:
        body = body_of(request, schema.TeamChangesIn)
        services.change_team(
            actor=actor_of(request), team_id=team_id, changes=_changes(body), now=timezone.now()
        )
        return Response(_shown(request, team_id))

    @extend_schema(
        parameters=[schema.DRY_RUN],
        request=schema.TeamReasonIn,
        responses={204: None},
        operation_id="delete_team",
    )
    def delete(self, request: Request, team_id: str) -> Response:
        reason = body_of(request, schema.TeamReasonIn).get("reason") or ""
        services.delete_team(actor=actor_of(request), team_id=team_id, reason=reason, now=timezone.now())
        return Response(status=204)


class SyncView(ContractView):
    permissions_needed = {"POST": "teams:write_all"}

    @extend_schema(request=schema.TeamSyncIn, responses=schema.TeamSyncOut, operation_id="sync_team")
    def post(self, request: Request, team_id: str) -> Response:
        body = body_of(request, schema.TeamSyncIn)
        now = timezone.now()
        changes = sync_team(
            actor=actor_of(request),
            team_id=team_id,
            force=body["forceSync"],
            parts={name for name in ("budget", "members", "usage") if body[f"sync{name.title()}"]},
            now=now,
        )
        success = "error" not in changes.values()
        return Response({"success": success, "syncedAt": now, "changes": changes})


class BudgetView(ContractView):
    permissions_needed = {"GET": "teams:read", "PATCH": "teams:write_all"}

    @extend_schema(responses=schema.TeamBudgetOut, operation_id="read_team_budget")
    def get(self, request: Request, team_id: str) -> Response:
        return Response(_budget(request, team_id))

    @extend_schema(
        request=schema.TeamBudgetIn, responses=schema.TeamBudgetOut, operation_id="change_team_budget"
    )
    def patch(self, request: Request, team_id: str) -> Response:
        body = body_of(request, schema.TeamBudgetIn)
        services.change_team(
            actor=actor_of(request),
            team_id=team_id,
            changes=_changes(body),
            keep_spend=body["keepSpend"],
            now=timezone.now(),
        )
        return Response(_budget(request, team_id))


def _budget(request: Request, team_id: str) -> dict[str, Any]:
    """Member budgets are for the team's administrators and operators."""
    viewer, team = actor_of(request), queries.one(request, team_id)
    members: list[listing.Place] = []
    if viewer.sees_everything or team.my_role == ADMIN:
        rows = listing.members_of(team, viewer)
        has_budget = Q(place_budget__isnull=False) if team.is_default else Q(max_budget__isnull=False)
        members = listing.places(rows.filter(has_budget | Q(spend__isnull=False)), team, viewer)
    return presenters.budget(team, members)


class ResetSpendView(ContractView):
    permissions_needed = {"POST": "teams:write_all"}

    @extend_schema(
        request=schema.TeamReasonIn, responses=schema.TeamSpendResetOut, operation_id="reset_team_spend"
    )
    def post(self, request: Request, team_id: str) -> Response:
        reason, now = body_of(request, schema.TeamReasonIn).get("reason") or "", timezone.now()
        team = services.reset_team_spend(actor=actor_of(request), team_id=team_id, reason=reason, now=now)
        bring_now("team", team.pk)
        shown = queries.one(request, team_id, with_models=False)
        return Response(
            {
                "id": team.pk,
                "currentSpend": 0 if shown.sync_status == "synced" else None,
                "resetAt": now,
                "syncStatus": shown.sync_status,
            }
        )
