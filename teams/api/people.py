"""Members and invitations (contract §9.1, §9.2)."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import presented_page
from litemaas.api.views import ContractView, body_of, created, secret
from teams import listing, policies, services
from teams.api import presenters, queries, schema
from teams.models import Invitation, Member


def _member(request: Request, team_id: str, user_id: UUID) -> dict[str, Any]:
    viewer, team = actor_of(request), queries.one(request, team_id, with_models=False)
    column = "pk" if team.is_default else "user_id"
    rows = listing.members_of(team, viewer).filter(**{column: user_id})
    return presenters.member(listing.places(rows, team, viewer)[0])


class MembersView(ContractView):
    permissions_needed = {"GET": "teams:read", "POST": "teams:write_all"}

    @extend_schema(
        parameters=schema.MEMBER_PARAMETERS, responses=schema.MemberPageOut, operation_id="list_members"
    )
    def get(self, request: Request, team_id: str) -> Response:
        viewer, team = actor_of(request), queries.one(request, team_id)
        rows = listing.members_of(
            team,
            viewer,
            role=params.choice(request, "role", ("", *Member.Role.values), ""),
            search=params.text(request, "search"),
        )

        def present(found: list[Any]) -> list[dict[str, Any]]:
            return [presenters.member(place) for place in listing.places(found, team, viewer)]

        return Response(presented_page(request, rows, present))

    @extend_schema(request=schema.NewMemberIn, responses={201: schema.MemberOut}, operation_id="add_member")
    def post(self, request: Request, team_id: str) -> Response:
        body = body_of(request, schema.NewMemberIn)
        services.add_member(
            actor=actor_of(request),
            team_id=team_id,
            user_id=body["userId"],
            role=body["role"],
            max_budget=body.get("maxBudgetInTeam"),
            now=timezone.now(),
        )
        return created(_member(request, team_id, body["userId"]))


class MemberView(ContractView):
    permissions_needed = {"GET": "teams:read", "PATCH": "teams:write", "DELETE": "teams:write"}
    rehearses = frozenset({"DELETE"})

    @extend_schema(responses=schema.MemberOut, operation_id="read_member")
    def get(self, request: Request, team_id: str, user_id: str) -> Response:
        viewer, team = actor_of(request), queries.one(request, team_id)
        column = "pk" if team.is_default else "user_id"
        found = listing.places(listing.members_of(team, viewer).filter(**{column: user_id}), team, viewer)
        if not found:
            raise errors.NotFound("This person is not in the team.")
        return Response(presenters.member(found[0]))

    @extend_schema(request=schema.MemberChangesIn, responses=schema.MemberOut, operation_id="change_member")
    def patch(self, request: Request, team_id: str, user_id: str) -> Response:
        body = body_of(request, schema.MemberChangesIn)
        changes = {"max_budget": body["maxBudgetInTeam"]} if "maxBudgetInTeam" in body else {}
        services.change_member(
            actor=actor_of(request),
            team_id=team_id,
            user_id=UUID(user_id),
            role=body.get("role"),
            now=timezone.now(),
            **changes,
        )
        return Response(_member(request, team_id, UUID(user_id)))

    @extend_schema(
        parameters=[schema.DRY_RUN],
        request=schema.LeaveIn,
        responses={204: None},
        operation_id="remove_member",
    )
    def delete(self, request: Request, team_id: str, user_id: str) -> Response:
        body = body_of(request, schema.LeaveIn)
        services.remove_member(
            actor=actor_of(request),
            team_id=team_id,
            user_id=UUID(user_id),
            reason=body.get("reason") or "",
            transfer_keys_to=body.get("transferKeysTo"),
            now=timezone.now(),
        )
        return Response(status=204)


class InvitationsView(ContractView):
    permissions_needed = {"GET": "teams:read", "POST": "teams:write"}

    @extend_schema(
        parameters=schema.INVITATION_PARAMETERS,
        responses=schema.InvitationsOut,
        operation_id="list_invitations",
    )
    def get(self, request: Request, team_id: str) -> Response:
        """The newest 500: invitations end by themselves."""
        team, now = queries.one(request, team_id), timezone.now()
        if not policies.may_see_invitations(actor_of(request), team.my_role):
            raise errors.Forbidden(requiredPermission="teams:read_all")
        status = params.choice(request, "status", ("", *Invitation.Status.values), "")
        rows = Invitation.objects.filter(team=team).with_status(status, now)
        newest = rows.order_by("-created_at", "id")[:500]
        return Response({"data": [presenters.invitation(row, now) for row in newest]})

    @extend_schema(
        request=schema.InviteIn, responses={201: schema.IssuedInvitationOut}, operation_id="invite"
    )
    def post(self, request: Request, team_id: str) -> Response:
        body = body_of(request, schema.InviteIn)
        issued = services.invite(
            actor=actor_of(request),
            team_id=team_id,
            email=body.get("email") or "",
            user_id=body.get("userId"),
            role=body["role"],
            expires_in_days=body["expiresInDays"],
            message=body.get("message") or "",
            now=timezone.now(),
        )
        return _issued(issued, status=201)


def _issued(issued: services.IssuedInvitation, *, status: int) -> Response:
    shown = presenters.invitation(issued.invitation, timezone.now()) | {"link": issued.link}
    return secret(shown, status=status)


class InvitationView(ContractView):
    permissions_needed = {"DELETE": "teams:write"}

    @extend_schema(responses={204: None}, operation_id="revoke_invitation")
    def delete(self, request: Request, team_id: str, invitation_id: str) -> Response:
        services.revoke_invitation(
            actor=actor_of(request), team_id=team_id, invitation_id=UUID(invitation_id), now=timezone.now()
        )
        return Response(status=204)


class ResendView(ContractView):
    permissions_needed = {"POST": "teams:write"}

    @extend_schema(request=None, responses=schema.IssuedInvitationOut, operation_id="resend_invitation")
    def post(self, request: Request, team_id: str, invitation_id: str) -> Response:
        issued = services.resend_invitation(
            actor=actor_of(request), team_id=team_id, invitation_id=UUID(invitation_id), now=timezone.now()
        )
        return _issued(issued, status=200)


class OwnInvitationsView(ContractView):
    permissions_needed = {"GET": "teams:read"}

    @extend_schema(responses=schema.OwnInvitationsOut, operation_id="list_own_invitations")
    def get(self, request: Request) -> Response:
        now = timezone.now()
        rows = Invitation.objects.open(now).addressed_to(actor_of(request))
        newest = rows.select_related("team", "invited_by").order_by("-created_at", "id")[:100]
        return Response({"data": [presenters.own_invitation(row, now) for row in newest]})


class AcceptView(ContractView):
    permissions_needed = {"POST": "teams:write"}

    @extend_schema(request=None, responses=schema.MemberOut, operation_id="accept_invitation")
    def post(self, request: Request, token: str) -> Response:
        actor = actor_of(request)
        member = services.accept_invitation(actor=actor, handle=token, now=timezone.now())
        return Response(_member(request, str(member.team_id), actor.pk))


class DeclineView(ContractView):
    permissions_needed = {"POST": "teams:write"}

    @extend_schema(request=None, responses=schema.DeclinedOut, operation_id="decline_invitation")
    def post(self, request: Request, token: str) -> Response:
        row = services.decline_invitation(actor=actor_of(request), handle=token, now=timezone.now())
        return Response({"status": row.status})
