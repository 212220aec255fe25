"""The models that are managed here, and the synchronisation, for administrators (contract §5, §12)."""

from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit
from accounts.api.authentication import actor_of
from catalog import managing, model_form, probing, sync_jobs
from catalog.api import presenters, schema
from catalog.errors import ModelNotFound
from catalog.model_form import FLAGS, ModelForm
from catalog.models import Deployment, Model, SyncRun
from jobs.api.presenters import accepted
from jobs.models import Job
from litemaas.api.pagination import page_of
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView, body_of, created

_DRY_RUN = OpenApiParameter("dryRun", bool)
_PLAIN = (
    "description",
    "api_base",
    "input_cost_per_token",
    "output_cost_per_token",
    "tpm",
    "rpm",
    "max_tokens",
)


class ManagedModelsView(ContractView):
    permissions_needed = {"POST": "admin:models"}

    @extend_schema(
        request=schema.ModelCreateIn, responses={201: schema.ModelCreatedOut}, operation_id="create_model"
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.ModelCreateIn)
        kind, able = model_form.with_flags(frozenset(), _flags(body))
        form = ModelForm(
            model_name=body["model_name"],
            backend_model_name=body.get("backend_model_name", ""),
            model_type=kind,
            capabilities=able,
            **{name: body[name] for name in _PLAIN if body.get(name) is not None},
        )
        saved = managing.create_model(
            actor=actor_of(request),
            form=form,
            provider_key=body.get("api_key") or None,
            restricted=body.get("restrictedAccess", False),
            now=timezone.now(),
        )
        model = {"id": saved.model.pk, "model_name": saved.model.pk, "created_at": saved.model.created_at}
        return created(_answer(saved, "created", model=model))


class ManagedModelView(ContractView):
    permissions_needed = {"PUT": "admin:models", "DELETE": "admin:models"}
    rehearses = frozenset({"PUT", "DELETE"})

    @extend_schema(
        parameters=[_DRY_RUN],
        request=schema.ModelChangeIn,
        responses=schema.ModelChangedOut,
        operation_id="change_model",
    )
    def put(self, request: Request, model_id: str) -> Response:
        body = body_of(request, schema.ModelChangeIn)
        names = ("model_name", "backend_model_name", *_PLAIN)
        changes: dict[str, Any] = {name: body[name] for name in names if name in body}
        if "description" in changes:
            changes["description"] = changes["description"] or ""
        if flags := _flags(body):
            known = Model.objects.filter(pk=_text(model_id)).values_list("capabilities", flat=True).first()
            changes["model_type"], changes["capabilities"] = model_form.with_flags(
                frozenset(known or ()), flags
            )
        saved = managing.change_model(
            actor=actor_of(request),
            model_id=_text(model_id),
            changes=changes,
            provider_key=body.get("api_key") or None,
            restricted=body.get("restrictedAccess"),
            now=timezone.now(),
        )
        model = {"id": saved.model.pk, "model_name": saved.model.pk, "updated_at": saved.model.updated_at}
        return Response(_answer(saved, "changed", model=model))

    @extend_schema(
        parameters=[_DRY_RUN],
        request=schema.DeleteModelIn,
        responses=schema.ModelDeletedOut,
        operation_id="delete_model",
    )
    def delete(self, request: Request, model_id: str) -> Response:
        reason = body_of(request, schema.DeleteModelIn).get("reason") or ""
        saved = managing.retire_model(
            actor=actor_of(request), model_id=_text(model_id), reason=reason, now=timezone.now()
        )
        return Response(_answer(saved, "deleted"))


def _answer(saved: managing.Saved, done: str, **more: Any) -> dict[str, Any]:
    rest = "" if saved.sync_status == "synced" else " The gateway will have it as soon as it answers."
    message = f"The model {saved.model.pk} was {done}.{rest}"
    return {"success": True, "message": message, **more, "syncStatus": saved.sync_status}


def _flags(body: dict[str, Any]) -> dict[str, bool]:
    return {flag: body[f"supports_{flag}"] for flag in FLAGS if f"supports_{flag}" in body}


def _text(model_id: str) -> str:
    if "\x00" in model_id:
        raise ModelNotFound
    return model_id


class ModelTestView(ContractView):
    """Try a configuration out; nothing is saved."""

    permissions_needed = {"POST": "admin:models"}
    only_asks = True

    @extend_schema(request=schema.ModelTestIn, responses=schema.ModelTestOut, operation_id="test_model")
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.ModelTestIn)
        outcome = probing.try_configuration(
            actor=actor_of(request),
            api_base=body["api_base"],
            backend_model_name=body.get("backend_model_name") or "",
            provider_key=body.get("api_key") or None,
            model_id=body.get("model_id") or None,
            converts=bool(body.get("supports_convert")),
            now=timezone.now(),
        )
        shown = {"success": outcome.is_good, "result": outcome.result.value, "message": outcome.message}
        return Response(shown | ({"availableModels": list(outcome.offered)} if outcome.offered else {}))


class RefreshView(ContractView):
    """Read the gateway's models now."""

    permissions_needed = {"POST": "admin:models"}

    @extend_schema(
        request=None,
        responses={200: schema.RefreshOut, 202: schema.RefreshOut},
        operation_id="refresh_models",
    )
    def post(self, request: Request) -> Response:
        done = sync_jobs.sync_now(actor=actor_of(request), trigger="api")
        facts = {"jobId": str(done.pk)} if isinstance(done, Job) else {"models": done.total}
        with transaction.atomic():
            audit.record("MODELS_REFRESH", actor=actor_of(request), resource=("MODEL", ""), metadata=facts)
        if isinstance(done, Job):
            count = Model.objects.available().count()
            shown = {"message": "The models are being read from the gateway.", "modelsCount": count}
            return accepted(done, shown | {"refreshedAt": None})
        shown = {"message": "The models were read from the gateway.", "modelsCount": done.total}
        return Response(shown | {"refreshedAt": done.synced_at})


class AdminSyncView(ContractView):
    permissions_needed = {"POST": "admin:models"}

    @extend_schema(
        request=schema.AdminSyncIn,
        responses={200: schema.AdminSyncOut, 202: schema.AdminSyncOut},
        operation_id="admin_sync_models",
    )
    def post(self, request: Request) -> Response:
        body = body_of(request, schema.AdminSyncIn)
        summary = sync_jobs.sync_now(
            actor=actor_of(request), trigger="api", rewrites=body.get("forceSync", False)
        )
        if isinstance(summary, Job):
            nothing_yet = dict.fromkeys(("modelsAdded", "modelsUpdated", "modelsRemoved", "total"), 0)
            begun = {"syncId": str(summary.pk), "startedAt": summary.created_at, "completedAt": None}
            return accepted(summary, begun | {"results": nothing_yet})
        run = SyncRun.objects.get(pk=summary.run_id or 0)
        results = {
            "modelsAdded": len(summary.new) + len(summary.restored),
            "modelsUpdated": len(summary.updated),
            "modelsRemoved": len(summary.unavailable),
            "total": summary.total,
        }
        return Response(
            {
                "syncId": str(run.pk),
                "startedAt": run.started_at,
                "completedAt": run.finished_at,
                "results": results,
            }
        )


class SyncRunsView(ContractView):
    """The history of the synchronisation, newest first."""

    permissions_needed = {"GET": "admin:models:read"}

    @extend_schema(
        parameters=page_parameters(),
        responses=schema.SyncRunPageOut,
        operation_id="list_model_sync_runs",
    )
    def get(self, request: Request) -> Response:
        return Response(page_of(request, SyncRun.objects.order_by("-started_at", "-pk"), presenters.sync_run))


class ValidateView(ContractView):
    """Whether the catalogue is sound."""

    permissions_needed = {"GET": "admin:models:read"}

    @extend_schema(responses=schema.ValidationOut, operation_id="validate_models")
    def get(self, request: Request) -> Response:
        serving = Deployment.objects.filter(model=OuterRef("pk"), vanished_at=None)
        rows = Model.objects.available().annotate(is_served=Exists(serving)).order_by("pk")
        found = list(rows.values_list("pk", "is_served"))
        # Subscriptions follow their models; one that is active without its model would be a fault of ours.
        orphaned = Model.objects.filter(
            subscriptions__status="active", availability=Model.Availability.UNAVAILABLE
        ).count()
        invalid = [pk for pk, is_served in found if not is_served]
        return Response(
            {
                "validModels": len(found) - len(invalid),
                "invalidModels": invalid,
                "orphanedSubscriptions": orphaned,
            }
        )
