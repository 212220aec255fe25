"""A client that speaks to the REST API as somebody."""

import logging
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tokens import issue_tokens
from tests.factories import UserFactory
from tests.permission_world import World, undone


class ApiClient:
    """Bodies are dicts; paths are below /api/v1 unless they start with /api or /."""

    def __init__(self, user: Any = None, **tokens: Any) -> None:
        self.user = user
        self._client = Client(raise_request_exception=False)
        self.headers: dict[str, str] = {}
        if user is not None:
            pair = issue_tokens(user, signed_in_at=tokens.get("signed_in_at", timezone.now()))
            self.headers["Authorization"] = f"Bearer {pair['access_token']}"

    def get(self, path: str, query: Any = None, **headers: str) -> Any:
        return self._client.get(_full(path), query, headers={**self.headers, **headers})

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._client.post(
            _full(path), body or {}, content_type="application/json", headers={**self.headers, **headers}
        )

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._client.put(
            _full(path), body or {}, content_type="application/json", headers={**self.headers, **headers}
        )

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._client.patch(
            _full(path), body or {}, content_type="application/json", headers={**self.headers, **headers}
        )

    def raw(self, path: str, body: bytes, content_type: str = "application/json") -> Any:
        return self._client.generic(
            "POST", _full(path), body, content_type=content_type, headers=self.headers
        )

    def delete(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._client.delete(
            _full(path), body or {}, content_type="application/json", headers={**self.headers, **headers}
        )


def _full(path: str) -> str:
    return path if path.startswith("/") else f"/api/v1/{path}"


@pytest.fixture
def user(db: None) -> Any:
    return UserFactory()


@pytest.fixture
def api(user: Any) -> ApiClient:
    return ApiClient(user)


@pytest.fixture
def stranger(db: None) -> ApiClient:
    return ApiClient(UserFactory())


@pytest.fixture
def admin(db: None) -> ApiClient:
    return ApiClient(UserFactory(is_operator=True))


@pytest.fixture
def auditor(db: None) -> ApiClient:
    return ApiClient(UserFactory(is_auditor=True))


@pytest.fixture
def anonymous() -> ApiClient:
    return ApiClient()


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Something of everything, for a module's tests, and gone after them."""
    with django_db_blocker.unblock(), undone():
        logging.disable(logging.CRITICAL)
        made = World()
        yield made
        made.close()
        logging.disable(logging.NOTSET)
