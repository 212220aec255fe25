"""OpenAPI: what drf-spectacular can't see of our views."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from litemaas.api.permissions import ANYBODY, permission_for


class ProblemOut(serializers.Serializer[Any]):
    """Every error, on every route (RFC 9457 with its flat twin and the v0.4 `error` member)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()
    statusCode = serializers.IntegerField()
    details = serializers.DictField()
    requestId = serializers.CharField()
    timestamp = serializers.DateTimeField()
    error = serializers.DictField()


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


class ContractSchema(AutoSchema):
    """Adds the common errors and, from the declared permission, whether a credential is needed."""

    def get_response_serializers(self) -> Any:
        declared = super().get_response_serializers()
        answers: dict[Any, Any] = (
            dict(declared) if isinstance(declared, dict) else {self._success_status(): declared}
        )
        for status in ("400", "401", "403", "404", "429", "503"):
            answers.setdefault((status, "application/problem+json"), ProblemOut)
        return answers

    def _success_status(self) -> str:
        return "200"

    def get_auth(self) -> list[dict[str, list[str]]]:
        if permission_for(self.view, self.method.upper()) == ANYBODY:
            return [{}]
        return super().get_auth()
