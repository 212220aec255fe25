"""The differences between LiteLLM's versions, call by call (recorded; gateway.md §12).

Left out are calls that the portal never makes, which the simulated gateway does not have in any version.
"""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
import requests

from litellm_sync.simulated import SimulatedGateway
from tests.litellm_sync.conftest import Api

VERSIONS = ("1.80.17", "1.91.5", "1.109.1")


@pytest.fixture(scope="module", params=VERSIONS)
def old(request) -> Iterator[tuple[str, Api]]:
    with SimulatedGateway(version=request.param) as gateway, requests.Session() as session:
        yield request.param, Api(gateway.url, session, gateway.master_key)


def unique() -> str:
    return f"v-{uuid4()}"


def over_key_budget(api):
    key = api.make_key(max_budget=0)
    return api.chat("gpt-4o-mini", key)


def over_team_budget(api):
    team_id = unique()
    api.post("/team/new", {"team_id": team_id, "max_budget": 0})
    return api.chat("gpt-4o-mini", api.make_key(team_id=team_id))


def over_user_budget(api):
    user_id = unique()
    api.post("/user/new", {"user_id": user_id, "max_budget": 0, "auto_create_key": False})
    return api.chat("gpt-4o-mini", api.make_key(user_id=user_id))


def model_not_allowed(api):
    return api.chat("gpt-4o-mini", api.make_key(models=["gemma-3-27b-it"]))


def expired_key(api):
    key = api.make_key(duration="1s")
    time.sleep(1.1)
    return api.chat("gpt-4o-mini", key)


def duplicate_alias(api):
    alias = unique()
    api.make_key(key_alias=alias)
    return api.post("/key/generate", {"key_alias": alias})


def duplicate_user(api):
    user_id = unique()
    api.post("/user/new", {"user_id": user_id})
    return api.post("/user/new", {"user_id": user_id})


def duplicate_address(api):
    address = f"{unique()}@example.com"
    api.post("/user/new", {"user_email": address})
    return api.post("/user/new", {"user_email": address})


def as_somebody(api, method, path, body=None):
    user_id = unique()
    api.post("/user/new", {"user_id": user_id, "user_role": "internal_user", "auto_create_key": False})
    return api.send(method, path, body, api.make_key(user_id=user_id))


def over_rate(api):
    key = api.make_key(rpm_limit=1)
    api.chat("gpt-4o-mini", key)
    return api.chat("gpt-4o-mini", key)


def reset_spend(api):
    api.make_key(key="sk-reset-spend-0123456789")
    return api.post("/key/sk-reset-spend-0123456789/reset_spend", {"reset_to": 0})


UNKNOWN = "0" * 64
DAYS = "start_date=2026-11-01&end_date=2026-11-02"
TABLE = {
    "call over key budget": (over_key_budget, (400, 429, 422)),
    "call over team budget": (over_team_budget, (400, 429, 422)),
    "call over user budget (personal key)": (over_user_budget, (200, 429, 422)),
    "model not allowed": (model_not_allowed, (401, 403, 403)),
    "expired key": (expired_key, (400, 401, 401)),
    "/key/update unknown key": (lambda api: api.post("/key/update", {"key": UNKNOWN}), (401, 404, 404)),
    "/key/block unknown key": (lambda api: api.post("/key/block", {"key": UNKNOWN}), (401, 404, 404)),
    "/key/info unknown key": (lambda api: api.get(f"/key/info?key={UNKNOWN}"), (404, 404, 404)),
    "duplicate alias": (duplicate_alias, (400, 400, 400)),
    "/user/new duplicate user_id": (duplicate_user, (409, 409, 409)),
    "/user/new duplicate e-mail": (duplicate_address, (409, 409, 409)),
    "bad budget_duration": (
        lambda api: api.post("/key/generate", {"budget_duration": "xyz"}),
        (200, 200, 400),
    ),
    "negative max_budget": (lambda api: api.post("/key/generate", {"max_budget": -1}), (400, 400, 400)),
    "custom key without sk-": (
        lambda api: api.post("/key/generate", {"key": "no-secret-0123456789"}),
        (400, 400, 400),
    ),
    "rate limit": (over_rate, (429, 429, 429)),
    "/user/list as non-admin": (lambda api: as_somebody(api, "GET", "/user/list"), (401, 403, 403)),
    "/team/new as non-admin": (lambda api: as_somebody(api, "POST", "/team/new", {}), (401, 401, 401)),
    "/user/daily/activity/aggregated": (
        lambda api: api.get(f"/user/daily/activity/aggregated?{DAYS}"),
        (200, 200, 200),
    ),
    "/key/{key}/reset_spend": (reset_spend, (404, 200, 200)),
    "/key/aliases": (lambda api: api.get("/key/aliases"), (200, 200, 200)),
    "/v2/user/info": (lambda api: api.get("/v2/user/info?user_id=default_user_id"), (404, 200, 200)),
    "/health/readiness/details": (lambda api: api.get("/health/readiness/details"), (404, 200, 200)),
}


@pytest.mark.parametrize("row", TABLE)
def test_a_call_is_answered_as_that_version_answers_it(old, row):
    version, api = old
    call, statuses = TABLE[row]
    answer = call(api)
    assert answer.status_code == statuses[VERSIONS.index(version)], answer.text


def test_a_budget_window_is_cleared_from_1_91(old):
    version, api = old
    secret = api.make_key(budget_duration="30d", max_budget=1)
    api.post("/key/update", {"key": secret, "budget_duration": None})
    there = api.get(f"/key/info?key={secret}").json()["info"]["budget_duration"]
    assert there == ("30d" if version == "1.80.17" else None)


def test_a_soft_budget_is_changed_from_1_109(old):
    version, api = old
    secret = api.make_key(soft_budget=1)
    api.post("/key/update", {"key": secret, "soft_budget": 2})
    there = api.get(f"/key/info?key={secret}").json()["info"]["litellm_budget_table"]["soft_budget"]
    assert there == (2 if version == "1.109.1" else 1)


def test_a_deleted_key_is_remembered_from_1_109_or_not(old):
    version, api = old
    secret = api.make_key()
    api.post("/key/delete", {"keys": [secret]})
    assert api.get(f"/key/info?key={secret}").status_code == (404 if version == "1.80.17" else 200)


def test_readiness_tells_no_version_any_more_in_1_109(old):
    version, api = old
    assert ("litellm_version" in api.get("/health/readiness").json()) == (version != "1.109.1")


def test_the_version_is_in_the_openapi_document(old):
    version, api = old
    document = api.get("/openapi.json").json()
    assert document["info"]["version"] == version
    assert ("/v2/user/info" in document["paths"]) == (version != "1.80.17")
