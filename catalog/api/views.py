"""The catalogue (contract §5). Reads ask the database alone, never the gateway."""

from django.db.models import Count, Q
from django.utils.translation import ngettext
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from catalog import sync, sync_jobs
from catalog.api import presenters, queries, schema
from catalog.errors import ModelNotFound
from catalog.models import Model, SyncRun
from jobs.api.presenters import accepted
from jobs.models import Job
from litellm_sync.client import gateway
from litemaas.api import params
from litemaas.api.views import ContractView, body_of

_MOST_MODELS = 1000


class ModelsView(ContractView):
    permissions_needed = {"GET": "models:read"}

    @extend_schema(
        parameters=schema.LIST_PARAMETERS, responses=schema.ModelPageOut, operation_id="list_models"
    )
    def get(self, request: Request) -> Response:
        return Response(queries.page(request, presenters.models, max_limit=_MOST_MODELS))


class ModelView(ContractView):
    permissions_needed = {"GET": "models:read"}

    @extend_schema(responses=schema.ModelDetailOut, operation_id="read_model")
    def get(self, request: Request, model_id: str) -> Response:
        if "\x00" in model_id:
            raise ModelNotFound
        row = queries.one(actor_of(request), model_id)
        if row is None:
            raise ModelNotFound
        facts = presenters.metadata(row, with_addresses=actor_of(request).sees_everything)
        return Response(presenters.model(row) | {"metadata": facts})


class ProvidersView(ContractView):
    permissions_needed = {"GET": "models:read"}

    @extend_schema(responses=schema.ProvidersOut)
    def get(self, request: Request) -> Response:
        rows = Model.objects.available().values_list("provider", "capabilities")
        return Response({"providers": presenters.providers(rows)})


class CapabilitiesView(ContractView):
    permissions_needed = {"GET": "models:read"}

    @extend_schema(responses=schema.CapabilitiesOut)
    def get(self, request: Request) -> Response:
        rows = Model.objects.available().values_list("capabilities", flat=True)
        return Response({"capabilities": presenters.capabilities(rows)})


class SyncView(ContractView):
    """Read the gateway's models now."""

    permissions_needed = {"POST": "admin:models"}
    rehearses_itself = frozenset({"POST"})

    @extend_schema(
        parameters=[OpenApiParameter("dryRun", bool)],
        request=schema.SyncIn,
        responses={200: schema.SyncOut, 202: schema.SyncOut},
        operation_id="sync_models",
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.SyncIn)
        actor = actor_of(request)
        options = {
            "confirm": body.get("confirm", False),
            "marks_missing": body.get("markUnavailable", True),
            "rewrites": body.get("forceUpdate", False),
        }
        if params.boolean(request, "dryRun", False):
            foreseen = sync.sync_models(actor=actor, trigger="api", dry_run=True, **options)
            return Response(presenters.sync_result(foreseen))
        done = sync_jobs.sync_now(actor=actor, trigger="api", **options)
        if isinstance(done, Job):
            return accepted(done, presenters.sync_result(sync.Summary()))
        return Response(presenters.sync_result(done))


class SyncStatsView(ContractView):
    permissions_needed = {"GET": "models:read"}

    @extend_schema(responses=schema.SyncStatsOut)
    def get(self, request: Request) -> Response:
        counts = Model.objects.aggregate(
            total=Count("pk"), available=Count("pk", filter=Q(availability=Model.Availability.AVAILABLE))
        )
        last = SyncRun.objects.filter(state=SyncRun.State.SUCCEEDED).first()
        return Response(
            {
                "totalModels": counts["total"],
                "availableModels": counts["available"],
                "unavailableModels": counts["total"] - counts["available"],
                "lastSyncAt": last.finished_at if last else None,
            }
        )


class CatalogueHealthView(ContractView):
    """How fresh the catalogue is, as the last synchronisation found it."""

    permissions_needed = {"GET": "models:read"}

    @extend_schema(responses=schema.CatalogueHealthOut)
    def get(self, request: Request) -> Response:
        last = SyncRun.objects.exclude(state=SyncRun.State.RUNNING).first()
        good = SyncRun.objects.filter(state=SyncRun.State.SUCCEEDED).first()
        count = Model.objects.available().count()
        is_connected = (
            last is not None and last.state != SyncRun.State.FAILED and not gateway().breaker.is_open
        )
        issues = [last.finding] if last and last.finding else []
        if last and last.left_out_count:
            # Which ones, administrators see.
            said = ngettext(
                "%(n)s entry could not be used.", "%(n)s entries could not be used.", last.left_out_count
            )
            issues.append(said % {"n": last.left_out_count})
        if good is None:
            issues.append("The models were never synchronised.")
        fault = "error" if good is None or count == 0 else "warning"
        return Response(
            {
                "status": "healthy" if is_connected and not issues else fault,
                "lastSync": good.finished_at if good else None,
                "modelsCount": count,
                "litellmConnected": is_connected,
                "issues": issues,
            }
        )
