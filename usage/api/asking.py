"""What a usage request asks for."""

from datetime import datetime

from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from litemaas.api import params
from litemaas.errors import NotFound
from usage import analytics
from usage.analytics import Question
from usage.periods import Period, last_days, read_period

_DEFAULT_DAYS = 30


def period_of(request: Request, now: datetime, *, has_default: bool = False) -> Period:
    """`startDate` and `endDate`. With `has_default`, the last 30 days when neither is given."""
    first, last = params.text(request, "startDate"), params.text(request, "endDate")
    if has_default and not first and not last:
        return last_days(_DEFAULT_DAYS, now)
    return read_period(first, last, now=now)


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
    return Question(
        user_id=person.pk,
        period=period,
        model_ids=params.listing(request, "modelIds") + params.listing(request, "modelId"),
        provider_ids=params.listing(request, "providerIds") + params.listing(request, "providerId"),
        api_key_ids=analytics.own_keys(person, keys),
    )
