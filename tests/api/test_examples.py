"""The examples of the OpenAPI document are answers of the portal, recorded.

Here they are made again and compared in shape, so they can't go stale. Record them anew after a change of an answer:

    RECORD=1 .venv/bin/pytest -p no:randomly tests/api/test_examples.py
"""

import json
import os
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import SYSTEM
from catalog.models import Model
from catalog.sync import sync_models
from litemaas.api.completing import OF_THE_TABLE, RECORDED
from litemaas.api.docs import document
from tests.api.conftest import ApiClient
from tests.api.test_openapi import check
from tests.factories import PASSWORD, UserFactory

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^ \"]*")
_SECRET = re.compile(r"sk-[\w-]{12,}|eyJ[\w.-]{20,}")


class Recorder:
    """Calls, and what they were answered, by operation."""

    def __init__(self) -> None:
        self.found = {}
        self._ids: dict[str, str] = {}

    def call(self, operation, client, method, path, body=None):
        answer = getattr(client, method)(path, body) if body is not None else getattr(client, method)(path)
        assert answer.status_code < 300, f"{operation}: {answer.text}"
        self.found[operation] = {"status": answer.status_code}
        if body is not None and method != "get":
            self.found[operation]["request"] = self._plain(body)
        self.found[operation]["response"] = self._plain(answer.json())
        return answer.json()

    def _plain(self, value):
        return json.loads(self.plain(value))

    def plain(self, value):
        """As JSON, without what differs from run to run."""
        text = _UUID.sub(self._id, json.dumps(_short(value)))
        text = _TIME.sub("2026-11-20T12:00:00.000Z", text)
        return _SECRET.sub(lambda m: f"{m[0][:3]}…", text)

    def _id(self, match):
        known = self._ids
        return known.setdefault(match[0], f"5f0c2a1e-0000-4000-8000-{len(known) + 1:012}")


def _short(value):
    """A list shows its first element."""
    if isinstance(value, list):
        return [_short(inner) for inner in value[:1]]
    return {name: _short(inner) for name, inner in value.items()} if isinstance(value, dict) else value


@pytest.fixture
def recorded(gateway, settings, db):
    settings.LITELLM_PUBLIC_URL = "https://llm.example.com"
    person = UserFactory.create(
        username="mary", email="mary@example.com", full_name="Mary Example", signs_in=True
    )
    mary, admin = ApiClient(person), ApiClient(UserFactory.create(username="ada", is_operator=True))
    sync_models(actor=SYSTEM, trigger="test")
    restricted = Model.objects.get(pk="gpt-4o")
    Model.objects.filter(pk=restricted.pk).update(restricted_access=True)
    call = (notes := Recorder()).call
    signed = {"grantType": "password", "username": "mary", "password": PASSWORD}
    call("issue_token", ApiClient(), "post", "/api/auth/token", signed)
    notes.found["issue_token"]["request"]["password"] = "the password"
    call("me", mary, "get", "auth/me")
    call("config_retrieve", ApiClient(), "get", "config")
    call("list_models", mary, "get", "models?limit=1")
    call("read_model", mary, "get", "models/gpt-4o-mini")
    call("subscribe", mary, "post", "subscriptions", {"modelId": "gpt-4o-mini"})
    call("list_subscriptions", mary, "get", "subscriptions")
    key = call(
        "issue_api_key",
        mary,
        "post",
        "api-keys",
        {"modelIds": ["gpt-4o-mini"], "name": "Notebook", "maxBudget": 5},
    )
    call("list_api_keys", mary, "get", "api-keys")
    call("change_api_key", mary, "patch", f"api-keys/{key['id']}", {"rpmLimit": 10})
    call("reveal_api_key", mary, "post", f"api-keys/{key['id']}/reveal")
    call("rotate_api_key", mary, "post", f"api-keys/{key['id']}/rotate", {"overlapSeconds": 3600})
    call("read_my_limits", mary, "get", "users/me/limits")
    asked = mary.post("subscriptions", {"modelId": "gpt-4o"}).json()
    call("list_subscription_requests", admin, "get", "admin/subscriptions?statuses=pending")
    call(
        "approve_subscriptions",
        admin,
        "post",
        "admin/subscriptions/approve",
        {"subscriptionIds": [asked["id"]]},
    )
    call("list_users", admin, "get", "users?search=mary")
    call("read_user", admin, "get", f"admin/users/{person.pk}")
    call("change_user_limits", admin, "patch", f"admin/users/{person.pk}/budget-limits", {"maxBudget": 50})
    call(
        "create_team",
        admin,
        "post",
        "teams",
        {"name": "Research", "maxBudget": 100, "adminIds": [str(person.pk)]},
    )
    call("list_audit_events", admin, "get", "admin/audit?action=API_KEY_CREATE")
    today = timezone.now().date()
    dates = {"startDate": str(today - timedelta(days=1)), "endDate": str(today)}
    call("usage_analytics_create", mary, "post", "usage/analytics", dates)
    call("delete_api_key", mary, "delete", f"api-keys/{key['id']}")
    return notes.found


def _shape(value):
    """Names and types; null may stand for anything."""
    if isinstance(value, dict):
        return {name: _shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shape(inner) for inner in value[:1]]
    return (
        type(value).__name__ if value is not None and not isinstance(value, int | float) else "number or null"
    )


def test_the_recorded_examples_are_what_is_answered(recorded):
    if os.environ.get("RECORD"):
        RECORDED.write_text(json.dumps(recorded, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        document.cache_clear()
    known = json.loads(RECORDED.read_text())
    assert recorded.keys() == known.keys()
    for operation, example in recorded.items():
        assert _shape(known[operation]) == _shape(example), (
            f"{operation}: record the examples anew (see above)."
        )


def test_examples_are_as_the_document_declares_them():
    found = 0
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            for answer in operation["responses"].values():
                content = answer.get("content", {}).get("application/json", {})
                if "example" in content:
                    check(content["example"], content["schema"], f"{method} {path}")
                    found += 1
    assert found >= len(json.loads(RECORDED.read_text()) | json.loads(OF_THE_TABLE.read_text()))
