"""What the OpenAPI document says of an answer, held against the contract's shape."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from litemaas.api.docs import document
from tests.contract_table.rows import Row
from tests.contract_table.shapes import Shape

Json = dict[str, Any]
# The contract says nothing of null here, and there are cases without a value. Why, beside each.
NULL_AFTER_ALL = {
    "key": "an Idempotency-Key is replayed when the secret is not kept any more (§1.5)",
    "oldPrefix": "the same",
    "currentSpend": "a reset that the gateway has not confirmed",
    "keyId": "usage of a key that the portal does not know",
    "keyAlias": "the same",
    "syncId": "wishes of one person or team that were sent once more are no run",
    "success": "it is not known before the end",
    "duration": "the same",
    "syncedAt": "the same",
    "refreshedAt": "the same",
    "userId": "a team's service key has no owner",
    "username": "the same",
    "email": "the same",
    "field": "the whole object differs: it is missing",
}


@lru_cache(maxsize=1)
def _operations() -> dict[str, Json]:
    """By method and address, whatever the places in it are called."""
    return {
        f"{method.upper()} {_plain(path)}": operation
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


def _plain(path: str) -> str:
    path = re.sub(r"/images/[^/]+$", "/images/{}", path.removeprefix("/api/v1").rstrip("/"))
    return re.sub(r"{[^}]*}", "{}", path) or "/"


def operation_of(row: Row) -> Json | None:
    """None where the document names it by another address, or not at all."""
    return _operations().get(f"{row.method} {_plain(row.path)}")


def declared_answer(row: Row) -> Json | None:
    """The schema of the row's answer; None where the document has no such operation or answer."""
    operation = operation_of(row)
    content = (operation or {}).get("responses", {}).get(str(row.status), {}).get("content", {})
    found = content.get("application/json") or content.get("application/problem+json")
    return found["schema"] if found else None


def disagreements(shape: Shape, schema: Json, where: str = "") -> Iterator[str]:
    """Fields that the document lacks or lets be null, or not, other than the contract."""
    is_nullable, schema = _resolved(schema)
    if where and shape.kind != "any" and is_nullable != shape.is_nullable:
        if not is_nullable:
            yield f"{where} may not be null in the document"
        elif where.rpartition(".")[2] not in NULL_AFTER_ALL:
            yield f"{where} may be null in the document"
    if shape.kind in {"object", "map"} and shape.fields:
        properties = schema.get("properties")
        if properties is None:
            if shape.kind == "map":
                return  # any names: those that the contract knows are checked in the answer
            yield f"{where or 'body'} has no fields in the document"
            return
        for name, inner in shape.fields.items():
            place = f"{where}.{name}" if where else name
            if name in properties:
                yield from disagreements(inner, properties[name], place)
            elif name not in shape.optional:
                yield f"{place} is missing in the document"
    elif shape.kind == "array" and shape.inner is not None and "items" in schema:
        yield from disagreements(shape.inner, schema["items"], f"{where}[]")


def _is_null(schema: Json) -> bool:
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema.get("type") == "null" or schema.get("enum") == [None]


def _resolved(schema: Json) -> tuple[bool, Json]:
    """Whether null is allowed, and the schema behind references."""
    is_nullable = False
    while True:
        types = schema.get("type")
        is_nullable = is_nullable or "null" in (types if isinstance(types, list) else [types])
        if None in schema.get("enum", ()):
            is_nullable = True
        if "$ref" in schema:
            schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        elif "allOf" in schema and len(schema["allOf"]) == 1:
            schema = schema["allOf"][0]
        elif "oneOf" in schema or "anyOf" in schema:
            choices = schema.get("oneOf") or schema["anyOf"]
            real = [one for one in choices if not _is_null(one)]
            is_nullable = is_nullable or len(real) < len(choices)
            if len(real) != 1:
                return is_nullable, schema
            schema = real[0]
        else:
            return is_nullable, schema
