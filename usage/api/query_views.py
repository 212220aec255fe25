"""`GET /usage/query`: one endpoint for every question (measures, dimensions, filters)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from accounts.models import User
from jobs.api.presenters import accepted
from litemaas.api import params
from litemaas.api.schema import whole
from litemaas.api.views import ContractView
from litemaas.errors import InvalidInput
from usage import naming, queries
from usage.api.presenting import Json
from usage.api.query_serializers import QueryJobOut, QueryOut
from usage.exports.long_answers import start_long_answer
from usage.granularity import require_granularity
from usage.models import Status
from usage.periods import MAX_MONTHS_DAYS, read_period, read_zone
from usage.queries import DEFAULT_MEASURES, MEASURES, MOST_ROWS, ORDERS, SPLITS, Answer, Query
from usage.query_rows import head_of, rows_of
from usage.questions import Filters, Question
from usage.scopes import Scope, scope_of_team

_LISTS = (
    "userIds",
    "teamIds",
    "apiKeyIds",
    "modelIds",
    "providerIds",
    "statuses",
    "errorClasses",
    "costCenters",
)
_PARAMETERS = [
    OpenApiParameter("startDate", OpenApiTypes.DATE, required=True),
    OpenApiParameter("endDate", OpenApiTypes.DATE, required=True, description="Up to 36 months."),
    OpenApiParameter("timeZone", description="An IANA name; the reporting time zone if it is left out."),
    OpenApiParameter("measures", many=True, enum=MEASURES, description="Also as a comma list."),
    OpenApiParameter("by", many=True, enum=SPLITS, description="At most three; also as a comma list."),
    OpenApiParameter("scope", enum=["own", "all"], description="Operators see everybody unless it is `own`."),
    OpenApiParameter("teamId", OpenApiTypes.UUID, description="The usage of a team's keys."),
    *(OpenApiParameter(name, many=True) for name in _LISTS),
    OpenApiParameter("orderBy", enum=ORDERS, description="By time if it is left out, else by requests."),
    OpenApiParameter("sortOrder", enum=["asc", "desc"], default="desc"),
    OpenApiParameter("limit", whole(1, MOST_ROWS, 1000)),
    OpenApiParameter("offset", whole(0, 1_000_000, 0)),
    OpenApiParameter("compare", OpenApiTypes.BOOL, description="Adds the totals of the period before."),
]


class QueryView(ContractView):
    permissions_needed = {"GET": "usage:read"}
    rate_bucket = "analytics"

    @extend_schema(parameters=_PARAMETERS, responses={200: QueryOut, 202: QueryJobOut})
    def get(self, request: Request) -> Response:
        """Any measures, split by up to three dimensions, narrowed by any filters, in any time zone.

        The sum of the rows is the total, to the last digit, unless rows were cut off by `limit`. What would add up more
        than five million rows is a job's work (202): its file is this answer with all rows, by time.
        """
        now = timezone.now()
        query = _query(request, now)
        require_granularity(query.question.period, query.by)
        if not queries.is_long(query):
            return Response(_present(query, queries.ask(query, now=now)))
        job = start_long_answer(query, actor=actor_of(request), now=now)
        return accepted(job, _present(query, queries.ask_totals(query, now=now)))


def _query(request: Request, now: datetime) -> Query:
    order = request.query_params.get("orderBy") or ""
    return Query(
        _question(request, now),
        measures=_names(request, "measures", MEASURES) or DEFAULT_MEASURES,
        by=_names(request, "by", SPLITS),
        order=params.choice(request, "orderBy", ORDERS, ORDERS[0]) if order else "",
        descending=params.choice(request, "sortOrder", ("asc", "desc"), "desc") == "desc",
        limit=params.integer(request, "limit", 1000, maximum=MOST_ROWS),
        offset=params.integer(request, "offset", 0, minimum=0, maximum=1_000_000),
        compares=bool(params.boolean(request, "compare", False)),
    )


def _names(request: Request, name: str, known: Sequence[str]) -> list[str]:
    found = params.listing(request, name, commas=True)
    if unknown := [value for value in found if value not in known]:
        raise InvalidInput(fields={name: f"{name} has no {unknown[0][:40]}; it has {', '.join(known)}."})
    return found


def _question(request: Request, now: datetime) -> Question:
    zone = read_zone(params.text(request, "timeZone"))
    first, last = params.text(request, "startDate"), params.text(request, "endDate")
    period = read_period(first, last, now=now, zone=zone, max_days=MAX_MONTHS_DAYS)
    caller = actor_of(request)
    scope = _scope(request, caller)
    return Question(scope, period, _filters(request, caller, scope))


def _scope(request: Request, caller: User) -> Scope:
    wanted = params.choice(request, "scope", ("own", "all"), "all")
    team = params.uuid_or_none(request, "teamId")
    if team:
        return scope_of_team(caller, team)
    return Scope.of(caller) if wanted == "own" else Scope.visible_to(caller)


def _filters(request: Request, caller: User, scope: Scope) -> Filters:
    keys = params.listing(request, "apiKeyIds")
    is_own = scope.user_id == caller.pk
    statuses = params.listing(request, "statuses")
    if unknown := [value for value in statuses if value not in Status.values]:
        raise InvalidInput(fields={"statuses": f"There is no status {unknown[0][:20]}."})
    return Filters(
        user=_ids(request, "userIds"),
        team=_ids(request, "teamIds"),
        apiKey=naming.own_keys(caller, keys) if is_own else naming.any_keys(keys),
        model=params.listing(request, "modelIds"),
        provider=params.listing(request, "providerIds"),
        status=statuses,
        errorClass=params.listing(request, "errorClasses"),
        costCenter=params.listing(request, "costCenters"),
    )


def _ids(request: Request, name: str) -> list[UUID]:
    return params.uuids(request, name)


def _present(query: Query, answer: Answer) -> Json:
    return head_of(query) | rows_of(query, answer)
