"""Which models a request asks for, as one statement of plain rows."""

from typing import Any

from django.db.models import F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from rest_framework.request import Request

from accounts.api.authentication import actor_of
from catalog.models import Deployment, Model, ModelQuerySet
from litemaas import errors
from litemaas.api import params

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
_ADDRESSES = ("api_base", "backend_model_name", "deployment_id")


def listed(request: Request) -> QuerySet[Model, Any]:
    """The rows of `GET /models`, filtered and ordered as the query says."""
    rows = _present_or_past(request, Model.objects.visible_to(actor_of(request)))
    rows = rows.search(params.text(request, "search"))
    if provider := params.text(request, "provider"):
        rows = rows.filter(provider=provider)
    if capability := params.text(request, "capability"):
        rows = rows.filter(capabilities__contains=[capability])
    if (restricted := params.boolean(request, "restricted", None)) is not None:
        rows = rows.filter(restricted_access=restricted)
    return columns(rows.order_by(*_order(request)), actor_of(request))


def _present_or_past(request: Request, rows: ModelQuerySet) -> ModelQuerySet:
    wanted = params.choice(request, "isActive", ("true", "false", "all", "1", "0"), "true")
    if wanted in {"true", "1"}:
        return rows.available()
    if not actor_of(request).may("admin:models:read"):
        raise errors.Forbidden(requiredPermission="admin:models:read")
    return rows if wanted == "all" else rows.exclude(availability=Model.Availability.AVAILABLE)


def _order(request: Request) -> list[Any]:
    column = F(SORTS[params.choice(request, "sortBy", tuple(SORTS), "name")])
    descending = params.choice(request, "sortOrder", ("asc", "desc"), "asc") == "desc"
    first = column.desc(nulls_last=True) if descending else column.asc(nulls_last=True)
    return [first, "id"]


def columns(rows: ModelQuerySet, actor: Any) -> QuerySet[Model, Any]:
    """Plain rows for `presenters.model`, with the actor's own subscription; operators also see the backend."""
    mine = FilteredRelation("subscriptions", condition=Q(subscriptions__user=actor.pk))
    described = rows.annotate(mine=mine, subscription_status=F("mine__status"))
    if not actor.sees_everything:
        return described.values(*_COLUMNS, "subscription_status")
    present = Deployment.objects.filter(model=OuterRef("pk"), vanished_at=None).order_by("id")
    backend = {
        "api_base": Subquery(present.values("api_base")[:1]),
        "backend_model_name": Subquery(present.values("backend_model_name")[:1]),
        "deployment_id": Subquery(present.values("id")[:1]),
    }
    return described.annotate(**backend).values(*_COLUMNS, "subscription_status", *_ADDRESSES)
