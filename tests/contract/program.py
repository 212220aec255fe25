"""A program that calls models the OpenAI way."""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests


@dataclass(frozen=True)
class Answer:
    """`error` is the body's `error` object, {} for a success."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> dict[str, Any]:
        return self.body.get("error", {}) if self.status >= 400 else {}

    @property
    def cost(self) -> Decimal:
        return Decimal(self.headers["x-litellm-response-cost"])


class Program:
    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"}

    def chat(self, model: str, **parts: Any) -> Answer:
        messages = [{"role": "user", "content": "hello there"}]
        return self._post("/v1/chat/completions", {"model": model, "messages": messages, **parts})

    def embed(self, model: str, text: str) -> Answer:
        return self._post("/v1/embeddings", {"model": model, "input": text})

    def get(self, path: str) -> Answer:
        return _answer(requests.get(self._url + path, headers=self._headers, timeout=10))

    def stream(self, model: str, **parts: Any) -> list[dict[str, Any]]:
        """The chunks of a streamed chat, up to [DONE]."""
        body = {
            "model": model,
            "messages": [{"role": "user", "content": "hello there"}],
            "stream": True,
            **parts,
        }
        with requests.post(
            f"{self._url}/v1/chat/completions", json=body, headers=self._headers, stream=True, timeout=10
        ) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            lines = [line.decode() for line in response.iter_lines() if line]
        assert lines[-1] == "data: [DONE]"
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]

    def _post(self, path: str, body: dict[str, Any]) -> Answer:
        return _answer(requests.post(self._url + path, json=body, headers=self._headers, timeout=10))


def _answer(response: requests.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, response.json(), headers)
