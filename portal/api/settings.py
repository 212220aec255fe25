"""What administrators set (contract §15). Readers with the right to see see, administrators change."""

from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import options
from accounts.api.authentication import actor_of
from litemaas.api.views import ContractView, body_of
from portal.api import schema

_READ, _WRITE = "admin:system:read", "admin:settings"


class PortalSettingsView(ContractView):
    permissions_needed: ClassVar = {"GET": _READ, "PUT": _WRITE}

    @extend_schema(responses=schema.PortalSettings, operation_id="read_portal_settings")
    def get(self, request: Request) -> Response:
        return Response(options.values(options.PORTAL))

    @extend_schema(
        request=schema.PortalSettings,
        responses=schema.PortalSettings,
        operation_id="change_portal_settings",
    )
    def put(self, request: Request) -> Response:
        body = body_of(request, schema.PortalSettings, partial=True)
        options.change_options(
            actor=actor_of(request), values=body, action="UPDATE_PORTAL_SETTINGS", now=timezone.now()
        )
        return Response(options.values(options.PORTAL))


_WIRE = {"maxBudget": "userMaxBudget", "tpmLimit": "userTpmLimit", "rpmLimit": "userRpmLimit"}


def _user_defaults() -> dict[str, Any]:
    chosen = options.values(options.USER_DEFAULTS)
    return {
        **{wire: chosen[name] for wire, name in _WIRE.items()},
        "envDefaults": {wire: settings.USER_DEFAULTS[name] for wire, name in _WIRE.items()},
    }


class UserDefaultsView(ContractView):
    permissions_needed: ClassVar = {"GET": _READ, "PUT": _WRITE}

    @extend_schema(responses=schema.UserDefaultsOut, operation_id="read_user_defaults")
    def get(self, request: Request) -> Response:
        return Response(_user_defaults())

    @extend_schema(
        request=schema.UserDefaultsIn, responses=schema.UserDefaultsOut, operation_id="change_user_defaults"
    )
    def put(self, request: Request) -> Response:
        body = body_of(request, schema.UserDefaultsIn)
        options.change_options(
            actor=actor_of(request),
            values={_WIRE[wire]: value for wire, value in body.items()},
            action="UPDATE_USER_DEFAULTS",
            now=timezone.now(),
        )
        return Response(_user_defaults())


class CurrencyView(ContractView):
    permissions_needed: ClassVar = {"GET": _READ, "PUT": _WRITE}

    @extend_schema(responses=schema.CurrencyOut, operation_id="read_currency")
    def get(self, request: Request) -> Response:
        return Response(options.currency_of(options.value("currency")))

    @extend_schema(request=schema.CurrencyIn, responses=schema.CurrencyOut, operation_id="change_currency")
    def put(self, request: Request) -> Response:
        body = body_of(request, schema.CurrencyIn)
        options.change_options(
            actor=actor_of(request),
            values={"currency": body["code"]},
            action="UPDATE_CURRENCY_SETTINGS",
            now=timezone.now(),
        )
        return Response(options.currency_of(body["code"]))


class CurrenciesView(ContractView):
    permissions_needed: ClassVar = {"GET": _READ}

    @extend_schema(responses=schema.CurrencyOut(many=True), operation_id="list_currencies")
    def get(self, request: Request) -> Response:
        return Response([options.currency_of(code) for code in options.CURRENCIES])
