"""Somebody with a key that the simulated gateway knows."""

import json

import pytest
from django.utils import timezone

from apikeys.services import issue_api_key
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

CHAT, EMBEDDING, CONVERTER = "gpt-4o-mini", "text-embedding-3-small", "granite-docling"
OPENED = (CHAT, EMBEDDING, CONVERTER)


class Player(ApiClient):
    """`key` opens CHAT, EMBEDDING and CONVERTER."""

    def __init__(self, user, key):
        super().__init__(user)
        self.key = key

    def chat(self, words="Hello there, gateway", **more):
        body = {"apiKeyId": str(self.key.pk), "model": CHAT, "messages": [{"role": "user", "content": words}]}
        return self.post("playground/chat/completions", {**body, **more})

    def embed(self, **more):
        body = {"apiKeyId": str(self.key.pk), "model": EMBEDDING, "input": "Hello"}
        return self.post("playground/embeddings", {**body, **more})

    def convert(self, **more):
        body = {"apiKeyId": str(self.key.pk), "model": CONVERTER, "url": "https://papers.example/one.pdf"}
        return self.post("playground/conversions", {**body, **more})


@pytest.fixture
def secrets_made():
    return []


@pytest.fixture
def make_player(db, gateway, drain, secrets_made):
    def make(**limits):
        user = UserFactory()
        for name in OPENED:
            model = ModelFactory(id=name) if name not in made else made[name]
            made[name] = model
            SubscriptionFactory(user=user, model=model)
        issued = issue_api_key(
            actor=user, name="playing", model_ids=list(OPENED), now=timezone.now(), **limits
        )
        secrets_made.append(issued.secret)
        drain()
        return Player(user, issued.key)

    made = {}
    return make


@pytest.fixture
def player(make_player):
    return make_player()


def events(response):
    """The data of the events, `[DONE]` as it is."""
    # Django's test client closes what is read to its end.
    text = b"".join(response.streaming_content).decode()
    found = [block.removeprefix("data: ") for block in text.split("\n\n") if block.startswith("data: ")]
    return [one if one == "[DONE]" else json.loads(one) for one in found]
