"""Every operation of the REST contract is there, for whom the contract says, and answers in the contract's words."""

import json
import logging
import os
import re
import tempfile
from pathlib import Path

import pytest
from django.test import override_settings

from litellm_sync.client import forget_gateway
from litellm_sync.simulated import SimulatedGateway
from litemaas.api.completing import OF_THE_TABLE, RECORDED
from portal.api import backups
from tests.api.test_examples import Recorder
from tests.contract_table.declared import declared_answer, disagreements, operation_of
from tests.contract_table.rows import Row
from tests.contract_table.scene import Scene
from tests.contract_table.sections import access, catalogue, operating, people, usage
from tests.contract_table.sections.additions import ADDITIONS
from tests.contract_table.shapes import differences, places, shape_of
from tests.permission_world import methods_of, routes, undone

pytestmark = pytest.mark.django_db
# How many database statements each change makes. To record a change that is meant:
#     RECORD=1 .venv/bin/pytest -p no:randomly -n 0 tests/contract_table -k fields_of_the_contract
WRITES = Path(__file__).with_name("writes.json")
MOST, KEPT = 12, 3
_JOB = "the work of a job, which runs at once where there is no worker; by a worker otherwise"
_GATEWAY = (
    "the portal's change, its way to the gateway with a lease, and what the gateway confirmed: each a commit"
)
_CATALOGUE = "a guarded run with a row of its own, and one statement for each table of the catalogue"
# None of them grows with the rows that it touches: `tests/api/test_growth.py`.
LONGER: dict[str, str] = {
    "POST /integration/sync": _JOB,
    "POST /integration/sync (dry)": _JOB,
    "POST /admin/usage/refresh-today": _JOB,
    "POST /admin/usage/rebuild-cache": _JOB,
    "POST /admin/usage/rebuild-cache (dry)": _JOB,
    "POST /models/sync": _CATALOGUE,
    "POST /models/refresh": _CATALOGUE,
    "POST /admin/sync/models": _CATALOGUE,
    "POST /admin/models": f"{_GATEWAY}, then the catalogue read from it",
    "PUT /admin/models/{managed}": f"{_GATEWAY}, then what the restriction does to subscriptions",
    "DELETE /admin/models/{managed}": f"{_GATEWAY}, with subscriptions and keys that lose the model",
    "DELETE /admin/models/{managed} (dry)": "subscriptions and keys that would lose the model, named",
    "POST /api-keys/{key}/rotate": f"{_GATEWAY}; for two secrets that share a budget",
    "POST /teams/{team}/api-keys/{team_key}/rotate": f"{_GATEWAY}; for two secrets, and the member whom they wait for",
    "POST /teams/{team}/reset-spend": f"{_GATEWAY}, which only tells where to count from",
    "POST /teams/{team}/api-keys": f"{_GATEWAY}; for the key, and the owner and member whom it waits for",
    "POST /admin/usage/analytics": "the v0.4 object of all figures at once",
}
ROWS: list[Row] = [*people.ROWS, *catalogue.ROWS, *access.ROWS, *usage.ROWS, *operating.ROWS]


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker):
    with SimulatedGateway() as gateway, tempfile.TemporaryDirectory() as folder, override_settings(
        LITELLM_API_URL=gateway.url, LITELLM_API_KEY=gateway.master_key, BACKUP_DIR=folder, RATE_LIMITS={},
        MAX_ACTIVE_KEYS_PER_USER=100,
    ):  # fmt: skip
        forget_gateway()
        with django_db_blocker.unblock(), undone():
            yield Scene(gateway, Path(folder))
        forget_gateway()


@pytest.fixture(autouse=True)
def _quiet_and_quick(monkeypatch):
    """No worker takes up the job that a restore becomes."""
    monkeypatch.setattr(backups, "PATIENCE", 0.0)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_the_answer_has_the_fields_of_the_contract(scene, row):
    answer = scene.ask(row)
    assert answer.status == row.status, answer.content[:800]
    check_statements(row, answer)
    if row.out == "redirect":
        assert answer.location
    elif row.out == "file":
        assert answer.content
        assert not answer.type.startswith("application/problem")
    elif row.out == "":
        assert answer.content == b""
    else:
        shape = shape_of(row.out)
        wrong = sorted(set(differences(answer.data, shape)))
        assert not wrong, "\n".join(wrong)
        check_example(row, scene.filled(row.body), answer, shape)


def check_example(row, body, answer, shape):
    """Operations without a recorded example of their own show what the table's row was answered."""
    operation = operation_of(row)
    if operation is None or row.status >= 400 or "dryRun" in row.query or row.path in _PASSED_ON:
        return
    name, known = operation["operationId"], json.loads(OF_THE_TABLE.read_text())
    if os.environ.get("RECORD") and name not in json.loads(RECORDED.read_text()):
        known[name] = example_of(row, body, answer, operation)
        OF_THE_TABLE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    if name in known and known[name]["of"] == row.label:
        wrong = sorted(set(differences(known[name]["response"], shape)))
        assert not wrong, "\n".join(["The recorded example is out of date:", *wrong])


def example_of(row, body, answer, operation):
    made = {"of": row.label, "status": row.status, "response": plain(answer.data)}
    content = operation["responses"].get(str(row.status), {}).get("content", {})
    if "application/json" not in content:
        del made["response"]
    if (
        row.method != "GET"
        and body
        and "application/json" in operation.get("requestBody", {}).get("content", {})
    ):
        made["request"] = plain(body)
    return made


def plain(value):
    """Without what differs from run to run and from machine to machine."""
    text = Recorder().plain(value)
    for pattern, instead in _PLACES:
        text = re.sub(pattern, instead, text)
    return json.loads(text)


# What the model answers is passed on, also what the contract does not name.
_PASSED_ON = ("/playground/chat/completions", "/playground/embeddings", "/playground/conversions")
_PLACES = (
    (r"20\d\d-\d\d-\d\d(?!T)", "2026-11-20"),
    (r"http://127\.0\.0\.1:\d+", "https://gateway.example"),
    (r"ltm_admin_[\w-]+", "ltm_admin_…"),
)


def test_every_operation_of_the_contract_has_an_example():
    without = {row.operation for row in _DESCRIBED if row.path not in _PASSED_ON and not has_example(row)}
    assert not without


def has_example(row):
    """Some answers have a second status, for what becomes a job: one example is enough."""
    answers = (operation_of(row) or {}).get("responses", {})
    contents = [answer.get("content", {}) for status, answer in answers.items() if status.startswith("2")]
    return any("example" in content.get("application/json", {}) for content in contents)


def check_statements(row, answer):
    """No more than recorded, but for what a process keeps for some seconds and may have to ask for again."""
    if row.method == "GET":
        return
    if os.environ.get("RECORD"):
        kept = json.loads(WRITES.read_text()) | {row.label: answer.statements}
        WRITES.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    most = json.loads(WRITES.read_text()).get(row.label, 0)
    # Jobs that run at once ask for more of it.
    assert answer.statements <= most + max(KEPT, most // 4), "more database statements than recorded"


def test_few_changes_take_more_than_twelve_statements():
    """Those that do are named with the reason."""
    many = {label for label, count in json.loads(WRITES.read_text()).items() if count > MOST}
    assert many == LONGER.keys()


@pytest.mark.parametrize(
    ("row", "who"), [(row, who) for row in ROWS for who in row.refused], ids=lambda v: getattr(v, "label", v)
)
def test_nobody_else_gets_in(scene, row, who):
    answer = scene.ask(row, who)
    assert answer.status == row.refused[who], answer.content[:300]
    assert list(differences(answer.data, shape_of("Problem"))) == []


def test_every_address_is_in_the_table_or_an_addition_of_ours(record_property):
    """What the portal offers beyond the contract is listed, so that nothing of the contract can hide there."""
    covered = {_plain(row.operation) for row in ROWS}
    there = {
        _plain(f"{method} {path}")
        for path, pattern in routes()
        if path.startswith(("/api/", "/health", "/metrics")) and path not in {"/api/.*", "/api"}
        for method in methods_of(pattern) or ("GET",)
    }
    missing = sorted(there - covered - {_plain(one) for one in ADDITIONS})
    assert not missing, "\n".join(missing)
    fields = {(row.operation, place) for row in ROWS if row.is_json for place in places(shape_of(row.out))}
    record_property(
        "told",
        f"The contract's table: {len(ROWS)} rows of {len(covered)} operations, {len(fields)} fields of their answers; "
        f"{sum(len(row.refused) for row in ROWS)} refusals; {len(ADDITIONS)} operations beyond the contract",
    )


# Second addresses of what is described once, answers of whatever is not there, and dry runs.
_DESCRIBED = [
    row
    for row in ROWS
    if row.is_json
    and row.status < 400
    and "dryRun" not in row.query
    and not row.path.startswith(("/api/rbac/", "/api/auth/refresh"))
    and not row.path.endswith("/retrieve-key")
]


@pytest.mark.parametrize("row", _DESCRIBED, ids=lambda row: row.label)
def test_the_document_says_the_same(row):
    """Names, and what may be null, of every field that the contract names."""
    declared = declared_answer(row)
    if declared is None:
        pytest.fail("The document has no such answer.")
    wrong = sorted(set(disagreements(shape_of(row.out), declared)))
    assert not wrong, "\n".join(wrong)


def _plain(operation: str) -> str:
    """The same for both spellings of an address, whatever its places are called."""
    method, _, path = operation.partition(" ")
    path = path.removeprefix("/api/v1").rstrip("/")
    for fixed in ("login-logo", "header-brand-dark"):
        path = path.replace(fixed, "{}")
    return f"{method} {re.sub(r'{[^}]*}', '{}', path) or '/'}"
