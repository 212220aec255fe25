"""The OpenAPI document and its browser, all of it served from here."""

from functools import lru_cache
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from litemaas.api.permissions import ANYBODY
from litemaas.api.views import ContractView


@lru_cache(maxsize=1)
def document() -> Any:
    """The document of all routes. It depends on the code alone, so it is made once per process."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


@extend_schema(exclude=True)
class OpenApiView(ContractView):
    permissions_needed = {"GET": ANYBODY}
    authentication_classes = ()

    def get(self, request: Request) -> Response:
        return Response(document())


# The browser writes style elements of its own; scripts stay ours alone.
@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI. In production it is for people who are signed in."""

    permissions_needed = {"GET": ANYBODY}
    url_name = "openapi"
    template_name = "docs.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        if settings.IS_PRODUCTION and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
