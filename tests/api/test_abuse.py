"""Every address of the API, given what no honest client sends: always a documented refusal, never a 500.

The table of what is sent is short; what it is sent to comes from the OpenAPI document, so that a new address is in it.
"""

import json

import pytest
from django.test import Client

from litemaas.api.docs import document
from tests.permission_world import undone

pytestmark = pytest.mark.django_db
WRITES = ("post", "put", "patch", "delete")
# What the gateway's absence makes of an act that is otherwise right.
_AWAY = {502: "LITELLM_ERROR", 503: "SERVICE_UNAVAILABLE", 504: "TIMEOUT"}
RAW = {
    "cut off": b'{"a": ',
    "NaN": b'{"a": NaN}',
    "1e400": b'{"a": 1e400}',
    "half a surrogate pair": b'{"a": "\\udc00"}',
    "a name twice": b'{"a": 1, "a": 2}',
    "very deep": b"[" * 100_000,
}
LARGE = b'{"a": "' + b"x" * 10_000_000 + b'"}'
# Put into one field of an honest body, and into all fields at once.
ODD, ODD_EVERYWHERE = (True, 10**40, [None], None), (1.5e300, "", "x" * 70_000, {"a": [{}]})
QUERIES = ("%00", "9" * 30, "٣", "1e400", "%ED%A0%80")


@pytest.fixture(autouse=True)
def _unlimited(settings):
    settings.RATE_LIMITS = {}


def operations(*methods):
    found = {
        f"{method.upper()} {path}": operation
        for path, entries in document()["paths"].items()
        for method, operation in entries.items()
        if method in methods
    }
    return sorted(found.items())


def send(world, route, body=b"", kind="application/json", query=""):
    method, _, path = route.partition(" ")
    places = {**world.places, "place": "login-logo"}
    address = path.format_map(_Known(places)) + query
    client: Client = world._api["admin"]
    with undone():
        answer = client.generic(method, address, body, content_type=kind)
        if answer.streaming:
            b"".join(answer.streaming_content)
    return answer


class _Known(dict):
    def __missing__(self, name):
        return "5f0c2a1e-0000-4000-8000-000000000009"


def fault_of(answer):
    """What is wrong with an answer to abuse, or None."""
    status = answer.status_code
    if status < 400:
        return None
    if not answer["Content-Type"].startswith("application/problem+json"):
        return f"{status} as {answer['Content-Type']}"
    body = answer.json()
    if status >= 500 and _AWAY.get(status) != body["code"]:
        return f"{status} {body['code']}"
    if body["status"] != status or body["error"]["code"] != body["code"]:
        return f"{status} with another one in its body"
    return None


def takes_json(operation):
    return "application/json" in operation.get("requestBody", {}).get("content", {})


def test_bodies_that_are_no_clean_json_are_refused(world):
    wrong = {}
    for route, operation in operations(*WRITES):
        for name, raw in RAW.items():
            answer = send(world, route, raw)
            fault = fault_of(answer)
            if takes_json(operation) and not fault and answer.status_code not in {400, 401, 403, 404, 409}:
                fault = f"{answer.status_code}"
            if fault:
                wrong[route, name] = fault
    assert wrong == {}


def test_large_bodies_and_other_types_are_refused(world):
    wrong = {}
    for route, operation in operations(*WRITES):
        if not takes_json(operation):
            continue
        for name, answer in (
            ("10 MB", send(world, route, LARGE)),
            ("text", send(world, route, b"a=b", "text/plain")),
            ("form", send(world, route, b"a=b", "application/x-www-form-urlencoded")),
        ):
            if fault_of(answer) or answer.status_code not in {401, 403, 404, 409, 413, 415}:
                wrong[route, name] = fault_of(answer) or answer.status_code
    assert wrong == {}


def properties(schema):
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema.get("properties", {}), schema.get("required", ())


def test_every_field_may_hold_anything_and_nothing_breaks(world):
    wrong, sent = {}, 0
    for route, operation in operations(*WRITES):
        if not takes_json(operation):
            continue
        content = operation["requestBody"]["content"]["application/json"]
        fields, _required = properties(content["schema"])
        honest = content.get("example", {})
        bodies = [{**honest, field: value} for field in fields for value in ODD]
        bodies += [dict.fromkeys(fields, value) for value in ODD_EVERYWHERE]
        for body in bodies:
            sent += 1
            if fault := fault_of(send(world, route, json.dumps(body).encode())):
                wrong[route, repr(body)[:80]] = fault
    assert wrong == {}
    assert sent > 1_000


def test_every_query_parameter_may_hold_anything_and_nothing_breaks(world):
    wrong, sent = {}, 0
    for route, operation in operations("get", *WRITES):
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "query":
                continue
            for value in QUERIES:
                answer = send(
                    world,
                    route,
                    b"{}" if not route.startswith("GET") else b"",
                    query=f"?{parameter['name']}={value}",
                )
                sent += 1
                fault = fault_of(answer)
                if parameter["name"] in {"page", "limit"} and answer.status_code not in {400, 403, 404}:
                    fault = fault or f"{answer.status_code} for a {parameter['name']} of {value[:10]}"
                if fault:
                    wrong[route, parameter["name"], value[:10]] = fault
    assert wrong == {}
    assert sent > 500


def test_every_place_in_an_address_may_hold_anything(world):
    wrong = {}
    for route, _operation in operations("get", *WRITES):
        if "{" not in route:
            continue
        for value in ("%00", "..", "%ED%A0%80", "x" * 3000, "0" * 36, "-1"):
            start, _, rest = route.partition("{")
            answer = send(world, start + value + rest.partition("}")[2], b"{}")
            if fault := fault_of(answer):
                wrong[route, value[:10]] = fault
    assert wrong == {}
