"""Whatever a client sends ends in a documented 4xx with the one error body, never in a 500."""

import json
from uuid import UUID

import pytest
from django.test import Client

from tests.factories import ModelFactory

BODY = {"type", "title", "status", "detail", "instance", "code", "message", "statusCode", "details"}
BODY |= {"requestId", "timestamp", "error"}


def refused_with(answer, status, field=None):
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() >= BODY
    assert body["error"]["code"] == body["code"]
    assert body["requestId"] == answer["X-Request-Id"]
    if field:
        assert body["details"]["field"] == field


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b'{"modelId": NaN}',
        b'{"modelId": "m", "quotaRequests": 1e400}',
        b'{"modelId": "a\\u0000b"}',
        b'{"modelId": "\\ud800"}',
        b'{"modelId": "m", "modelId": "n"}',
        b'{"modelId": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"modelId": ' + b"[" * 100_000,
        b'{"quotaRequests": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_clean_json_object_is_400(api, raw):
    refused_with(api.raw("subscriptions", raw), 400)


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**40])
@pytest.mark.parametrize("shape", ["{}", "[{}]", '{{"deep": [{}]}}'])
def test_a_whole_number_beyond_64_bits_is_400_wherever_it_is(api, number, shape):
    """Kept in somebody's notes, it could never be given back."""
    raw = f'{{"modelId": "m", "metadata": {shape.format(number)}}}'.encode()
    refused_with(api.raw("subscriptions", raw), 400, "metadata")


def test_a_number_that_the_database_writes_with_300_digits_can_be_read_again(api):
    ModelFactory(id="m")
    made = api.post("subscriptions", {"modelId": "m", "metadata": {"far": 1.5e300}})
    assert made.status_code == 201
    answer = api.get(f"subscriptions/{made.json()['id']}")
    assert (answer.status_code, float(answer.json()["metadata"]["far"])) == (200, 1.5e300)


def test_a_body_of_ten_megabytes_is_413(api):
    refused_with(api.raw("subscriptions", b'{"modelId": "' + b"x" * 10_000_000 + b'"}'), 413)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_another_content_type_is_415(api, kind):
    refused_with(api.raw("subscriptions", b"modelId=m", kind), 415)


def test_an_empty_body_counts_as_an_empty_object(api):
    refused_with(api.raw("subscriptions", b""), 400, "modelId")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"modelId": 7}, "modelId"),
        ({"modelId": True}, "modelId"),
        ({"modelId": None}, "modelId"),
        ({"modelId": ["m"]}, "modelId"),
        ({"modelId": "x" * 256}, "modelId"),
        ({"modelId": "m", "quotaRequests": True}, "quotaRequests"),
        ({"modelId": "m", "quotaRequests": ""}, "quotaRequests"),
        ({"modelId": "m", "quotaRequests": -5}, "quotaRequests"),
        ({"modelId": "m", "quotaRequests": 10**40}, "quotaRequests"),
        ({"modelId": "m", "quotaRequests": 1e300}, "quotaRequests"),
        ({"modelId": "m", "quotaRequests": {}}, "quotaRequests"),
        ({"modelId": "m", "quotaTokens": None}, "quotaTokens"),
        ({"modelId": "m", "expiresAt": 5}, "expiresAt"),
        ({"modelId": "m", "expiresAt": True}, "expiresAt"),
    ],
)
def test_a_wrong_type_is_400_and_names_the_field(api, body, field):
    ModelFactory(id="m")
    refused_with(api.raw("subscriptions", json.dumps(body).encode()), 400, field)


@pytest.mark.parametrize("path", ["models", "subscriptions", "api-keys"])
@pytest.mark.parametrize("name", ["page", "limit"])
@pytest.mark.parametrize("value", ["0", "-1", "--1", "x", "1.5", "9" * 30, "1001001", "٣", " 1", "%00"])
def test_a_wrong_page_or_limit_is_400(api, path, name, value):
    refused_with(api.get(path, {name: value}), 400, name)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("models", {"sortBy": "x"}, "sortBy"),
        ("models", {"sortOrder": "up"}, "sortOrder"),
        ("models", {"isActive": "maybe"}, "isActive"),
        ("models", {"restricted": "maybe"}, "restricted"),
        ("models", {"search": "x" * 300}, "search"),
        ("models", {"search": "\x00"}, "search"),
        ("models", {"provider": "\x00"}, "provider"),
        ("models", {"capability": "\x00"}, "capability"),
        ("subscriptions", {"status": "maybe"}, "status"),
        ("subscriptions", {"modelId": "\x00"}, "modelId"),
        ("subscriptions", {"userId": "x"}, "userId"),
        ("api-keys", {"modelIds": "a\x00"}, "modelIds"),
        ("api-keys", {"modelIds": ["m"] * 501}, "modelIds"),
        ("api-keys", {"isActive": "maybe"}, "isActive"),
        ("api-keys", {"subscriptionId": "x"}, "subscriptionId"),
    ],
)
def test_a_wrong_filter_is_400_and_is_named(api, path, query, field):
    refused_with(api.get(path, query), 400, field)


@pytest.mark.parametrize("pk", ["x", "1", str(UUID(int=7)), "0" * 36, "../models", "%00", "é"])
@pytest.mark.parametrize("path", ["subscriptions/{}", "subscriptions/{}/history", "api-keys/{}"])
def test_an_id_that_is_none_is_404(api, path, pk):
    refused_with(api.get(path.format(pk)), 404)


@pytest.mark.parametrize("pk", ["x", "%00", "a%00b", "é", "%ED%A0%80", "x" * 3000, "a//b", "..%2F.."])
def test_an_unknown_model_is_404(api, pk):
    refused_with(api.get(f"models/{pk}"), 404)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/models", "/api/v1/nothing", "/api/auth/none"])
@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_route_is_404_in_the_apis_words(api, settings, path, debug):
    settings.DEBUG = debug
    refused_with(api.get(path), 404)


def test_a_change_of_an_unknown_route_is_404_and_not_a_forged_form():
    client = Client(enforce_csrf_checks=True)
    refused_with(client.post("/api/v1/nothing", "{}", content_type="application/json"), 404)


def test_another_method_is_405_and_says_which_are_allowed(api):
    answer = api.delete("subscriptions")
    refused_with(answer, 405)
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize("token", ["", "x" * 129, "tab\there"])
def test_an_odd_idempotency_key_is_400(api, token):
    refused_with(
        api.post("api-keys", {"modelIds": ["m"]}, **{"Idempotency-Key": token}), 400, "Idempotency-Key"
    )


def test_a_read_is_not_sent_twice(api):
    first = api.get("auth/me")
    assert api.get("auth/me", **{"If-None-Match": first["ETag"]}).status_code == 304
    assert {"Authorization", "Cookie"} <= {part.strip() for part in first["Vary"].split(",")}
