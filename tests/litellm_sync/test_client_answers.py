"""What the client makes of an answer."""

import json
import logging
from decimal import Decimal

import pytest

from litellm_sync.client import transport
from litellm_sync.errors import (
    GatewayConflict,
    GatewayGarbage,
    GatewayNotFound,
    GatewayRefused,
    GatewayUnauthorized,
    GatewayUnavailable,
)

ERROR = {"message": "no", "type": "bad_request_error", "param": None, "code": "400"}


def _error(**parts) -> str:
    return json.dumps({"error": {**ERROR, **parts}})


def test_money_arrives_to_the_last_digit(answering, client_of):
    body = '{"data": [{"model_info": {"input_cost_per_token": 0.00001000000000000000081, "max_input_tokens": 5}}]}'
    (row,) = client_of(answering(200, body).url).list_deployments()
    assert row["model_info"]["input_cost_per_token"] == Decimal("0.00001000000000000000081")
    assert row["model_info"]["max_input_tokens"] == 5


@pytest.mark.parametrize(
    ("info", "params", "cost"),
    [
        ({"input_cost_per_token": 0}, {}, None),
        ({"input_cost_per_token": 0}, {"input_cost_per_token": 0}, 0),
        ({"input_cost_per_token": 0.0}, {}, 0),
        ({"input_cost_per_token": 0, "pricing_overrides": []}, {}, 0),
        ({"input_cost_per_token": None}, {}, None),
    ],
)
def test_a_zero_that_means_unknown_is_told_from_one_that_means_free(answering, client_of, info, params, cost):
    body = json.dumps({"data": [{"model_info": info, "litellm_params": params}]})
    (row,) = client_of(answering(200, body).url).list_deployments()
    assert row["model_info"]["input_cost_per_token"] == cost


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (400, _error(message="plain words"), GatewayRefused, "plain words"),
        (400, _error(message="{'error': \"it's wrapped\"}"), GatewayRefused, "it's wrapped"),
        (404, _error(message="{'message': 'no team'}"), GatewayNotFound, "no team"),
        (400, _error(message="{not python"), GatewayRefused, "{not python"),
        (400, '{"detail": {"error": "in detail"}}', GatewayRefused, "in detail"),
        (400, '{"detail": "just text"}', GatewayRefused, "just text"),
        (422, '{"detail": [{"loc": ["body", "n"], "msg": "too big"}]}', GatewayRefused, "body.n: too big"),
        (400, "[]", GatewayRefused, "no explanation was given"),
        (400, "{}", GatewayRefused, "no explanation was given"),
        (409, _error(message="taken"), GatewayConflict, "taken"),
        (400, _error(message="Key with alias 'a' already exists."), GatewayConflict, "already exists"),
        (400, _error(message="Model with id=x not found in db"), GatewayNotFound, "not found"),
        (401, _error(message="user key does not exist in db. User Key=0"), GatewayNotFound, "does not exist"),
        (401, _error(message="Unable to find token in cache"), GatewayUnauthorized, "Unable"),
        (403, _error(message="not your route"), GatewayUnauthorized, "not your route"),
        (403, _error(message="only for Enterprise users: tags"), GatewayRefused, "tags"),
        (429, _error(type="budget_exceeded", message="spent"), GatewayRefused, "spent"),
        (
            500,
            _error(type="internal_server_error", message="Invalid duration format"),
            GatewayRefused,
            "duration",
        ),
        (
            500,
            _error(type="internal_server_error", message="is an Enterprise feature"),
            GatewayRefused,
            "feature",
        ),
        (500, _error(type="bad_request_error"), GatewayRefused, "no"),
    ],
)
def test_a_refusal_says_what_is_wrong(answering, client_of, status, body, error, message):
    with pytest.raises(GatewayRefused) as refusal:
        client_of(answering(status, body).url).create_key()
    assert type(refusal.value) is error
    assert message in refusal.value.message
    assert refusal.value.status == status
    assert refusal.value.code == "LITELLM_ERROR"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, _error(type="internal_server_error", message="Internal Server Error.")),
        (500, "<h1>Oops</h1>"),
        (502, ""),
        (503, _error(type="no_db_connection")),
        (400, _error(type="no_db_connection")),
        (429, _error(type="throttling_error")),
        (429, "slow down"),
        (408, "{}"),
    ],
)
def test_what_may_pass_is_unavailable(answering, client_of, status, body):
    with pytest.raises(GatewayUnavailable) as error:
        client_of(answering(status, body).url).create_key()
    assert not isinstance(error.value, GatewayGarbage)
    assert (error.value.status, error.value.code) == (status, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>welcome</html>"),
        (200, ""),
        (200, b"\xff\xfe"),
        (200, "[" * 100_000),
        (200, '{"data": NaN}'),
        (200, '"text"'),
        (200, '{"data": {}}'),
        (200, '{"data": [1]}'),
        (200, "{}"),
        (404, "<h1>nginx</h1>"),
        (302, ""),
    ],
)
def test_what_no_gateway_says_is_garbage(answering, client_of, status, body):
    with pytest.raises(GatewayGarbage):
        client_of(answering(status, body).url).list_deployments()


def test_no_redirect_is_followed(answering, client_of):
    there = answering(200, '{"data": []}')
    here = answering(307, "", location=f"{there.url}/model/info")
    with pytest.raises(GatewayGarbage, match="redirect"):
        client_of(here.url).list_deployments()
    assert there.requests == []


def test_an_endless_answer_is_cut(raw_server, client_of, monkeypatch):
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 1_000_000)

    def talk(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    with pytest.raises(GatewayGarbage, match="larger"):
        client_of(raw_server(talk).url).list_deployments()


def test_secrets_that_the_gateway_repeats_are_hidden(answering, client_of, caplog):
    caplog.set_level(logging.DEBUG)
    body = _error(message="Received sk-a-users-secret-123456 and own-master-key")
    client = client_of(answering(400, body).url, "own-master-key")
    with pytest.raises(GatewayRefused) as refusal:
        client.create_key(key="sk-a-users-secret-123456")
    seen = f"{refusal.value} {refusal.value!r} {refusal.value.message} {caplog.text} {client!r} {client._transport!r}"
    assert "sk-a-users" not in seen
    assert "own-master-key" not in seen
    assert "hidden" in refusal.value.message


def test_secrets_are_not_in_the_error_of_a_failed_connection(client_of, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_of("http://127.0.0.1:9", "sk-our-master-key-000")
    with pytest.raises(GatewayUnavailable) as error:
        client.create_key(key="sk-a-users-secret-123456")
    assert error.value.__cause__ is None
    assert "sk-" not in f"{error.value} {caplog.text}"


def test_our_key_goes_in_the_header_only(answering, client_of):
    server = answering(200, '{"data": []}')
    client_of(server.url, "sk-our-master-key-000").list_deployments()
    (request,) = server.requests
    assert request.startswith(b"GET /model/info HTTP/1.1\r\n")
    assert b"Authorization: Bearer sk-our-master-key-000\r\n" in request


def test_a_model_name_with_odd_characters_stays_one_value(answering, client_of):
    server = answering(200, '{"keys": [], "total_count": 0, "current_page": 1, "total_pages": 0}')
    assert client_of(server.url).find_key_by_alias("a&b=c/d ü") is None
    assert b"key_alias=a%26b%3Dc%2Fd+%C3%BC" in server.requests[0]


def test_decimals_and_ids_can_be_sent(answering, client_of):
    from uuid import UUID

    server = answering(200, "{}")
    client_of(server.url).create_user(user_id=UUID(int=1), max_budget=Decimal("1.50"))
    body = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert body == {"auto_create_key": False, "user_id": str(UUID(int=1)), "max_budget": 1.5}
