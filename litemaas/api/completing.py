"""What every operation of the OpenAPI document has in common: sections, errors, security; and the recorded examples.

drf-spectacular knows the views; this is added to what it makes of them.
"""

import json
import re
from pathlib import Path
from typing import Any

from litemaas.api.describing import HEADERS, describe
from litemaas.api.links import add_links

Json = dict[str, Any]
RECORDED = Path(__file__).with_name("examples.json")
# Of the operations that have none there: answers to the rows of the contract's table.
OF_THE_TABLE = Path(__file__).with_name("table_examples.json")
# The sections of the contract in its order, and which addresses belong there. The first match counts.
_SECTIONS: tuple[tuple[str, str, str], ...] = (
    ("Authentication", r"/api/(v1/)?auth/|.*/revoke-sessions|/api/v1/admin/auth/", "Sign-in, tokens, sessions."),
    ("Automation keys", r"/api/v1/admin/automation-keys", "Credentials of programs that administer."),
    ("Roles and permissions", r"/api/v1/rbac/", "Who may do what."),
    ("Configuration and health", r"/api/v1(/config.*|/health.*)?$", "What clients and probes read before they start."),
    ("Own account", r"/api/v1/users/me", "One's own profile, activity, preferences and limits."),
    ("Models", r"/api/v1/(models|admin/sync)", "The catalogue."),
    ("Subscriptions", r"/api/v1/subscriptions", "One's rights to use models."),
    ("API keys", r"/api/v1/api-keys", "Credentials for the gateway."),
    ("Usage", r"/api/v1/usage/(?!admin)", "What was used, and what it cost."),
    ("Teams", r"/api/v1/(teams|invitations)", "Teams, members, invitations, budgets, keys of teams."),
    ("Integration", r"/api/v1/(integration|gateway)", "How portal and gateway stand to each other."),
    ("Admin: users", r"/api/v1/(users|admin/users|admin/api-keys|admin/system)", "People, their keys and subscriptions."),
    ("Admin: models", r"/api/v1/admin/models", "Models that the portal manages in the gateway."),
    ("Admin: subscriptions", r"/api/v1/admin/subscriptions", "Requests that wait for a decision."),
    ("Admin: analytics", r"/api/v1/(admin/usage|usage/admin)", "Everybody's usage."),
    ("Admin: settings", r"/api/v1/admin/settings", "What administrators set at run time."),
    ("Audit", r"/api/v1/admin/audit", "Who did what."),
    ("Backup", r"/api/v1/admin/backup", "Backups of the databases."),
    ("Banners", r"/api/v1/banners", "What everybody is told."),
    ("Branding", r"/api/v1/branding", "Logos and titles."),
    ("Jobs", r"/api/v1/jobs", "Long tasks."),
    ("Notifications", r"/api/v1/notifications", "What one is told."),
    ("Playground", r"/api/v1/playground", "Trying a model with a key of one's own."),
)  # fmt: skip
# Status → name of the component, code, sentence.
_ERRORS: dict[int, tuple[str, str, str]] = {
    400: ("BadRequest", "VALIDATION_ERROR", "Some of the values are not valid."),
    401: ("Unauthorized", "UNAUTHORIZED", "Sign in first."),
    403: ("Forbidden", "FORBIDDEN", "You are not allowed to do this."),
    404: ("NotFound", "NOT_FOUND", "This does not exist, or you have no access to it."),
    405: ("MethodNotAllowed", "METHOD_NOT_ALLOWED", "This address has no such method."),
    409: ("Conflict", "CONFLICT", "Somebody changed this meanwhile. Reload and try again."),
    412: ("PreconditionFailed", "PRECONDITION_FAILED", "Somebody changed this since you read it."),
    413: ("PayloadTooLarge", "PAYLOAD_TOO_LARGE", "The body is larger than 1 MiB."),
    415: ("UnsupportedMediaType", "UNSUPPORTED_MEDIA_TYPE", "The body must be JSON."),
    422: ("IdempotencyKeyReused", "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for another request."),
    429: ("RateLimited", "RATE_LIMITED", "Too many requests. Wait a moment."),
    500: ("InternalError", "INTERNAL_ERROR", "Something went wrong here. The request id finds it in the log."),
    502: ("GatewayRefused", "LITELLM_ERROR", "The gateway refused. Nothing was changed."),
    503: ("ServiceUnavailable", "SERVICE_UNAVAILABLE", "A service that this needs does not answer. Try again."),
}  # fmt: skip
_TEXT, _WHOLE, _FLAG, _TIME = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "boolean"},
    {"type": "string", "format": "date-time"},
)
_DETAILS: Json = {
    "type": "object",
    "description": "What the code needs to be understood; other members may be there.",
    "properties": {
        **dict.fromkeys(
            ("field", "constraint", "suggestion", "helpUrl", "requiredPermission", "timeWindow"), _TEXT
        ),
        **dict.fromkeys(("limit", "remaining", "retryAfter"), _WHOLE),
        "validation": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": _TEXT, "message": _TEXT, "code": _TEXT},
                "required": ["field", "message", "code"],
            },
        },
    },
    "additionalProperties": True,
}
_RETRY: Json = {
    "type": "object",
    "properties": {
        "retryable": _FLAG,
        "retryAfter": {**_WHOLE, "description": "Seconds."},
        "maxRetries": _WHOLE,
        "backoffType": {"type": "string", "enum": ["exponential"]},
    },
    "required": ["retryable", "retryAfter", "maxRetries", "backoffType"],
}
_PROBLEM: Json = {
    "type": "object",
    "description": "Every error, on every route: RFC 9457, its flat twin, and the `error` member that v0.4 clients read.",
    "properties": {
        "type": {**_TEXT, "examples": ["/problems/not-found"]},
        "title": _TEXT,
        "status": _WHOLE,
        "detail": _TEXT,
        "instance": _TEXT,
        "code": {**_TEXT, "description": "Stable; translate by it."},
        "message": _TEXT,
        "statusCode": _WHOLE,
        "details": {"$ref": "#/components/schemas/ProblemDetails"},
        "requestId": _TEXT,
        "timestamp": _TIME,
        "error": {
            "type": "object",
            "properties": {
                "code": _TEXT,
                "message": _TEXT,
                "statusCode": _WHOLE,
                "requestId": _TEXT,
                "correlationId": _TEXT,
                "timestamp": _TIME,
                "details": {"$ref": "#/components/schemas/ProblemDetails"},
                "retry": {"$ref": "#/components/schemas/ProblemRetry"},
            },
            "required": ["code", "message", "statusCode", "requestId", "timestamp", "details"],
        },
    },
    "required": [
        *("type", "title", "status", "detail", "instance", "code", "message", "statusCode"),
        *("details", "requestId", "timestamp", "error"),
    ],
}
# Who asks the gateway before answering, and is told of its refusal.
_ASKS_GATEWAY = re.compile(
    "issue_api_key|rotate_api_key|reset_.*spend|spend_of|(create|change|delete)_model$|(sync|refresh)_models"
)
# Open to everybody, and there to find out whether a credential is right.
_CHECKS_CREDENTIALS = re.compile("token|refresh|validate|events")
_ONLY_IN_DEVELOPMENT = re.compile("^(development_token|mock_users|mock_login)$")
_ID = re.compile("(Id|Ids|_id)$")


def complete(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """drf-spectacular's postprocessing hook."""
    del generator, request, public
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(
        {"Problem": _PROBLEM, "ProblemDetails": _DETAILS, "ProblemRetry": _RETRY}
    )
    components["responses"] = {name: _error(status) for status, (name, _code, _text) in _ERRORS.items()}
    components["headers"] = HEADERS
    recorded = {**_read(OF_THE_TABLE), **_read(RECORDED)}
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            operation["tags"] = [section_of(path)]
            operation.setdefault("summary", operation["operationId"].replace("_", " ").capitalize())
            _add_errors(path, method, operation, components["schemas"])
            describe(method, operation)
            _add_examples(operation, recorded.get(operation["operationId"], {}))
    add_links(result)
    order = [name for name, _pattern, _text in _SECTIONS]
    result["paths"] = dict(
        sorted(result["paths"].items(), key=lambda entry: order.index(section_of(entry[0])))
    )
    result["tags"] = [{"name": name, "description": text} for name, _pattern, text in _SECTIONS]
    return result


def section_of(path: str) -> str:
    """Raises LookupError for an address of no section, so that a new one is not forgotten."""
    for name, pattern, _text in _SECTIONS:
        if re.match(pattern, path):
            return name
    raise LookupError(f"{path} belongs to no section of the contract: add it in litemaas/api/completing.py.")


def _add_errors(path: str, method: str, operation: Json, schemas: Json) -> None:
    statuses = {400, 429, 500, 503}
    if operation.get("security") != [{}]:
        statuses |= {401, 403}
    elif _CHECKS_CREDENTIALS.search(operation["operationId"]):
        statuses.add(401)
    if (
        "{" in path
        or _ONLY_IN_DEVELOPMENT.search(operation["operationId"])
        or _names_a_thing(operation, schemas)
    ):
        statuses.add(404)
    if method != "get":
        statuses |= {409, 413, 415}
    if method == "post":
        statuses.add(422)
    elif method != "get":
        statuses.add(412)
    if _ASKS_GATEWAY.search(operation["operationId"]):
        statuses.add(502)
    for status in sorted(statuses):
        reference = {"$ref": f"#/components/responses/{_ERRORS[status][0]}"}
        operation["responses"].setdefault(str(status), reference)


def _names_a_thing(operation: Json, schemas: Json) -> bool:
    """Whether a parameter or a field of the body is an id, which may be unknown."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in body:
        body = schemas[body["$ref"].rpartition("/")[2]]
    names = [parameter["name"] for parameter in operation.get("parameters", ())] + list(
        body.get("properties", ())
    )
    return "propertyNames" in body or any(_ID.search(name) for name in names)


def _error(status: int) -> Json:
    _name, code, text = _ERRORS[status]
    answer: Json = {
        "description": text,
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": _example(status, code, text),
            }
        },
    }
    if status in {429, 503}:
        answer["headers"] = {"Retry-After": {"schema": _WHOLE, "description": "Seconds."}}
    return answer


def _example(status: int, code: str, text: str) -> Json:
    known: Json = {
        "code": code,
        "message": text,
        "statusCode": status,
        "requestId": "0b0e7c86-1f0e-4d57-9a3e-0d6d3a9d6d11",
        "timestamp": "2026-11-20T12:00:00.000Z",
    }
    details: Json = {}
    if status == 400:
        details = {"validation": [{"field": "name", "message": "name must not be empty.", "code": "blank"}]}
    elif status == 403:
        details = {"requiredPermission": "users:write"}
    elif status == 429:
        details = {"limit": 300, "timeWindow": "60 s", "remaining": 12000, "retryAfter": 12}
    error: Json = {**known, "details": details}
    if status in {429, 502, 503}:
        error["retry"] = {"retryable": True, "retryAfter": 12, "maxRetries": 3, "backoffType": "exponential"}
    kind = f"/problems/{code.lower().replace('_', '-')}"
    head = {"type": kind, "title": text, "status": status, "detail": text, "instance": "/api/v1/api-keys"}
    return {**head, **known, "details": details, "error": error}


def _read(path: Path) -> Json:
    found: Json = json.loads(path.read_text()) if path.exists() else {}
    return found


def _add_examples(operation: Json, recorded: Json) -> None:
    if "request" in recorded:
        operation["requestBody"]["content"]["application/json"]["example"] = recorded["request"]
    if "response" in recorded:
        content = operation["responses"][str(recorded["status"])]["content"]
        content["application/json"]["example"] = recorded["response"]
