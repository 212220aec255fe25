"""The v0.4 front end's ways with the API, as far as they matter: one token, thirty seconds, three places for errors."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from django.test import Client

_V1 = "/api/v1/"


class Failed(Exception):
    """What it throws. `shown` is what the person reads."""

    def __init__(self, status: int, body: dict[str, Any], shown: str) -> None:
        self.status, self.body, self.shown = status, body, shown
        super().__init__(shown)


@dataclass
class FrontEnd:
    """Keeps one token, which it never renews, and goes to the sign-in page on any 401."""

    token: str | None = None
    location: str = "/home"
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The body of a success; raises Failed."""
        answer = self.fetch(method, path, body)
        if answer.status_code == 401:
            self.token, self.location = None, "/login?session=expired"
        if answer.status_code >= 400:
            data = answer.json()
            raise Failed(answer.status_code, data, shown_text(data))
        return answer.json() if answer.content else None

    def fetch(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Raw, as its downloads do: the bearer, and nothing read of an error."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        full = path if path.startswith("/") else _V1 + path
        if method == "GET":
            return self.browser.get(full, body, headers=headers)
        # It says JSON also where there is no body.
        return self.browser.generic(
            method,
            full,
            b"" if body is None else orjson.dumps(body),
            content_type="application/json",
            headers=headers,
        )

    def get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        return self.call("GET", path, query)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return self.call("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self.call("PATCH", path, body)


def shown_text(data: dict[str, Any]) -> str:
    """Its general extractor: `error` must be an object; a suggestion replaces the message, and the entries of a
    validation are joined."""
    error = data["error"]
    assert isinstance(error, dict)
    details = error.get("details") or {}
    if details.get("validation"):
        return "; ".join(entry["message"] for entry in details["validation"])
    return str(details.get("suggestion") or error["message"])
