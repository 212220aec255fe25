"""The one error body of the REST contract (§1.2): RFC 9457, its flat twin, and the v0.4 `error` member."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import set_rollback

from litemaas import context, errors
from litemaas.api.rendering import dumps
from litemaas.refusals import refused

log = structlog.get_logger(__name__)

STATUS_OF_CODE: dict[str, int] = {
    "VALIDATION_ERROR": 400,
    "INVALID_INPUT": 400,
    "INVALID_DATE_RANGE": 400,
    "INVALID_DATE_ORDER": 400,
    "INVALID_DATE_FORMAT": 400,
    "DATE_RANGE_TOO_LARGE": 400,
    "GRANULARITY_NOT_AVAILABLE": 400,
    "LIMIT_EXCEEDS_MAXIMUM": 400,
    "KEY_LIMIT_REACHED": 400,
    "MODEL_NOT_SUBSCRIBED": 400,
    "INVALID_STATE_TRANSITION": 400,
    "INVALID_MODEL": 400,
    "UNAUTHORIZED": 401,
    "INVALID_TOKEN": 401,
    "TOKEN_EXPIRED": 401,
    "TOKEN_REVOKED": 401,
    "ACCOUNT_DISABLED": 401,
    "REFRESH_TOKEN_REUSED": 401,
    "FORBIDDEN": 403,
    "TOKEN_TOO_OLD": 403,
    "FORBIDDEN_API_KEYS": 403,
    "QUOTA_EXCEEDED": 403,
    "BUDGET_EXCEEDED": 403,
    "CSRF_FAILED": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "NOT_ACCEPTABLE": 406,
    "ALREADY_EXISTS": 409,
    "CONFLICT": 409,
    "IDEMPOTENCY_IN_PROGRESS": 409,
    "LAST_ADMIN": 409,
    "JOB_RUNNING": 409,
    "SYNC_SAFETY_STOP": 409,
    "PRECONDITION_FAILED": 412,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "IDEMPOTENCY_KEY_REUSED": 422,
    "RATE_LIMITED": 429,
    "KEY_OPERATION_RATE_LIMITED": 429,
    "INTERNAL_ERROR": 500,
    "LITELLM_ERROR": 502,
    "EXTERNAL_SERVICE_ERROR": 502,
    "SERVICE_UNAVAILABLE": 503,
    "TIMEOUT": 504,
}
_RETRYABLE = {502: 5, 503: 5, 504: 5}
_CODE_OF_STATUS = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"} | {
    406: "NOT_ACCEPTABLE",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RATE_LIMITED",
}


def status_of(code: str) -> int:
    return STATUS_OF_CODE.get(code, 400)


def problem_body(
    code: str,
    message: str | Promise,
    *,
    path: str,
    details: dict[str, Any] | None = None,
    status: int | None = None,
) -> dict[str, Any]:
    """The error body. `details` must be safe to show."""
    status = status or status_of(code)
    shared: dict[str, Any] = {
        "code": code,
        "message": str(message),
        "statusCode": status,
        "details": details or {},
        "requestId": context.current().request_id,
        "timestamp": datetime.now(UTC),
    }
    legacy = dict(shared)
    wait = _RETRYABLE.get(status) or (details or {}).get("retryAfter")
    if wait is not None and status in {429, *_RETRYABLE}:
        legacy["retry"] = {
            "retryable": True,
            "retryAfter": wait,
            "maxRetries": 3,
            "backoffType": "exponential",
        }
    return {
        "type": f"/problems/{code.lower().replace('_', '-')}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": message,
        "instance": path,
        **shared,
        "error": legacy,
    }


def problem(
    request: HttpRequest | Request,
    code: str,
    message: str | Promise,
    details: dict[str, Any] | None = None,
    **extra: Any,
) -> HttpResponse:
    """A finished error answer. `extra["headers"]` and `extra["members"]` are added to its head and body."""
    body = problem_body(code, message, path=request.path, details=details, status=extra.get("status"))
    body |= extra.get("members", {})
    response = HttpResponse(dumps(body), status=body["status"], content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if body["status"] in _RETRYABLE:
        response["Retry-After"] = str(_RETRYABLE[body["status"]])
    for name, value in extra.get("headers", {}).items():
        response[name] = value
    return response


def exception_handler(error: Exception, ctx: dict[str, Any]) -> HttpResponse | None:
    """DRF's hook: every refusal becomes a problem; what is not a refusal is a bug and stays a 500 with a trace."""
    set_rollback()
    return answer_for(error, ctx["request"])


def answer_for(error: Exception, request: HttpRequest | Request) -> HttpResponse | None:
    """The answer for a known kind of error, None for a bug."""
    if isinstance(error, errors.DomainError):
        if isinstance(error, errors.Forbidden):
            refused(request, error)
        return _domain(error, request)
    if isinstance(error, exceptions.ValidationError):
        return _validation(error, request)
    if isinstance(error, exceptions.APIException):
        return _rest_framework(error, request)
    if isinstance(error, Http404):
        return problem(request, "NOT_FOUND", errors.NotFound.default_message)
    if isinstance(error, PermissionDenied):
        return problem(request, "FORBIDDEN", errors.Forbidden.default_message)
    if isinstance(error, RequestDataTooBig):
        return problem(request, "PAYLOAD_TOO_LARGE", "The body is too large.")
    if is_outage(error):
        log.warning("a service is away", error=type(error).__name__, path=request.path)
        return problem(request, "SERVICE_UNAVAILABLE", errors.ServiceUnavailable.default_message)
    return None


def is_outage(error: BaseException) -> bool:
    """The database or Valkey did not answer, as against a statement that was wrong."""
    if isinstance(error, RedisError):
        return True
    return isinstance(error, OperationalError | InterfaceError) and isinstance(
        error, DatabaseError | InterfaceError
    )


def _domain(error: errors.DomainError, request: HttpRequest | Request) -> HttpResponse:
    details = dict(error.data)
    if isinstance(error, errors.InvalidInput) and error.fields:
        details["validation"] = [
            {"field": field, "message": text, "code": "invalid"} for field, text in error.fields.items()
        ]
        details["field"] = next(iter(error.fields))
    headers = {"Retry-After": str(details["retryAfter"])} if "retryAfter" in details else {}
    return problem(request, error.code, error.message, details, headers=headers)


def _validation(error: exceptions.ValidationError, request: HttpRequest | Request) -> HttpResponse:
    entries = list(_flatten(error.detail))
    first = entries[0]
    return problem(
        request,
        "VALIDATION_ERROR",
        " ".join(entry["message"] for entry in entries),
        {"field": first["field"], "validation": entries},
    )


def _flatten(detail: Any, prefix: str = "") -> Any:
    """DRF's nested errors as `{field, message, code}` entries, with full sentences."""
    if isinstance(detail, dict):
        for field, inner in detail.items():
            yield from _flatten(inner, _path(prefix, field))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _flatten(inner, f"{prefix}[{position}]" if nested and prefix else prefix)
    else:
        text = str(detail)
        yield {
            "field": prefix or "body",
            "message": f"{prefix}: {text}" if prefix else text,
            "code": getattr(detail, "code", "invalid"),
        }


def _path(prefix: str, field: str | int) -> str:
    """Lists report their wrong entries by position."""
    if field == "non_field_errors":
        return prefix
    if isinstance(field, int):
        return f"{prefix}[{field}]"
    return f"{prefix}.{field}" if prefix else field


def _rest_framework(error: exceptions.APIException, request: HttpRequest | Request) -> HttpResponse:
    code = getattr(error, "contract_code", None) or _CODE_OF_STATUS.get(error.status_code)
    if code is None:
        code = "VALIDATION_ERROR" if error.status_code < 500 else "INTERNAL_ERROR"
    details = getattr(error, "contract_details", {})
    headers = {"WWW-Authenticate": 'Bearer realm="api"'} if error.status_code == 401 else {}
    if isinstance(error, exceptions.MethodNotAllowed) and isinstance(request, Request):
        view = request.parser_context.get("view") if request.parser_context else None
        headers["Allow"] = ", ".join(view.allowed_methods) if view else ""
    return problem(request, code, str(error.detail), details, headers=headers)
