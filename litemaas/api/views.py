"""The base of every REST view."""

import hashlib
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from litemaas.api.parsing import StrictJSONParser
from litemaas.api.permissions import ANYBODY, permission_for
from litemaas.api.rendering import OrjsonRenderer, dumps


class ContractView(APIView):
    """Parse, call one use case, render. `permissions_needed` maps methods (or "*") to a permission code.

    There is one format in and one out, so negotiation is skipped: it costs as much as a small query.
    """

    permissions_needed: ClassVar[dict[str, str]] = {}
    _renderer = OrjsonRenderer()
    _parsers = (StrictJSONParser(),)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return self._renderer, self._renderer.media_type

    def get_parsers(self) -> Any:
        return self._parsers

    def perform_authentication(self, request: Request) -> None:
        """On a route that is open to everybody a bad credential counts as none (contract §1.1)."""
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            if permission_for(self, request.method or "GET") != ANYBODY:
                raise

    def finalize_response(  # type: ignore[override]  # what leaves here is rendered
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if isinstance(response, Response):
            response = _rendered(request, response)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-cache"
        response["Vary"] = "Authorization, Cookie"
        return response

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        if not cls.permissions_needed:
            raise TypeError(f"{cls.__name__} declares no permission.")
        return super().as_view(**initkwargs)


def _rendered(request: Request, response: Response) -> HttpResponse:
    """The finished answer, with an ETag over its content on reads (contract §1.5)."""
    content = b"" if response.data is None else dumps(response.data)
    headers = dict(response.items())
    headers.pop("Content-Type", None)
    if request.method in {"GET", "HEAD"} and response.status_code == 200 and "Cache-Control" not in headers:
        tag = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
        headers["ETag"] = tag
        if tag in request.META.get("HTTP_IF_NONE_MATCH", ""):
            return HttpResponse(status=304, headers=headers)
    return HttpResponse(
        content, status=response.status_code, content_type="application/json", headers=headers
    )


def body_of(request: Request | HttpRequest, serializer: type[Any], **kwargs: Any) -> dict[str, Any]:
    """The validated body. Unknown fields are ignored, wrong known ones are a 400 that names them."""
    parsed = serializer(data=request.data, **kwargs)  # type: ignore[union-attr]
    parsed.is_valid(raise_exception=True)
    return dict(parsed.validated_data)


def created(data: Any, **headers: str) -> Response:
    return Response(data, status=201, headers=headers)


def secret(data: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer that holds a credential: nobody may keep it."""
    return Response(data, status=status, headers={"Cache-Control": "no-store", **(headers or {})})
