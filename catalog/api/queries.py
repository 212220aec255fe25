"""Which models a request asks for, as one statement of plain rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from accounts.models import User
from catalog.models import Deployment, ManagedDeployment, Model
from litemaas import errors
from litemaas.api import params
from litemaas.api.pagination import Listing
from litemaas.api.statements import Json, Statement, Values

SORTS = {
    "name": "id",
    "provider": "provider",
    "contextLength": "context_length",
    "inputCost": "input_cost_per_token",
}
_COLUMNS = (
    "id",
    "provider",
    "description",
    "model_type",
    "capabilities",
    "context_length",
    "max_output_tokens",
    "input_cost_per_token",
    "output_cost_per_token",
    "tpm",
    "rpm",
    "restricted_access",
    "availability",
    "created_at",
    "updated_at",
)
_ADDRESSES = ("api_base", "backend_model_name", "deployment_id", "managed_id", "retired_at")


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the form of the statement; the actor, provider and texts are its values."""

    sees_everything: bool
    is_active: str
    restricted: bool | None
    sort: str
    descending: bool


def page(request: Request, present: Callable[[list[Json]], list[Json]], *, max_limit: int) -> Json:
    """The page of `GET /models` that the query asks for."""
    actor = actor_of(request)
    shape = _Shape(
        sees_everything=actor.sees_everything,
        is_active=_present_or_past(request, actor),
        restricted=params.boolean(request, "restricted", None),
        sort=params.choice(request, "sortBy", tuple(SORTS), "name"),
        descending=params.choice(request, "sortOrder", ("asc", "desc"), "asc") == "desc",
    )
    given = {name: params.text(request, name) for name in ("provider", "search", "capability")}
    values = {"actor": actor.pk} | {name: value for name, value in given.items() if value}
    # Patterns and arrays change their values on the way to the database.
    is_unusual = bool(given["search"] or given["capability"])
    return _LISTING.page(request, shape, values, present, max_limit=max_limit, once=is_unusual)


def one(actor: User, model_id: str) -> Json | None:
    """The row of a model that the actor may see."""
    rows = _ONE.rows(actor.sees_everything, {"actor": actor.pk, "model": model_id})
    return rows[0] if rows else None


def _present_or_past(request: Request, actor: User) -> str:
    wanted = params.choice(request, "isActive", ("true", "false", "all", "1", "0"), "true")
    if wanted in {"true", "1"}:
        return "true"
    if not actor.may("admin:models:read"):
        raise errors.Forbidden(requiredPermission="admin:models:read")
    return "all" if wanted == "all" else "false"


def _filtered(shape: _Shape, values: Values) -> QuerySet[Model, Any]:
    rows = Model.objects.search(values.get("search", ""))
    if shape.is_active == "true":
        rows = rows.available()
    elif shape.is_active == "false":
        rows = rows.exclude(availability=Model.Availability.AVAILABLE)
    if "provider" in values:
        rows = rows.filter(provider=values["provider"])
    if "capability" in values:
        rows = rows.filter(capabilities__contains=[values["capability"]])
    if shape.restricted is not None:
        rows = rows.filter(restricted_access=shape.restricted)
    column = F(SORTS[shape.sort])
    first = column.desc(nulls_last=True) if shape.descending else column.asc(nulls_last=True)
    # The actor is a value of every shape: whose subscription is shown beside the model.
    mine = FilteredRelation("subscriptions", condition=Q(subscriptions__user=values["actor"]))
    return rows.annotate(mine=mine).order_by(first, "id")


def _visible(sees_everything: bool, values: Values) -> Any:
    """One model, with the JSON texts of what serves it now."""
    rows = Model.objects.all() if sees_everything else Model.objects.available()
    mine = FilteredRelation("subscriptions", condition=Q(subscriptions__user=values["actor"]))
    described = JSONObject(
        id="id",
        apiBase="api_base",
        backendModelName="backend_model_name",
        isManagedByConfig="is_managed_by_config",
        facts="facts",
    )
    serving = Deployment.objects.filter(model=OuterRef("pk"), vanished_at=None).order_by("id")
    deployments = ArraySubquery(serving.values_list(described))
    one = _columns(sees_everything, rows.filter(pk=values["model"]).annotate(mine=mine))
    return one.annotate(deployments=deployments)


def _columns(sees_everything: bool, rows: QuerySet[Model, Any]) -> Any:
    """Plain rows for `presenters.model`; operators also see the backend."""
    described: Any = rows.annotate(subscription_status=F("mine__status"))
    if not sees_everything:
        return described.values(*_COLUMNS, "subscription_status")
    present = Deployment.objects.filter(model=OuterRef("pk"), vanished_at=None).order_by("id")
    # Where it is managed here, what was asked for: the gateway shows the name with its own prefix.
    ours = ManagedDeployment.objects.kept().filter(model=OuterRef("pk"))
    backend = {
        "api_base": Coalesce(Subquery(ours.values("api_base")), Subquery(present.values("api_base")[:1])),
        "backend_model_name": Coalesce(
            Subquery(ours.values("backend_model_name")), Subquery(present.values("backend_model_name")[:1])
        ),
        "deployment_id": Subquery(present.values("id")[:1]),
        "managed_id": Subquery(ours.values("id")),
    }
    return described.annotate(**backend).values(*_COLUMNS, "subscription_status", *_ADDRESSES)


_LISTING = Listing(_filtered, lambda shape, rows: _columns(shape.sees_everything, rows))
_ONE = Statement(_visible)
