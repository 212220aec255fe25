"""What the playground makes of the gateway's answers, whatever its version."""

import json
from uuid import uuid4

import pytest

from apikeys.errors import ModelNotOpen, SecretNotReadable
from apikeys.services import LentKey
from litemaas.errors import ServiceUnavailable
from portal.playground import calling
from portal.playground.figures import Figures
from portal.playground.refusals import BudgetUsedUp, LimitReached
from portal.playground.relay import ChatRelay

_CHAT = "/v1/chat/completions"


@pytest.fixture(autouse=True)
def _at_the_target(target, settings):
    settings.LITELLM_API_URL = target.url


@pytest.fixture
def talk(models):
    """Listen to an answer with this key; its events."""

    def run(secret, model=None):
        lent = LentKey(secret, None, None)
        body = {
            "model": model or models.chat,
            "messages": [{"role": "user", "content": "hello"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        conversation = calling.listen(uuid4(), lent, _CHAT, body)
        relay = ChatRelay(conversation, Figures(lent, "USD"), "/playground")
        try:
            return b"".join(relay).decode().split("\n\n")[:-1]
        finally:
            relay.close()

    return run


def test_a_stream_comes_through_and_ends_with_its_figures(issue, talk):
    *chunks, last, done = [event.removeprefix("data: ") for event in talk(issue().secret)]
    assert done == "[DONE]"
    said = [json.loads(chunk)["choices"] for chunk in chunks if not chunk.startswith(":")]
    assert "".join(choices[0]["delta"].get("content") or "" for choices in said if choices)
    figures = json.loads(last)["litemaas"]
    assert figures["totalTokens"] > 0
    assert figures["timeToFirstToken"] is not None


def test_an_embedding_comes_through(issue, models):
    lent = LentKey(issue().secret, None, None)
    answer = json.loads(
        calling.ask(uuid4(), lent, "/v1/embeddings", {"model": models.embedding, "input": "hello"})
    )
    assert answer["data"][0]["embedding"]


def test_a_used_up_budget_is_told_apart(issue, talk):
    with pytest.raises(BudgetUsedUp):
        talk(issue(max_budget=0).secret)


def test_a_model_that_the_key_does_not_open_is_told_apart(issue, talk, models):
    with pytest.raises(ModelNotOpen):
        talk(issue(models=[models.other_chat]).secret)


def test_a_blocked_key_is_told_apart(client, issue, talk):
    key = issue()
    client.block_key(key.token)
    with pytest.raises(SecretNotReadable):
        talk(key.secret)


def test_a_rate_limit_is_told_apart_and_names_a_wait(issue, talk):
    secret = issue(rpm_limit=1).secret
    talk(secret)
    with pytest.raises(LimitReached) as caught:
        talk(secret)
    assert caught.value.data["retryAfter"] > 0


def test_a_key_that_the_gateway_does_not_know_is_worth_another_try(talk):
    with pytest.raises(ServiceUnavailable):
        talk(f"sk-nobody-was-ever-given-{uuid4()}")


def test_nothing_is_held_after_all_that():
    assert calling.places.taken == 0
