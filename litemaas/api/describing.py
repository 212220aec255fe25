"""What parameters and headers of the same name mean everywhere: said once for the OpenAPI document."""

from typing import Any

Json = dict[str, Any]
# What a view says itself counts.
PARAMETERS = {
    "action": "Code of an act, such as `API_KEY_CREATE`.",
    "aggregateBy": "Taken for old clients; all of it is given.",
    "apiKeyId": "Id of a key.",
    "apiKeyIds": "Ids or aliases of keys; may be repeated.",
    "capability": "Only models that can do this.",
    "dateFrom": "Not before this time.",
    "dateTo": "Not after this time; at 00:00:00Z it means that whole day.",
    "dryRun": "The same checks and answer with `affected`; nothing is changed.",
    "endDate": "Last day, in the reporting time zone; a day to come means today.",
    "errorClasses": "Only calls that failed like this; may be repeated.",
    "format": "Of the file.",
    "granularity": "Length of the steps in time.",
    "interval": "Length of the steps in time.",
    "isActive": "Only those that are active, or are not.",
    "kind": "Only of this kind.",
    "limit": "Entries on a page; more than the maximum is refused.",
    "modelId": "Name of a model.",
    "modelIds": "Names of models; may be repeated.",
    "offset": "How many rows to leave out.",
    "page": "From 1 on; beyond the last one there are no entries.",
    "permanent": "Off every list for good; a row is kept for the ledger.",
    "provider": "Only models of this provider.",
    "providerIds": "Names of providers; may be repeated.",
    "restricted": "Only models that need an approval, or need none.",
    "role": "Only people with this role.",
    "search": "Holds this text, whatever the case.",
    "severity": "Only of this severity.",
    "sortBy": "What to sort by; then by id.",
    "sortOrder": "Upwards or downwards.",
    "startDate": "First day, in the reporting time zone.",
    "state": "Only in this state.",
    "status": "Only in this state.",
    "statuses": "Only in these states; may be repeated.",
    "subscriptionId": "Id of a subscription: keys for its model.",
    "success": "Only acts that succeeded, or were refused.",
    "teamIds": "Ids of teams; may be repeated.",
    "timeRange": "The last day, week or month.",
    "userId": "Id of a user.",
    "userIds": "Ids of users; may be repeated.",
}
_WHOLE, _TEXT = {"type": "integer"}, {"type": "string"}
HEADERS: Json = {
    "RequestId": {"schema": {**_TEXT, "format": "uuid"}, "description": "Finds the request in the log."},
    "ETag": {"schema": _TEXT, "description": "Weak, over the content; for If-None-Match and If-Match."},
    "RateLimit": {"schema": _WHOLE, "description": "How many requests are let through in a window."},
    "RateRemaining": {"schema": _WHOLE, "description": "How many of them are left."},
    "RateReset": {"schema": _WHOLE, "description": "When the window ends, in seconds since 1970."},
    "Location": {"schema": _TEXT, "description": "The job that goes on with it."},
}
_ALWAYS = {
    "X-Request-Id": "RequestId",
    "X-RateLimit-Limit": "RateLimit",
    "X-RateLimit-Remaining": "RateRemaining",
    "X-RateLimit-Reset": "RateReset",
}


def describe(method: str, operation: Json) -> None:
    """Give the operation's parameters and successes what they have in common with all others."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query" and parameter["name"] in PARAMETERS:
            parameter.setdefault("description", PARAMETERS[parameter["name"]])
    for status, answer in operation["responses"].items():
        if "$ref" in answer or not status.startswith("2"):
            continue
        names = dict(_ALWAYS)
        if method == "get" and "application/json" in answer.get("content", {}):
            names["ETag"] = "ETag"
        if status == "202":
            names["Location"] = "Location"
        answer["headers"] = {
            **{name: {"$ref": f"#/components/headers/{known}"} for name, known in names.items()},
            **answer.get("headers", {}),
        }
