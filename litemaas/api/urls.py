"""The end of the REST routes: what matches nothing above is answered in the API's words, also in debug mode."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from litemaas import errors
from litemaas.api.docs import DocsView, OpenApiView
from litemaas.api.problems import problem
from litemaas.api.routes import route


@csrf_exempt
def unknown_route(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    return problem(request, "NOT_FOUND", errors.NotFound.default_message)


# Below /
documentation = [
    route("openapi.json", OpenApiView.as_view(), "openapi-root"),
    route("docs", DocsView.as_view(), "docs"),
]
# Below /api/v1
urlpatterns = [route("openapi.json", OpenApiView.as_view(), "openapi")]
# Below /api, last
leftover = [re_path(r"^.*$", unknown_route, name="api-unknown")]
