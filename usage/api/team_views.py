"""The usage of a team's keys (REST contract §9.3)."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api.views import ContractView, body_of
from teams.models import Member
from usage import naming
from usage.api import asking, presenting
from usage.api.serializers import AnalyticsIn, AnalyticsOut
from usage.overviews import overview, own_overview
from usage.periods import read_period
from usage.questions import Question
from usage.scopes import scope_of_team


class TeamAnalyticsView(ContractView):
    permissions_needed = {"POST": "teams:read"}
    rate_bucket = "analytics"
    only_asks = True

    @extend_schema(request=AnalyticsIn, responses=AnalyticsOut)
    def post(self, request: Request, team_id: UUID) -> Response:
        """Everything about a team in a period; its members and viewers see what is their own of it."""
        now, caller, body = timezone.now(), actor_of(request), body_of(request, AnalyticsIn)
        scope = scope_of_team(caller, team_id)
        period = read_period(body.get("startDate"), body.get("endDate"), now=now)
        filters = asking.body_filters(body, lambda named: naming.team_keys(team_id, named))
        question = Question(scope, period, filters)
        if scope.user_id is not None:
            return Response(presenting.analytics(own_overview(caller, question, now=now)))
        members = Member.objects.current().filter(team_id=team_id).count()
        return Response(presenting.analytics(overview(question, total_users=members, now=now)))
