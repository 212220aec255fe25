"""OpenAPI: what drf-spectacular can't see of our views."""

import inspect
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from litemaas.api.fields import Text
from litemaas.api.pagination import DEFAULT_LIMIT, FURTHEST
from litemaas.api.permissions import ANYBODY, permission_for


class PaginationOut(serializers.Serializer[Any]):
    page = serializers.IntegerField()
    limit = serializers.IntegerField()
    total = serializers.IntegerField()
    totalPages = serializers.IntegerField()


def page_schema(item: type[serializers.Serializer[Any]], *, with_total: bool = False) -> Any:
    """The serializer class of a page of `item`, for the schema."""
    fields: dict[str, Any] = {"data": item(many=True), "pagination": PaginationOut()}
    if with_total:
        fields["total"] = serializers.IntegerField()
    return type(f"{item.__name__.removesuffix('Out')}PageOut", (serializers.Serializer,), fields)


# Second addresses of routes that the document names once.
_ALIASES = ("/health", "/metrics", "/api/v1/metrics", "/api/auth/refresh", "/api/rbac/", "/openapi.json")


def one_path_per_route(endpoints: list[Any]) -> list[Any]:
    """drf-spectacular's hook: routes without the optional slash at the end, and without aliases."""
    tidy = [(path.rstrip("/"), regex, method, view) for path, regex, method, view in endpoints]
    return [e for e in tidy if not e[0].startswith(_ALIASES) and not e[0].endswith("/retrieve-key")]


KEY_SCHEMA: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[ -~]+$"}
_IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    KEY_SCHEMA,
    OpenApiParameter.HEADER,
    description="1 to 128 printable characters. The first answer is kept for 24 hours and given again.",
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that was read: 412 if it has changed since.",
)
_IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that is known: 304 if it is still so.",
)


def page_parameters(*, most: int = 100, usual: int = DEFAULT_LIMIT) -> list[OpenApiParameter]:
    """`page` and `limit` of a list, with their bounds."""
    return [
        OpenApiParameter("page", whole(1, FURTHEST, 1)),
        OpenApiParameter("limit", whole(1, most, usual)),
    ]


def whole(least: int, most: int, usual: int | None = None) -> dict[str, Any]:
    """The schema of a whole number in a query, with its bounds and what counts if it is left out."""
    found: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    return found if usual is None else {**found, "default": usual}


_DRY_RUN = OpenApiParameter(
    "dryRun", bool, description="true: check everything, change nothing, and say what would be affected."
)


class ContractSchema(AutoSchema):
    """Adds what the frame of every view understands (`litemaas.api.views`); the rest is in `litemaas.api.completing`."""

    def get_override_parameters(self) -> list[Any]:
        view, method = self.view, self.method.upper()
        found = list(super().get_override_parameters())
        if method == "GET":
            found.append(_IF_NONE_MATCH)
        elif method == "POST":
            if not getattr(view, "only_asks", False) and permission_for(view, method) != ANYBODY:
                found.append(_IDEMPOTENCY)
        elif hasattr(view, "get"):
            found.append(_IF_MATCH)
        if method in getattr(view, "rehearses", ()) or method in getattr(view, "rehearses_itself", ()):
            found.append(_DRY_RUN)
        return found

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """The docstring of the method or of the view itself; that of our base tells a reader of the document nothing."""
        handler = getattr(self.view, self.method.lower(), None)
        own = type(self.view).__dict__.get("__doc__")
        return inspect.cleandoc(getattr(handler, "__doc__", None) or own or "")

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        """Our deletions have a body where one is declared."""
        declared = self.get_response_serializers()
        if self.method != "DELETE" or isinstance(declared, dict):
            return super()._get_response_bodies(direction)
        answer = self._get_response_for_code(declared, "200", direction=direction)  # type: ignore[no-untyped-call]
        return {"200": answer}

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """Texts of requests say that blanks are none; drf-spectacular would, if each shape had two components.

        A field that takes more than it asks for has `shown_as`.
        """
        if hasattr(field, "shown_as"):
            return dict(field.shown_as)
        found = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        is_sent = isinstance(field, Text) or direction == "request"
        if isinstance(field, serializers.RegexField):
            return found
        if is_sent and isinstance(field, serializers.CharField) and not field.allow_blank:
            if not found.keys() & {"format", "enum", "pattern", "$ref", "allOf"}:
                found |= {"pattern": r"\S"} if field.trim_whitespace else {"minLength": 1}
        elif is_sent and isinstance(field, serializers.ListSerializer):
            found |= {"minItems": 0 if field.allow_empty else 1}
            if (most := getattr(field, "max_length", None)) is not None:
                found["maxItems"] = most
        return found

    def _insert_field_validators(self, field: Any, schema: Any) -> None:
        if not hasattr(field, "shown_as"):
            super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """`described` of a shape is what its fields can't say: that one of two is needed, or both together."""
        found = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        return found | getattr(serializer, "described", {})

    def get_auth(self) -> list[dict[str, list[str]]]:
        if permission_for(self.view, self.method.upper()) == ANYBODY:
            return [{}]
        return super().get_auth()
