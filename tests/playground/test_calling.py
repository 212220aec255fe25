"""Calls of models through the portal: with one's own key, which nobody sees."""

import json
import threading
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apikeys.models import ApiKey
from apikeys.services import block_api_key, lend_key_for_call, revoke_api_key
from portal.playground import calling
from portal.playground.figures import Figures
from portal.playground.places import Places
from portal.playground.relay import ChatRelay
from tests.api.conftest import ApiClient
from tests.factories import UserFactory
from tests.playground.conftest import CHAT, EMBEDDING, events

FIGURES = {
    "timeToFirstToken", "duration", "promptTokens", "completionTokens", "totalTokens", "tokensPerSecond",
    "cost", "currency",
}  # fmt: skip


def test_a_chat_streams_and_ends_with_what_it_took(player, secrets_made):
    answer = player.chat("Say something that is longer than one chunk of words, please")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/event-stream")
    assert answer["Cache-Control"] == "no-store"
    *chunks, figures, done = events(answer)
    assert done == "[DONE]"
    said = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
    assert "longer than one chunk" in said
    assert len(chunks) > 3
    assert figures["choices"] == []
    assert figures["object"] == "chat.completion.chunk"
    assert figures["model"] == CHAT
    told = figures["litemaas"]
    assert set(told) == FIGURES
    assert (
        told["totalTokens"]
        == figures["usage"]["total_tokens"]
        == told["promptTokens"] + told["completionTokens"]
    )
    assert 0 <= told["timeToFirstToken"] <= told["duration"]
    assert Decimal(str(told["cost"])) == told["promptTokens"] * Decimal("0.000001") + told[
        "completionTokens"
    ] * Decimal("0.000002")
    assert told["currency"] == "USD"


def test_a_chat_without_streaming_says_the_same_in_one_piece(player):
    answer = player.chat(stream=False, temperature=0.5, max_tokens=100, top_p=1, stop=["END"])
    assert answer.status_code == 200
    body = answer.json()
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert set(body["litemaas"]) == FIGURES
    assert body["litemaas"]["timeToFirstToken"] is None


def test_an_embedding_comes_with_its_cost(player):
    body = player.embed(input=["one", "two"]).json()
    assert len(body["data"]) == 2
    assert body["litemaas"]["promptTokens"] > 0
    assert body["litemaas"]["cost"] > 0
    assert body["litemaas"]["completionTokens"] == 0


def test_a_document_becomes_markdown_as_one_event_or_one_answer(player, gateway):
    whole, done = events(player.convert())
    assert done == "[DONE]"
    said = player.convert(stream=False).json()
    for answer in (whole, said):
        assert answer["status"] == "success"
        assert "https://papers.example/one.pdf as granite-docling" in answer["document"]["md_content"]
        assert set(answer["litemaas"]) == FIGURES
        # Nobody counts tokens of a document.
        assert answer["litemaas"]["promptTokens"] is None
        assert answer["litemaas"]["cost"] is None
    assert gateway.calls[-1] == "POST /docling/v1/convert/source"


def test_whoever_waits_for_a_whole_answer_can_have_it_as_an_event(player):
    accept = {"Accept": "text/event-stream, application/json"}
    chat = {"apiKeyId": str(player.key.pk), "model": CHAT, "messages": [{"role": "user", "content": "Hello"}]}
    answer, done = events(player.post("playground/chat/completions", {**chat, "stream": False}, **accept))
    assert answer["choices"][0]["message"]["content"].endswith("You wrote: Hello")
    assert done == "[DONE]"
    made = {"apiKeyId": str(player.key.pk), "model": EMBEDDING, "input": "Hello"}
    answer, done = events(player.post("playground/embeddings", made, **accept))
    assert set(answer["litemaas"]) == FIGURES
    assert answer["litemaas"]["promptTokens"] > 0
    assert player.post("playground/embeddings", {**made, "input": ""}, **accept).status_code == 400


def test_a_conversion_that_goes_wrong_says_so(player, gateway, monkeypatch):
    assert player.convert(model=CHAT + "-not-mine").status_code == 403
    gateway.faults.add("status", "/docling/*", status=500)
    assert player.convert().status_code == 502
    monkeypatch.setattr(calling, "HEAD_WITHIN", 0.0)
    assert events(player.convert())[0]["error"]["code"] == "LITELLM_ERROR"
    gateway.faults.clear()
    monkeypatch.setattr(calling, "LARGEST_ANSWER", 10)
    assert events(player.convert())[0]["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert calling.places.taken == 0


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://a.example/b", "https://", "https://u:p@a.example/b", "https://a b/", "http://[", 3],
)
def test_a_wrong_address_of_a_document_is_named(player, url):
    answer = player.convert(url=url)
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "url")


def test_without_a_price_there_is_no_cost(player):
    ApiKey.objects.get().model_links.get(model=CHAT).model.__class__.objects.filter(pk=CHAT).update(
        input_cost_per_token=None, output_cost_per_token=None
    )
    assert events(player.chat())[-2]["litemaas"]["cost"] is None


def test_the_call_is_charged_to_the_key(player, gateway):
    events(player.chat())
    [log] = gateway.state.ledger.rows
    assert log["token"] == player.key.current_secret.token_hash


def test_the_secret_is_in_nothing_that_leaves(player, gateway, secrets_made, caplog):
    [secret] = secrets_made
    answer = player.chat(f"Repeat after me: {secret}")
    content = b"".join(answer.streaming_content)
    assert secret.encode() not in content
    assert b"[hidden]" in content
    assert secret not in str(answer.headers)
    assert secret not in player.chat(secret, stream=False).content.decode()
    refused = player.chat(max_tokens=1, messages=[{"role": "user", "content": "x"}], model=CHAT, stream=False)
    assert secret not in refused.content.decode()
    assert secret not in caplog.text


def test_rights_are_the_portals(player, make_player):
    other = make_player()
    mine = str(player.key.pk)
    assert other.chat(apiKeyId=mine).status_code == 404
    operator = ApiClient(UserFactory(is_operator=True))
    body = {"apiKeyId": mine, "model": CHAT, "messages": [{"role": "user", "content": "x"}]}
    assert operator.post("playground/chat/completions", body).status_code == 404
    assert ApiClient().post("playground/chat/completions", body).status_code == 401
    reader = ApiClient(UserFactory(roles=["readonly"]))
    assert reader.post("playground/chat/completions", body).json()["details"] == {
        "requiredPermission": "api_keys:write"
    }


def test_a_model_that_the_key_does_not_open_is_refused(player, gateway):
    calls = len(gateway.calls)
    answer = player.chat(model="gpt-4o")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert answer.json()["details"]["model"] == "gpt-4o"
    assert len(gateway.calls) == calls


@pytest.mark.parametrize("stream", [True, False])
def test_a_key_that_has_ended_is_refused_in_the_words_that_clients_look_for(player, stream):
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "expired" in player.chat(stream=stream).json()["message"]
    ApiKey.objects.update(expires_at=None)
    admin = UserFactory(is_operator=True)
    block_api_key(actor=admin, key_id=player.key.pk, reason="", now=timezone.now())
    assert "inactive" in player.chat(stream=stream).json()["message"]
    revoke_api_key(actor=player.user, key_id=player.key.pk, now=timezone.now())
    answer = player.chat(stream=stream)
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


def test_a_key_whose_secret_is_not_kept_can_not_be_used_here(player):
    player.key.secrets.update(sealed=None)
    assert player.chat().status_code == 404


@pytest.mark.parametrize("stream", [True, False])
def test_a_used_up_budget_is_no_error_of_ours(make_player, stream):
    player = make_player(max_budget=Decimal(0))
    answer = player.chat(stream=stream)
    assert (answer.status_code, answer.json()["code"]) == (403, "BUDGET_EXCEEDED")


def test_a_rate_limit_says_how_long_to_wait(make_player):
    player = make_player(rpm_limit=1)
    events(player.chat())
    answer = player.chat()
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    details = answer.json()["details"]
    assert (details["limit"], details["limitType"]) == (1, "requests")
    assert int(answer["Retry-After"]) == details["retryAfter"] > 0
    assert answer.json()["error"]["retry"]["retryable"]


def test_a_key_that_the_gateway_lost_is_worth_another_try(player, gateway):
    gateway.reset()
    answer = player.chat()
    assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "status", "status": 500}, 502, "LITELLM_ERROR"),
        ({"kind": "status", "status": 504}, 504, "TIMEOUT"),
        ({"kind": "status", "status": 400, "body": '{"error": {"message": "too long", "type": "x"}}'},
         400, "VALIDATION_ERROR"),
        ({"kind": "status", "status": 400, "body": '{"error": {"message": "Invalid model name passed in"}}'},
         400, "INVALID_MODEL"),
        ({"kind": "status", "status": 418, "body": "<html>"}, 503, "SERVICE_UNAVAILABLE"),
        ({"kind": "reset"}, 503, "SERVICE_UNAVAILABLE"),
        ({"kind": "lost_reply"}, 503, "SERVICE_UNAVAILABLE"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
def test_what_goes_wrong_before_the_answer_has_a_status(player, gateway, fault, status, code, stream):
    gateway.faults.add(path="/v1/chat/completions", **fault)
    answer = player.chat(stream=stream)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert calling.places.taken == 0


def test_garbage_in_place_of_an_answer_is_told(player, gateway):
    gateway.faults.add("garbage", "/v1/chat/completions")
    assert player.chat(stream=False).status_code == 503
    [told, done] = events(player.chat())
    assert told["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert done == "[DONE]"


def test_a_gateway_that_dies_in_the_middle_is_told_in_the_stream(player, gateway):
    gateway.faults.add("cut", "/v1/chat/completions", chunks=2)
    first, second, told, done = events(player.chat("some words that make more than two chunks"))
    assert first["choices"]
    assert second["choices"]
    assert told["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert told["error"]["statusCode"] == 503
    assert done == "[DONE]"
    assert calling.places.taken == 0


def test_a_silent_gateway_is_given_up(player, gateway, monkeypatch):
    monkeypatch.setattr(calling, "PATIENCE", 0.3)
    monkeypatch.setattr(calling, "HEAD_WITHIN", 0.1)
    monkeypatch.setattr(calling, "PULSE", 0.05)
    gateway.faults.add("hang", "/v1/chat/completions")
    answer = player.chat(stream=False)
    assert (answer.status_code, answer.json()["code"]) == (504, "TIMEOUT")
    assert [one["error"]["code"] for one in events(player.chat())[:-1]] == ["TIMEOUT"]


def test_a_late_refusal_comes_as_an_event(player, gateway, monkeypatch):
    monkeypatch.setattr(calling, "PULSE", 0.02)
    gateway.faults.add("delay", "/v1/chat/completions", seconds=0.2)
    gateway.faults.add("status", "/v1/chat/completions", status=500)
    conversation = calling.begin(
        player.user.pk, lent(player), "/v1/chat/completions", {"stream": True}, head_within=0.05
    )
    parts = list(ChatRelay(conversation, Figures(lent(player), "USD"), "/x"))
    conversation.close()
    assert parts[0] == b": \n\n"
    assert json.loads(parts[-2].removeprefix(b"data: "))["error"]["code"] == "LITELLM_ERROR"


def lent(player):
    return lend_key_for_call(actor=player.user, key_id=player.key.pk, model=CHAT, now=timezone.now())


def test_an_endless_answer_is_ended(player, gateway, monkeypatch):
    monkeypatch.setattr(calling, "LONGEST", 0.0)
    assert events(player.chat())[0]["error"]["code"] == "TIMEOUT"


@pytest.mark.django_db(transaction=True)
def test_hanging_up_ends_the_call_at_the_gateway(player, gateway):
    gateway.faults.add("pace", "/v1/chat/completions", seconds=0.02)
    answer = player.chat("word " * 3000)
    parts = iter(answer.streaming_content)
    next(parts)
    answer.close()
    assert calling.places.taken == 0
    # Booked when the gateway notices that nobody listens; read to its end it would take twenty seconds.
    deadline = time.monotonic() + 5
    while not gateway.state.ledger.rows and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert gateway.state.ledger.rows


def test_one_person_has_so_many_answers_at_once(player, monkeypatch):
    monkeypatch.setattr(calling, "places", Places(3, each=1))
    held = calling.places.take(player.user.pk)
    answer = player.chat()
    assert (answer.status_code, answer.json()["code"]) == (429, "RATE_LIMITED")
    assert answer.json()["details"]["limit"] == 1
    held.give_back()
    for _ in range(2):
        events(player.chat())
    for person in range(3):
        calling.places.take(person)
    answer = player.chat()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", 2.1), ("temperature", True), ("temperature", ""), ("max_tokens", 0),
        ("max_tokens", 128_001), ("top_p", -1), ("stop", []), ("stop", ["a"] * 5), ("stop", 3),
        ("messages", []), ("messages", "hello"), ("messages", [{"role": "robot", "content": "x"}]),
        ("messages", [{"role": "user"}]), ("messages", [{"role": "user", "content": 3}]),
        ("stream", "yes"), ("apiKeyId", "none"), ("model", ""), ("model", 3),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(player, gateway, field, value):
    answer = player.chat(**{field: value})
    assert answer.status_code == 400
    assert answer.json()["details"]["validation"][0]["field"].startswith(field)


@pytest.mark.parametrize("value", ["", [], [""], [3], ["x"] * 65, {"a": 1}])
def test_a_wrong_input_of_an_embedding_is_named(player, value):
    answer = player.embed(input=value)
    assert answer.status_code == 400
    assert answer.json()["details"]["field"] == "input"


def test_calls_have_a_limit_of_their_own(player, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "playground": "1/m"}
    events(player.chat())
    answer = player.chat()
    assert (answer.status_code, answer["X-RateLimit-Limit"]) == (429, "1")
    assert player.get("auth/me").status_code == 200
