"""Which subscriptions a request asks for, as one statement of plain rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request

from accounts.api.whose import whose
from accounts.models import User
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import Listing
from litemaas.api.statements import Json, Statement, Values
from subscriptions.models import StatusChange, Subscription, SubscriptionQuerySet

_COLUMNS = (
    "id",
    "user_id",
    "model_id",
    "status",
    "quota_requests",
    "quota_tokens",
    "used_requests",
    "used_tokens",
    "quota_window_start",
    "suspended_by",
    "metadata",
    "expires_at",
    "status_reason",
    "status_changed_at",
    "status_changed_by_id",
    "created_at",
    "updated_at",
    "model__provider",
    "model__description",
    "model__capabilities",
    "model__context_length",
    "model__input_cost_per_token",
    "model__output_cost_per_token",
    "model__restricted_access",
    "model__availability",
)
_OWNER = ("user__username", "user__email")
# The front end of v0.4 may ask for it; nothing was ever stored under it.
_NEVER_STORED = "cancelled"


@dataclass(frozen=True, slots=True)
class _Shape:
    """`status` "" means those that have not ended."""

    status: str
    is_everybodys: bool


def page(request: Request, present: Callable[[list[Json]], list[Json]]) -> Json:
    """The page of `GET /subscriptions` that the query asks for, newest first. Ended ones only when asked for."""
    allowed = (*Subscription.Status.values, _NEVER_STORED, "")
    status = params.choice(request, "status", allowed, "")
    owner = whose(request)
    values: dict[str, Any] = {"user": owner} if owner else {}
    if model_id := params.text(request, "modelId"):
        values["model"] = model_id
    shape = _Shape(status, is_everybodys=owner is None)
    return _LISTING.page(request, shape, values, present, with_total=True)


def one(actor: User, pk: UUID | str) -> Json | None:
    """The row of a subscription that the actor may see."""
    values = {"subscription": UUID(str(pk))} | ({} if actor.sees_everything else {"user": actor.pk})
    rows = _ONE.rows(None, values)
    return rows[0] if rows else None


def _filtered(shape: _Shape, values: Values) -> SubscriptionQuerySet:
    kept = Subscription.objects.kept()
    rows = kept if shape.is_everybodys else kept.filter(user=values["user"])
    rows = (
        rows.filter(status=shape.status)
        if shape.status
        else rows.exclude(status=Subscription.Status.INACTIVE)
    )
    if "model" in values:
        rows = rows.filter(model=values["model"])
    return rows.order_by("-created_at", "id")


def _visible(_shape: None, values: Values) -> QuerySet[Subscription, Any]:
    rows = Subscription.objects.kept().filter(pk=values["subscription"])
    return columns(rows.filter(user=values["user"]) if "user" in values else rows)


def columns(rows: SubscriptionQuerySet, *more: str) -> QuerySet[Subscription, Any]:
    plain: QuerySet[Subscription, Any] = rows.values(*_COLUMNS, *more)
    return plain


_LISTING = Listing(_filtered, lambda _shape, rows: columns(rows))
_ONE = Statement(_visible)


@dataclass(frozen=True, slots=True)
class _AdminShape:
    statuses: tuple[str, ...]
    restricted: bool | None
    models: tuple[str, ...]
    users: tuple[UUID, ...]


def requests(request: Request, present: Callable[[list[Json]], list[Json]]) -> Json:
    """The page of `GET /admin/subscriptions`, newest first."""
    statuses = params.listing(request, "statuses")
    if unknown := set(statuses) - {*Subscription.Status.values, _NEVER_STORED}:
        raise errors.InvalidInput(fields={"statuses": f"Unknown status: {', '.join(sorted(unknown))}."})
    models, users = params.listing(request, "modelIds"), params.uuids(request, "userIds")
    shape = _AdminShape(
        tuple(sorted(set(statuses))),
        params.boolean(request, "restricted", None),
        tuple(sorted(set(models))),
        tuple(sorted(set(users))),
    )
    values: dict[str, Any] = {}
    if since := params.moment(request, "dateFrom"):
        values["since"] = since
    if until := params.moment(request, "dateTo"):
        # A date picker that means the whole day sends its first moment.
        is_day = (until.hour, until.minute, until.second, until.microsecond) == (0, 0, 0, 0)
        values["until"] = until + timedelta(days=1) if is_day else until + timedelta(microseconds=1)
    return _REQUESTS.page(request, shape, values, present, once=bool(models or users))


def everybodys(request: Request, present: Callable[[list[Json]], list[Json]]) -> Json:
    """The page of `GET /subscriptions/admin/all`, newest first, ended ones with them."""
    allowed = (*Subscription.Status.values, _NEVER_STORED, "")
    status = params.choice(request, "status", allowed, "")
    user, model = params.uuid_or_none(request, "userId"), params.text(request, "modelId")
    shape = _AdminShape((status,) if status else (), None, (), ())
    values = {name: value for name, value in (("user", user), ("model", model)) if value}
    return _REQUESTS.page(request, shape, values, present)


def of_user(request: Request, user_id: UUID | str) -> Json:
    """The page of `GET /admin/users/:id/subscriptions`."""
    if not User.objects.filter(pk=user_id).exists():
        raise errors.NotFound("This user does not exist.")
    status = params.choice(request, "status", (*Subscription.Status.values, _NEVER_STORED, ""), "")
    shape = _AdminShape((status,) if status else (), None, (), ())
    return _REQUESTS.page(
        request, shape, {"user": UUID(str(user_id))}, lambda rows: [_brief(row) for row in rows]
    )


def _brief(row: Json) -> Json:
    return {
        "id": row["id"],
        "modelId": row["model_id"],
        "modelName": row["model_id"],
        "provider": row["model__provider"] or None,
        "status": row["status"],
        "statusReason": row["status_reason"] or None,
        "createdAt": row["created_at"],
        "statusChangedAt": row["status_changed_at"],
    }


def _administered(shape: _AdminShape, values: Values) -> SubscriptionQuerySet:
    rows = Subscription.objects.kept()
    if len(shape.statuses) == 1:
        rows = rows.filter(status=shape.statuses[0])
    elif shape.statuses:
        rows = rows.filter(status__in=shape.statuses)
    if shape.models:
        rows = rows.filter(model_id__in=shape.models)
    if shape.users:
        rows = rows.filter(user_id__in=shape.users)
    if shape.restricted is not None:
        rows = rows.filter(model__restricted_access=shape.restricted)
    if "user" in values:
        rows = rows.filter(user=values["user"])
    if "model" in values:
        rows = rows.filter(model=values["model"])
    if "since" in values:
        rows = rows.filter(created_at__gte=values["since"])
    if "until" in values:
        rows = rows.filter(created_at__lt=values["until"])
    return rows.order_by("-created_at", "id")


_REQUESTS = Listing(_administered, lambda _shape, rows: columns(rows, *_OWNER), recalls_totals=True)


def request_of(pk: UUID) -> Json:
    """The row of one subscription with its owner, for those who decide."""
    return next(iter(columns(Subscription.objects.kept().filter(pk=pk), *_OWNER)))


def history(pks: Iterable[UUID]) -> list[Json]:
    columns = (
        "id",
        "old_status",
        "new_status",
        "reason",
        "changed_by_id",
        "changed_by__username",
        "changed_at",
    )
    steps = StatusChange.objects.filter(subscription__in=pks).order_by("changed_at", "id")
    return list(steps.values(*columns))
