"""What a usage request asks for."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from litemaas.api import params
from litemaas.errors import InvalidInput, NotFound
from subscriptions.models import Subscription
from usage import naming
from usage.breakdowns import Slice
from usage.cubes.answers import Order
from usage.periods import MAX_DAYS, Period, last_days, read_period, today
from usage.questions import Filters, Question
from usage.scopes import Scope

_DEFAULT_DAYS = 30
_DAYS_OF_RANGE = {"day": 1, "week": 7, "month": 30}
# Both vocabularies of contract §14: upstream's and its front end's.
_MEASURE_OF_SORT = {
    "username": "label",
    "modelName": "label",
    "provider": "label",
    "providerName": "label",
    "teamName": "label",
    "keyAlias": "label",
    "date": "label",
    "totalRequests": "requests",
    "totalTokens": "total_tokens",
    "promptTokens": "prompt_tokens",
    "completionTokens": "completion_tokens",
    "totalCost": "cost",
    "successRate": "success_rate",
    "metrics.requests": "requests",
    "metrics.tokens.total": "total_tokens",
    "metrics.tokens.input": "prompt_tokens",
    "metrics.tokens.output": "completion_tokens",
    "metrics.cost": "cost",
    "metrics.successRate": "success_rate",
}
SORTS = tuple(_MEASURE_OF_SORT)
PAGE_LIMIT, DEFAULT_PAGE_LIMIT = 500, 50


def period_of(
    request: Request, now: datetime, *, has_default: bool = False, max_days: int = MAX_DAYS
) -> Period:
    """`startDate` and `endDate`. With `has_default`, the last 30 days when neither is given."""
    first, last = params.text(request, "startDate"), params.text(request, "endDate")
    if has_default and not first and not last:
        return last_days(_DEFAULT_DAYS, now)
    if has_default:
        # One end alone means: from there until today, or the 30 days until then.
        last = last or today(now).isoformat()
        first = first or (params.day(last, "endDate") - timedelta(days=_DEFAULT_DAYS - 1)).isoformat()
    return read_period(first, last, now=now, max_days=max_days)


def range_of(request: Request, now: datetime) -> Period:
    """`timeRange` day, week or month: so many days until today."""
    return last_days(_DAYS_OF_RANGE[params.choice(request, "timeRange", tuple(_DAYS_OF_RANGE), "month")], now)


def whose(request: Request) -> User:
    """The caller, or for operators the person named by `userId`."""
    caller = actor_of(request)
    wanted = params.uuid_or_none(request, "userId")
    person = User.objects.visible_to(caller).filter(pk=wanted).first() if wanted else caller
    if person is None:
        raise NotFound("This user does not exist, or you have no access to them.")
    return person


def question_of(request: Request, person: User, period: Period) -> Question:
    """The filters in both spellings: `modelIds[]` and `modelId`, and so on."""
    keys = params.listing(request, "apiKeyIds") + params.listing(request, "apiKeyId")
    models = params.listing(request, "modelIds") + params.listing(request, "modelId")
    wanted = params.uuid_or_none(request, "subscriptionId")
    if wanted:
        own = Subscription.objects.visible_to(actor_of(request)).filter(user=person)
        models.append(own.get_or_refuse(wanted).model_id)
    filters = Filters(
        model=models,
        provider=params.listing(request, "providerIds") + params.listing(request, "providerId"),
        apiKey=naming.own_keys(person, keys),
    )
    return Question(Scope.of(person), period, filters)


def body_filters(body: Mapping[str, Any], keys: Callable[[Sequence[str]], list[UUID]]) -> Filters:
    """The filters of a validated body; `keys` finds the ids of the keys it names."""
    return Filters(
        user=body.get("userIds") or (),
        team=body.get("teamIds") or (),
        model=body.get("modelIds") or (),
        provider=body.get("providerIds") or (),
        apiKey=keys(body.get("apiKeyIds") or ()),
    )


def slice_of(request: Request, default_sort: str = "totalTokens") -> Slice:
    """`page`, `limit`, `sortBy` and `sortOrder` of a breakdown."""
    page = params.integer(request, "page", 1, maximum=1_000_000)
    limit = params.integer(request, "limit", DEFAULT_PAGE_LIMIT, maximum=PAGE_LIMIT)
    sort = request.query_params.get("sortBy") or default_sort
    if sort not in _MEASURE_OF_SORT:
        raise InvalidInput(fields={"sortBy": f"sortBy must be one of {', '.join(SORTS)}."})
    direction = params.choice(request, "sortOrder", ("asc", "desc"), "desc")
    order = Order(_MEASURE_OF_SORT[sort], descending=direction == "desc")
    return Slice(order, limit, (page - 1) * limit)
