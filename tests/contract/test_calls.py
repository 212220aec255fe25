"""Calls of models with an issued key, and when they are refused."""

import time

import pytest
import requests


def test_an_issued_key_can_chat(issue, program, models):
    answer = program(issue(models=[models.chat])).chat(models.chat)
    assert answer.status == 200
    assert answer.body["object"] == "chat.completion"
    choice = answer.body["choices"][0]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    usage = answer.body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert answer.cost > 0


def test_an_issued_key_can_stream(issue, program, models, version):
    chunks = program(issue()).stream(models.chat, stream_options={"include_usage": True})
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert text
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk["id"] for chunk in chunks}) == 1
    if version >= (1, 109):  # until then a mocked stream just ends
        assert [c["choices"][0].get("finish_reason") for c in chunks if c["choices"]][-1] == "stop"
    usage = chunks[-1]["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


def test_an_issued_key_can_embed(issue, program, models):
    answer = program(issue(models=[models.embedding])).embed(models.embedding, "hello")
    assert answer.status == 200
    assert answer.body["object"] == "list"
    assert all(isinstance(number, float) for number in answer.body["data"][0]["embedding"])
    assert answer.body["usage"]["prompt_tokens"] > 0


def test_a_call_without_a_key_is_refused(target, models):
    body = {"model": models.chat, "messages": [{"role": "user", "content": "x"}]}
    response = requests.post(f"{target.url}/v1/chat/completions", json=body, timeout=10)
    assert (response.status_code, response.json()["error"]["type"]) == (401, "auth_error")


def test_an_unknown_key_is_refused(target, program, models, issue):
    key = issue()
    stranger = type(key)("sk-nobody-was-ever-given-this", "", "", "")
    answer = program(stranger).chat(models.chat)
    assert (answer.status, answer.error["type"]) == (401, "token_not_found_in_db")


def test_a_blocked_key_is_refused_until_it_is_unblocked(client, issue, program, models):
    key = issue()
    client.block_key(key.token)
    answer = program(key).chat(models.chat)
    assert (answer.status, answer.error["type"]) == (401, "auth_error")
    assert "blocked" in answer.error["message"]
    client.unblock_key(key.token)
    assert program(key).chat(models.chat).status == 200


def test_a_deleted_key_is_refused(client, issue, program, models):
    key = issue()
    assert program(key).chat(models.chat).status == 200
    client.delete_key(key.token)
    assert program(key).chat(models.chat).status == 401


def test_an_expired_key_is_refused(issue, program, models):
    key = issue(duration="1s")
    time.sleep(1.5)  # the gateway's own clock decides
    answer = program(key).chat(models.chat)
    assert answer.status in {400, 401}
    assert answer.error["type"] == "expired_key"


def test_a_model_that_the_key_does_not_have_is_refused(issue, program, models):
    answer = program(issue(models=[models.chat])).chat(models.other_chat)
    assert answer.status in {401, 403}
    assert answer.error["type"] == "key_model_access_denied"


def test_no_models_at_all_means_every_model(issue, program, models):
    """Which is why an empty list is never sent for a key."""
    assert program(issue(models=[])).chat(models.other_chat).status == 200


def test_a_change_of_models_counts_at_once(client, issue, program, models):
    key = issue(models=[models.chat])
    assert program(key).chat(models.other_chat).status != 200
    client.update_key(key.token, models=[models.other_chat])
    assert program(key).chat(models.other_chat).status == 200
    assert program(key).chat(models.chat).status != 200


def test_an_unknown_model_is_named_in_the_refusal(issue, program):
    answer = program(issue()).chat("no-such-model")
    assert answer.status == 400
    assert "no-such-model" in answer.error["message"]


def test_a_chat_without_messages_is_refused(issue, program, models):
    answer = program(issue()).chat(models.chat, messages=None)
    assert answer.status in {400, 500}


def test_a_spent_budget_stops_the_key(issue, program, models):
    key = issue(max_budget=0)
    answer = program(key).chat(models.chat)
    assert answer.status in {400, 422, 429}
    assert answer.error["type"] == "budget_exceeded"


def test_a_budget_is_spent_by_calls(issue, program, models):
    caller = program(issue(max_budget=0.000001))
    answers = [caller.chat(models.chat) for _ in range(3)]
    assert answers[0].status == 200
    assert answers[-1].error["type"] == "budget_exceeded"


def test_requests_per_minute_are_limited(issue, program, models):
    caller = program(issue(rpm_limit=2))
    answers = [caller.chat(models.chat) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert "Limit type: requests" in answers[-1].error["message"]
    assert answers[-1].headers["retry-after"]


def test_tokens_per_minute_are_limited_after_they_are_used(issue, program, models):
    caller = program(issue(tpm_limit=40))
    statuses = [caller.chat(models.chat).status for _ in range(4)]
    assert (statuses[0], statuses[-1]) == (200, 429)


@pytest.mark.parametrize("path", ["/key/info", "/user/info", "/key/list"])
def test_an_issued_key_administers_nothing(issue, program, path):
    answer = program(issue()).get(path)
    assert answer.status == 403
    assert "not allowed to call this route" in answer.body["detail"]
