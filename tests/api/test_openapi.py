"""The document is valid, and says of every answer exactly what is in it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from drf_spectacular.validation import validate_schema

from litemaas.api.docs import document
from teams.models import Invitation, Member
from tests.api.test_api_keys import make_key
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory


def test_the_document_is_valid_openapi():
    validate_schema(document())


@pytest.mark.parametrize("path", ["openapi.json", "/openapi.json"])
def test_the_document_is_served(anonymous, path):
    assert anonymous.get(path).json()["openapi"].startswith("3.1")


def test_the_browser_loads_nothing_from_elsewhere(anonymous):
    page = anonymous.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.content.decode().replace("http-equiv", "")
    assert "unsafe-inline" in page["Content-Security-Policy"]
    assert "script-src" not in page["Content-Security-Policy"]


def resolve(schema):
    while "$ref" in schema or "allOf" in schema or "oneOf" in schema:
        if "$ref" in schema:
            schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        else:
            schema = next(s for s in schema.get("allOf") or schema["oneOf"] if s != {"type": "null"})
    return schema


def check(value, schema, where):
    """Every field of the answer is declared and every declared one is there."""
    if value is None and {"type": "null"} in schema.get("oneOf", ()):
        return
    schema = resolve(schema)
    if isinstance(value, dict) and "properties" in schema:
        declared, required = set(schema["properties"]), set(schema.get("required", ()))
        assert set(value) <= declared, where
        assert required <= set(value), where
        for name, inner in value.items():
            check(inner, schema["properties"][name], f"{where}.{name}")
    elif isinstance(value, list):
        for inner in value:
            check(inner, schema["items"], f"{where}[]")
    elif value is None:
        assert "null" in schema.get("type", ()) or schema.get("nullable") or "enum" in schema, where


READS = {
    "models": "/api/v1/models",
    "models/m": "/api/v1/models/{model_id}",
    "models/providers": "/api/v1/models/providers",
    "models/capabilities": "/api/v1/models/capabilities",
    "models/health": "/api/v1/models/health",
    "models/sync/stats": "/api/v1/models/sync/stats",
    "subscriptions": "/api/v1/subscriptions",
    "subscriptions/{subscription}": "/api/v1/subscriptions/{subscription_id}",
    "subscriptions/{subscription}/history": "/api/v1/subscriptions/{subscription_id}/history",
    "admin/subscriptions": "/api/v1/admin/subscriptions",
    "api-keys": "/api/v1/api-keys",
    "api-keys/{key}": "/api/v1/api-keys/{key_id}",
    "teams": "/api/v1/teams",
    "teams/{team}": "/api/v1/teams/{team_id}",
    "teams/{team}/budget": "/api/v1/teams/{team_id}/budget",
    "teams/{team}/members": "/api/v1/teams/{team_id}/members",
    "teams/{team}/members/{user}": "/api/v1/teams/{team_id}/members/{user_id}",
    "teams/{team}/invitations": "/api/v1/teams/{team_id}/invitations",
    "invitations": "/api/v1/invitations",
    "auth/me": "/api/v1/auth/me",
    "auth/profile": "/api/v1/auth/profile",
    "users/me": "/api/v1/users/me",
    "rbac/permissions/me": "/api/v1/rbac/permissions/me",
    "config": "/api/v1/config",
    "config/admin-analytics": "/api/v1/config/admin-analytics",
    "config/api-key-defaults": "/api/v1/config/api-key-defaults",
    "usage/budget": "/api/v1/usage/budget",
    "usage/standing": "/api/v1/usage/standing",
    "usage/dashboard": "/api/v1/usage/dashboard",
    "usage/top": "/api/v1/usage/top",
    "usage/metrics": "/api/v1/usage/metrics",
    "usage/admin/global": "/api/v1/usage/admin/global",
    "admin/usage/alerts": "/api/v1/admin/usage/alerts",
    "admin/usage/webhooks": "/api/v1/admin/usage/webhooks",
    "health/live": "/api/v1/health/live",
    "health/ready": "/api/v1/health/ready",
}


@pytest.mark.parametrize("path", READS)
def test_an_answer_and_its_declaration_agree(admin, path):
    subscription = SubscriptionFactory.create(user=admin.user, model=ModelFactory(id="m"))
    key = make_key(admin.user, subscription.model)
    team = TeamFactory.create(max_budget=5)
    for user in (admin.user, UserFactory.create()):
        Member.objects.create(team=team, user=user, role="admin", max_budget=1)
    for number, where in enumerate((team, TeamFactory.create())):
        Invitation.objects.create(
            team=where, user=admin.user, token_hash=str(number), expires_at=timezone.now() + timedelta(days=1)
        )
    places = {"subscription": subscription.pk, "key": key.pk, "team": team.pk, "user": admin.user.pk}
    answer = admin.get(path.format(**places))
    assert answer.status_code == 200
    declared = document()["paths"][READS[path]]["get"]["responses"]["200"]["content"]["application/json"]
    check(json.loads(answer.content), declared["schema"], path)
