"""The base of every REST view."""

from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from litemaas.api.parsing import StrictJSONParser
from litemaas.api.rendering import OrjsonRenderer


class ContractView(APIView):
    """Parse, call one use case, render. `permissions_needed` maps methods (or "*") to a permission code.

    There is one format in and one out, so negotiation is skipped: it costs as much as a small query.
    """

    permissions_needed: ClassVar[dict[str, str]] = {}
    _renderer = OrjsonRenderer()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return self._renderer, self._renderer.media_type

    def get_parsers(self) -> Any:
        return [StrictJSONParser()]

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().finalize_response(request, response, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-cache"
        return response

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        if not cls.permissions_needed:
            raise TypeError(f"{cls.__name__} declares no permission.")
        return super().as_view(**initkwargs)


def body_of(request: Request | HttpRequest, serializer: type[Any], **kwargs: Any) -> dict[str, Any]:
    """The validated body. Unknown fields are ignored, wrong known ones are a 400 that names them."""
    parsed = serializer(data=request.data, **kwargs)  # type: ignore[union-attr]
    parsed.is_valid(raise_exception=True)
    return dict(parsed.validated_data)


def created(data: Any, **headers: str) -> Response:
    return Response(data, status=201, headers=headers)
