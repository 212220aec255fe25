"""Keys of a team (contract §9.3)."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from apikeys import services
from apikeys.api import presenters, queries, schema, views
from apikeys.api.bodies import values_of
from apikeys.models import ApiKey
from litemaas import errors
from litemaas.api import idempotency
from litemaas.api.views import ContractView, body_of
from teams.models import Team
from teams.roles import sees_all_of


class TeamKeysView(ContractView):
    permissions_needed = {"GET": "teams:read", "POST": "api_keys:write"}
    replays_itself = True

    @extend_schema(
        parameters=schema.LIST_PARAMETERS,
        responses=schema.ApiKeyPageOut,
        operation_id="list_api_keys_of_team",
    )
    def get(self, request: Request, team_id: str) -> Response:
        """Of all members for who administers the team, else one's own."""
        now, actor = timezone.now(), actor_of(request)
        team = Team.objects.visible_to(actor).get_or_refuse(team_id)
        owner = None if sees_all_of(actor, team.pk) else actor.pk
        page = queries.page(
            request,
            lambda rows: [presenters.api_key(row, now) for row in rows],
            now,
            scope=queries.Scope(owner=owner, team=team.pk),
        )
        return Response(page)

    @extend_schema(
        parameters=[schema.IDEMPOTENCY_KEY],
        request=schema.TeamIssueIn,
        responses={201: schema.IssuedKeyOut},
        operation_id="issue_api_key_of_team",
    )
    def post(self, request: Request, team_id: str) -> Response:
        token = idempotency.key_of(request)
        body = body_of(request, schema.TeamIssueIn)
        team = Team.objects.visible_to(actor_of(request)).get_or_refuse(team_id)
        issued = services.issue_api_key(
            actor=actor_of(request),
            model_ids=body.get("modelIds", []),
            team_id=team.pk,
            is_service=body["ownership"] == "service",
            request_token=token,
            request_digest=views.digest_of(request) if token else "",
            now=timezone.now(),
            **values_of(body),
        )
        return views.issued_answer(request, issued, {})


def _require_in_team(team_id: str, key_id: str) -> None:
    if not ApiKey.objects.filter(pk=key_id, team__pk=team_id, deleted_at=None).exists():
        raise errors.NotFound("This team has no such API key.")


class TeamKeyView(views.ApiKeyView):
    """As `/api-keys/:id`: the same use cases ask who may."""

    @extend_schema(responses=schema.ApiKeyOut, operation_id="read_api_key_of_team")
    def get(self, request: Request, team_id: str, key_id: str) -> Response:  # type: ignore[override]
        _require_in_team(team_id, key_id)
        return super().get(request, key_id)

    @extend_schema(
        request=schema.ChangeKeyIn, responses=schema.ApiKeyOut, operation_id="change_api_key_of_team"
    )
    def patch(self, request: Request, team_id: str, key_id: str) -> Response:  # type: ignore[override]
        _require_in_team(team_id, key_id)
        return super().patch(request, key_id)

    @extend_schema(responses=schema.KeyDeletedOut, operation_id="delete_api_key_of_team")
    def delete(self, request: Request, team_id: str, key_id: str) -> Response:  # type: ignore[override]
        _require_in_team(team_id, key_id)
        return super().delete(request, key_id)


class TeamKeyRotateView(views.RotateView):
    @extend_schema(
        parameters=[schema.IDEMPOTENCY_KEY],
        request=schema.RotateIn,
        responses=schema.RotatedOut,
        operation_id="rotate_api_key_of_team",
    )
    def post(self, request: Request, team_id: str, key_id: str) -> Response:  # type: ignore[override]
        _require_in_team(team_id, key_id)
        return super().post(request, key_id)
