"""OpenAPI links: which operations can follow on an answer, and where their ids are found in it.

What makes or lists things at an address leads to all that can be done at `address/{id}` and below. Generators of clients
and Schemathesis' stateful tests follow them.
"""

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
_PLACE = re.compile(r"\{(\w+)\}")
_JSON = "application/json"
# Operations that follow on an answer although they stand elsewhere: first one, next one, where its places are found.
_ELSEWHERE: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("create_team", "usage_budgets_thresholds_update", {"kind": "team", "object_id": "$response.body#/id"}),
    ("list_models", "change_model", {"model_id": "$response.body#/data/0/id"}),
    ("list_models", "delete_model", {"model_id": "$response.body#/data/0/id"}),
    ("put_branding_image", "read_branding_image", {"place": "$request.path.place"}),
    ("put_branding_image", "delete_branding_image", {"place": "$request.path.place"}),
)
_ROWS = ("data", "users")
_OF_A_JOB = "/api/v1/jobs/{job_id}"


def add_links(result: Json) -> None:
    """Adds `links` to the answers of the document `result`."""
    schemas = result["components"]["schemas"]
    operations = {
        operation["operationId"]: (path, operation)
        for path, methods in result["paths"].items()
        for operation in methods.values()
    }
    for path, source in operations.values():
        for status, answer in source["responses"].items():
            if not status.startswith("2"):
                continue
            schema = answer.get("content", {}).get(_JSON, {}).get("schema", {})
            fields = dict(_fields(schema, schemas, ""))
            for target_path, target in operations.values():
                found = _from_below(path, target_path, fields) or _from_job(target_path, fields)
                if found:
                    _link(answer, target, found)
    for first, following, parameters in _ELSEWHERE:
        source, target = operations[first][1], operations[following][1]
        status = next(status for status in source["responses"] if status.startswith("2"))
        _link(source["responses"][status], target, parameters)


def _link(answer: Json, target: Json, parameters: dict[str, str]) -> None:
    name = target["operationId"]
    answer.setdefault("links", {})[name] = {"operationId": name, "parameters": parameters}


def _from_below(path: str, target_path: str, fields: dict[str, str]) -> dict[str, str] | None:
    """The places of an address below `path/{id}`, if the answer tells the id and the request told all others."""
    if not target_path.startswith(f"{path}/{{"):
        return None
    own, *further = _PLACE.findall(target_path.removeprefix(path))
    pointer = _pointer_to(own, fields)
    if pointer is None or further:
        return None
    outer = {name: f"$request.path.{name}" for name in _PLACE.findall(path)}
    return {**outer, own: pointer}


def _from_job(target_path: str, fields: dict[str, str]) -> dict[str, str] | None:
    if target_path.startswith(_OF_A_JOB) and "jobId" in fields:
        return {"job_id": fields["jobId"]}
    return None


def _pointer_to(place: str, fields: dict[str, str]) -> str | None:
    """The field that is named as the place (`session_id`: sessionId), or else the id."""
    first, *words = place.split("_")
    return fields.get(first + "".join(word.title() for word in words)) or fields.get("id")


def _fields(schema: Json, schemas: Json, pointer: str) -> Iterator[tuple[str, str]]:
    """The names of the fields of a thing, or of the first one of a list or page, and where they stand."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "array":
        yield from _fields(schema["items"], schemas, f"{pointer}/0")
    properties: Json = schema.get("properties", {})
    rows = next((name for name in _ROWS if name in properties), None)
    if rows and not pointer:
        yield from _fields(properties[rows], schemas, f"/{rows}")
        return
    for name in properties:
        yield name, f"$response.body#{pointer}/{name}"
