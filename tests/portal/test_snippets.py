"""The examples run as they stand: what people copy is what is tried here, against the simulated gateway."""

import os
import subprocess
import sys

import pytest
from django.utils import timezone

from apikeys.services import issue_api_key
from litemaas.web.snippets import KEY_VARIABLE, snippets
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

CHAT, EMBEDDING, CONVERTER = "gpt-4o-mini", "text-embedding-3-small", "granite-docling"
# Kind, whether it streams, and what is seen of the answer by curl and by Python.
KINDS = [
    ("chat", False, "You wrote: Hello", "You wrote: Hello"),
    ("chat", True, "data: [DONE]", "You wrote: Hello"),
    ("embeddings", False, '"embedding"', "1536"),
    ("convert", False, "A simulated document", "A simulated document"),
    ("tokenize", False, '"total_tokens"', "'total_tokens'"),
]
_MODELS = {"embeddings": EMBEDDING, "convert": CONVERTER}


@pytest.fixture
def secret(db, gateway, drain):
    user = UserFactory()
    for name in (CHAT, EMBEDDING, CONVERTER):
        SubscriptionFactory(user=user, model=ModelFactory(id=name))
    issued = issue_api_key(actor=user, name="k", model_ids=[CHAT, EMBEDDING, CONVERTER], now=timezone.now())
    drain()
    return issued.secret


def code(language, kind, base, is_streaming):
    found = snippets(kind, _MODELS.get(kind, CHAT), base, streaming=is_streaming)
    return next(one.code for one in found if one.slug == language)


def run(command, text, secret):
    done = subprocess.run(
        command,
        input=text,
        env={**os.environ, KEY_VARIABLE: secret},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl(secret, gateway):
    for kind, is_streaming, seen, _ in KINDS:
        assert seen in run(["bash", "-e"], code("curl", kind, gateway.url, is_streaming), secret)
    # Counting tokens costs nothing.
    assert len(gateway.state.ledger.rows) == len(KINDS) - 1


def test_python(secret, gateway):
    """In one program: the client of OpenAI takes a second to load."""
    texts = [code("python", kind, gateway.url, is_streaming) for kind, is_streaming, *_ in KINDS]
    said = run(
        [sys.executable, "-W", "error", "-"], 'print("\\n-----")\n'.join(f"{t}\n" for t in texts), secret
    )
    parts = said.split("-----")
    assert len(parts) == len(KINDS)
    for (*_, seen), part in zip(KINDS, parts, strict=True):
        assert seen in part
    assert len(gateway.state.ledger.rows) == len(KINDS) - 1
