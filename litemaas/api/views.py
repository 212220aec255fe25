"""The base of every REST view."""

from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from litemaas import dry_run
from litemaas.api import idempotency, params, preconditions
from litemaas.api.parsing import StrictJSONParser
from litemaas.api.permissions import ANYBODY, permission_for
from litemaas.api.rendering import OrjsonRenderer, dumps
from litemaas.api.throttling import ANONYMOUS, SIGNED_IN, Standing, TooManyRequests, count
from litemaas.errors import InvalidInput


class ContractView(APIView):
    """Parse, call one use case, render. `permissions_needed` maps methods (or "*") to a permission code.

    There is one format in and one out, so negotiation is skipped: it costs as much as a small query.
    """

    permissions_needed: ClassVar[dict[str, str]] = {}
    # Methods with a dry run: the handler runs in a transaction that is undone. What calls the gateway reads
    # `?dryRun` itself and lists the method in `rehearses_itself`.
    rehearses: ClassVar[frozenset[str]] = frozenset()
    rehearses_itself: ClassVar[frozenset[str]] = frozenset()
    # A POST that only asks ignores Idempotency-Key; one that `replays_itself` does so in its use case.
    only_asks: ClassVar[bool] = False
    replays_itself: ClassVar[bool] = False
    # Which limit on requests counts (`throttling`): None = none, the default is the one of its principal.
    rate_bucket: ClassVar[str | None] = SIGNED_IN
    _standing: Standing | None = None
    _renderer = OrjsonRenderer()
    _parsers = (StrictJSONParser(),)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return self._renderer, self._renderer.media_type

    def get_parsers(self) -> Any:
        return self._parsers

    def perform_authentication(self, request: Request) -> None:
        """On a route that is open to everybody a bad credential counts as none (contract §1.1).

        Whoever it turns out to be, the request is counted, also one whose credential is wrong.
        """
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            self._count(request, None)
            if permission_for(self, request.method or "GET") != ANYBODY:
                raise
        else:
            self._count(request, request.user.pk)

    def _count(self, request: Request, principal: Any) -> None:
        bucket = self.rate_bucket
        if bucket == SIGNED_IN and principal is None:
            bucket = ANONYMOUS
        if bucket is not None and request.method != "OPTIONS":
            try:
                self._standing = count(request, bucket, principal=principal)
            except TooManyRequests as error:
                self._standing = error.standing
                raise

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's own, with the rules that hold on every change between the permission and the handler."""
        self.args, self.kwargs, self.headers = args, kwargs, {}
        asked = self.request = self.initialize_request(request, *args, **kwargs)
        try:
            self.initial(asked, *args, **kwargs)
            handler = getattr(self, (asked.method or "").lower(), self.http_method_not_allowed)
            act = partial(handler, asked, *args, **kwargs)
            response = act() if asked.method in _READS else self._carry_out(asked, act)
        except Exception as error:  # noqa: BLE001  what is no refusal is raised again there
            response = self.handle_exception(error)
        return self.finalize_response(asked, response, *args, **kwargs)

    def _carry_out(self, request: Request, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """Dry run, If-Match and Idempotency-Key (contract §1.5)."""
        method = request.method or ""
        if "dryRun" in request.GET and _is_dry(self, request):
            # Its answer is not kept: it must not be given in place of the real one's.
            if method == "POST":
                idempotency.key_of(request)
            return act() if method in self.rehearses_itself else _rehearsed(act)
        if method != "POST" and "HTTP_IF_MATCH" in request.META:
            read = getattr(self, "get", None)
            return preconditions.if_unchanged(
                request, partial(read, request, *self.args, **self.kwargs) if read else None, act
            )
        if method == "POST" and not self.only_asks and not self.replays_itself and request.user.pk:
            key = idempotency.key_of(request)
            if key is not None:
                return idempotency.once(request, key, act, self.handle_exception)
        return act()

    def finalize_response(  # type: ignore[override]  # what leaves here is rendered
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        if isinstance(response, Response):
            response = _rendered(request, response)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-cache"
        if response.has_header("Vary"):
            patch_vary_headers(response, ("Authorization", "Cookie"))
        else:
            response["Vary"] = "Authorization, Cookie"
        if self._standing is not None:
            for name, value in self._standing.headers.items():
                response[name] = value
        return response

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        if not cls.permissions_needed:
            raise TypeError(f"{cls.__name__} declares no permission.")
        return super().as_view(**initkwargs)


_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_dry(request: Request) -> bool:
    """Whether the caller asks for a dry run."""
    return bool(params.boolean(request, "dryRun", False))


def _is_dry(view: ContractView, request: Request) -> bool:
    if not is_dry(request):
        return False
    if request.method not in view.rehearses | view.rehearses_itself:
        raise InvalidInput(fields={"dryRun": "This address has no dry run."})
    return True


_AFFECTED = {"users": "USER", "subscriptions": "SUBSCRIPTION", "apiKeys": "API_KEY", "models": "MODEL"}
_MOST_SAMPLES = 20


def affected(touched: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The contract's `affected`: how many of each kind, and the first of them by name."""
    samples = [
        {"type": name, "id": key, "label": label or key}
        for name, kind in _AFFECTED.items()
        for key, label in touched.get(kind, {}).items()
    ]
    counts = {name: len(touched.get(kind, {})) for name, kind in _AFFECTED.items()}
    return {**counts, "samples": samples[:_MOST_SAMPLES]}


def _rehearsed(act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The answer of the real run, of which nothing is left."""
    with dry_run.rehearsal() as found:
        response = act()
        if isinstance(response, Response):
            # Rendered before the rows are gone: the answer may still read them.
            data = response.data if isinstance(response.data, dict) else {}
            shown = {**data, "dryRun": True, "affected": affected(found.touched)}
            status = 200 if response.status_code == 204 else response.status_code
            response = Response(shown, status=status)
    return response


def _rendered(request: Request, response: Response) -> HttpResponse:
    """The finished answer, with an ETag over its content on reads (contract §1.5)."""
    content = b"" if response.data is None else dumps(response.data)
    headers = dict(response.items())
    headers.pop("Content-Type", None)
    if request.method in {"GET", "HEAD"} and response.status_code == 200 and "Cache-Control" not in headers:
        tag = preconditions.etag_of(content)
        headers["ETag"] = tag
        if tag in request.META.get("HTTP_IF_NONE_MATCH", ""):
            return HttpResponse(status=304, headers=headers)
    return HttpResponse(
        content, status=response.status_code, content_type="application/json", headers=headers
    )


def body_of(request: Request | HttpRequest, serializer: type[Any], **kwargs: Any) -> dict[str, Any]:
    """The validated body. Unknown fields are ignored, wrong known ones are a 400 that names them."""
    if kwargs:
        parsed = serializer(data=request.data, **kwargs)  # type: ignore[union-attr]
        parsed.is_valid(raise_exception=True)
        return dict(parsed.validated_data)
    spare = _spare[serializer]
    parsed = spare.pop() if spare else serializer(data=None)
    parsed.initial_data = request.data  # type: ignore[union-attr]
    parsed.is_valid(raise_exception=True)
    body = dict(parsed.validated_data)
    del parsed.initial_data, parsed._validated_data, parsed._errors
    spare.append(parsed)
    return body


# Making a serializer copies each of its fields, which takes longer than to validate with them. Those that have said yes
# serve again, each for one request at a time.
_spare: defaultdict[type[Any], deque[Any]] = defaultdict(deque)


def created(data: Any, **headers: str) -> Response:
    return Response(data, status=201, headers=headers)


def secret(data: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer that holds a credential: nobody may keep it."""
    return Response(data, status=status, headers={"Cache-Control": "no-store", **(headers or {})})
