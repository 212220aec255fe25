"""The document is valid, and says of every answer exactly what is in it."""

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from drf_spectacular.validation import validate_schema
from openapi_spec_validator import validate

from accounts.tokens import issue_tokens
from litemaas.api.docs import document
from litemaas.api.rendering import dumps
from teams.models import Invitation, Member
from tests.api.test_api_keys import make_key
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory

METHODS = ("get", "put", "post", "delete", "patch")
# Objects whose members are not ours to name: what people keep with their things, values before and after, results.
FREE = (
    r"metadata|oldValues|newValues|previousState|newState|playground|notifications|result|portal|proxy"
    r"|row|rows|totals|previous|recentActivity|hourlyUsage|errorBreakdown|details"
    # A file of rows, whose columns depend on what was asked.
    r"|(get|post) /api/v1/(admin/)?usage/export 200"
)


@pytest.fixture(scope="module")
def served():
    """As clients read it."""
    return json.loads(dumps(document()))


def operations(served):
    return [
        (path, method, operation)
        for path, methods in served["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_valid_openapi(served):
    validate_schema(document())
    validate(served)


def test_every_field_has_a_type(served):
    loose = []

    def walk(schema, name, where):
        if "$ref" in schema:
            return
        if not schema.keys() & {"type", "enum", "oneOf", "anyOf", "allOf", "const"}:
            loose.append(where)
        if schema.get("type") == "object" and not schema.keys() & {"properties", "additionalProperties"}:
            loose.append(where)
        for kind in ("oneOf", "anyOf", "allOf"):
            for inner in schema.get(kind, ()):
                walk(inner, name, where)
        for field, inner in schema.get("properties", {}).items():
            walk(inner, field, f"{where}.{field}")
        for part in ("items", "additionalProperties"):
            inner = schema.get(part)
            if isinstance(inner, dict) and not (inner == {} and re.fullmatch(FREE, name)):
                walk(inner, name, f"{where}[]")

    for name, schema in served["components"]["schemas"].items():
        walk(schema, name, name)
    for path, method, operation in operations(served):
        for parameter in operation.get("parameters", ()):
            walk(parameter["schema"], "", f"{method} {path} ?{parameter['name']}")
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                walk(content["schema"], "", f"{method} {path} {status}")
    assert [where for where in loose if not re.fullmatch(FREE, _last(where))] == []


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "method"), [("/usage/export", "get"), ("/admin/usage/export", "post")])
def test_a_file_in_json_is_a_list_of_rows_also_in_the_document(served, api, admin, path, method):
    said = served["paths"][f"/api/v1{path}"][method]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    assert (said["type"], said["items"]["type"]) == ("array", "object")
    if method == "get":
        answer = api.get("usage/export?format=json")
    else:
        days = {"startDate": "2026-01-01", "endDate": "2026-01-02"}
        answer = admin.post("admin/usage/export", days | {"format": "json"})
    assert json.loads(answer.getvalue()) == []


def _last(where):
    name = where.rstrip("[]")
    return name if "/" in name else name.rpartition(".")[2]


def test_every_operation_says_how_it_succeeds_and_how_it_fails(served):
    for path, method, operation in operations(served):
        where, statuses = f"{method} {path}", set(operation["responses"])
        assert statuses & {"200", "201", "202", "204", "302"}, where
        assert {"400", "429", "500", "503"} <= statuses, where
        # Also where anybody may ask whether a credential is right.
        assert ("401" in statuses) >= (operation["security"] != [{}]), where
        assert ("404" in statuses) >= ("{" in path), where
        assert method in METHODS
        assert operation["summary"], where
        assert "Parse, call one use case" not in operation.get("description", ""), where


def test_operations_stand_in_sections_in_the_order_of_the_contract(served):
    sections = [tag["name"] for tag in served["tags"]]
    used = [operation["tags"] for _path, _method, operation in operations(served)]
    places = [sections.index(tag) for (tag,) in used]
    assert places == sorted(places)


def links(served):
    return [
        (answer, link)
        for _path, _method, operation in operations(served)
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]


def test_whatever_has_an_id_in_its_address_is_reached_from_an_answer_that_holds_the_id(served):
    followed = {link["operationId"] for _answer, link in links(served)}
    lonely = {o["operationId"] for path, _method, o in operations(served) if "{" in path} - followed
    # Whose place is one of three words.
    assert lonely == {"put_branding_image"}


def test_links_fill_each_place_of_the_next_address_with_what_is_there(served):
    places = {o["operationId"]: re.findall(r"\{(\w+)\}", path) for path, _method, o in operations(served)}

    def at(schema, steps):
        if "$ref" in schema:
            return at(served["components"]["schemas"][schema["$ref"].rpartition("/")[2]], steps)
        if not steps:
            return schema
        return at(schema["items"] if steps[0] == "0" else schema["properties"][steps[0]], steps[1:])

    for answer, link in links(served):
        assert sorted(link["parameters"]) == sorted(places[link["operationId"]])
        for value in link["parameters"].values():
            start, _, pointer = value.partition("#/")
            if start == "$response.body":
                found = at(answer["content"]["application/json"]["schema"], pointer.split("/"))
                assert found["type"] in ("string", "integer", ["string", "null"]), link


def test_credentials_are_described(served):
    assert served["components"]["securitySchemes"].keys() == {"bearer", "session", "scrapeToken"}


def test_names_of_choices_are_given_by_us(served):
    """drf-spectacular makes names with digits where two choices would get the same one."""
    assert [name for name in served["components"]["schemas"] if re.search(r"\d.*Enum", name)] == []


def test_a_client_can_be_generated_and_works(served, live_server, tmp_path):
    """openapi-python-client makes one module per operation and one class per schema, with types."""
    (tmp_path / "openapi.json").write_text(json.dumps(served))
    binary = {"application/gzip": "application/octet-stream", "image/*": "application/octet-stream"}
    config = {"content_type_overrides": binary, "post_hooks": [], "project_name_override": "litemaas_client"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    program = Path(sys.executable).with_name("openapi-python-client")
    made = subprocess.run(
        [
            *(program, "generate", "--path", "openapi.json", "--config", "config.json", "--meta", "none"),
            *("--output-path", "litemaas_client", "--fail-on-warning"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout
    ModelFactory.create(id="lab/first")
    token = issue_tokens(UserFactory.create(), signed_in_at=timezone.now())["access_token"]
    use = (
        "from litemaas_client import AuthenticatedClient\n"
        "from litemaas_client.api.models import list_models, read_model\n"
        f"client = AuthenticatedClient(base_url={live_server.url!r}, token={token!r})\n"
        "page = list_models.sync(client=client)\n"
        "print(page.data[0].id, page.pagination.total)\n"
        "print(read_model.sync_detailed('nothing', client=client).parsed.code)\n"
    )
    used = subprocess.run(
        [sys.executable, "-c", use], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert used.stdout.splitlines() == ["lab/first 1", "NOT_FOUND"], used.stderr


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
    "admin/usage/rejects": "/api/v1/admin/usage/rejects",
    "admin/usage/shared-ids": "/api/v1/admin/usage/shared-ids",
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
