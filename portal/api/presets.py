"""One's own presets of the playground."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api.pagination import page_of
from litemaas.api.permissions import SIGNED_IN
from litemaas.api.schema import page_parameters
from litemaas.api.views import ContractView, body_of, created
from portal.api import playground_schema as schema
from portal.models import SavedPreset
from portal.playground import saving


def _preset(row: SavedPreset) -> dict[str, Any]:
    times = {"createdAt": row.created_at, "updatedAt": row.updated_at}
    return {"id": row.pk, "name": row.name, "settings": row.settings, **times}


class PresetsView(ContractView):
    permissions_needed: ClassVar = {"GET": SIGNED_IN, "POST": SIGNED_IN}
    person_only: ClassVar = True

    @extend_schema(
        parameters=page_parameters(), responses=schema.SavedPresetPageOut, operation_id="list_presets"
    )
    def get(self, request: Request) -> Response:
        own = SavedPreset.objects.visible_to(actor_of(request)).order_by("-updated_at", "id")
        return Response(page_of(request, own, _preset))

    @extend_schema(
        request=schema.PresetIn, responses={201: schema.SavedPresetOut}, operation_id="save_preset"
    )
    def post(self, request: Request) -> Response:
        values = body_of(request, schema.PresetIn)
        return created(
            _preset(saving.save_preset(actor=actor_of(request), values=values, now=timezone.now()))
        )


class PresetView(ContractView):
    permissions_needed: ClassVar = {"GET": SIGNED_IN, "PATCH": SIGNED_IN, "DELETE": SIGNED_IN}
    person_only: ClassVar = True

    @extend_schema(responses=schema.SavedPresetOut, operation_id="read_preset")
    def get(self, request: Request, preset_id: str) -> Response:
        return Response(_preset(SavedPreset.objects.visible_to(actor_of(request)).get_or_refuse(preset_id)))

    @extend_schema(
        request=schema.PresetIn(partial=True), responses=schema.SavedPresetOut, operation_id="change_preset"
    )
    def patch(self, request: Request, preset_id: str) -> Response:
        values = body_of(request, schema.PresetIn, partial=True)
        changed = saving.change_preset(
            actor=actor_of(request), preset_id=preset_id, values=values, now=timezone.now()
        )
        return Response(_preset(changed))

    @extend_schema(responses={204: None}, operation_id="delete_preset")
    def delete(self, request: Request, preset_id: str) -> Response:
        saving.delete_preset(actor=actor_of(request), preset_id=preset_id)
        return Response(status=204)
