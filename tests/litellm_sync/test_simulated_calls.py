"""Calls of the simulated models: answers, prices, budgets, limits."""

import datetime as dt
import json
import socket
import time

import pytest

HOUR = dt.timedelta(hours=1)
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {}}}


def _logs(client):
    now = dt.datetime.now(dt.UTC)
    return client.spend_logs(start=now - HOUR, end=now + HOUR, page_size=1000).rows


def test_the_models_differ_in_all_that_a_catalogue_must_cope_with(gateway_client):
    rows = gateway_client.list_deployments()
    infos = [row["model_info"] for row in rows]
    names = [row["model_name"] for row in rows]
    assert len(set(names)) >= 12
    assert len(names) == len(set(names)) + 1  # two deployments under one name
    assert {info["mode"] for info in infos} == {"chat", "embedding", None}
    assert any(info["supports_vision"] for info in infos)
    assert any(info["supports_function_calling"] for info in infos)
    assert any(info.get("restricted") for info in infos)
    assert any("/" in name for name in names)
    assert any(info["input_cost_per_token"] is None for info in infos)
    assert any(info["max_input_tokens"] is None for info in infos)
    assert all(info["description"] for info in infos)


def test_two_deployments_of_a_name_take_turns_at_their_own_prices(api, gateway_client):
    for _ in range(2):
        api.chat("llama-3.3-70b-instruct")
    first, second = _logs(gateway_client)
    assert {first["model_id"], second["model_id"]} == {"fireworks-llama-3.3-70b", "groq-llama-3.3-70b"}
    assert first["total_tokens"] == second["total_tokens"]
    assert first["spend"] != second["spend"]


def test_costs_are_what_binary_floats_make_of_the_prices(api, gateway_client):
    answer = api.chat("gpt-4o")
    usage = answer.json()["usage"]
    cost = usage["prompt_tokens"] * 2.5e-06 + usage["completion_tokens"] * 1e-05
    (row,) = _logs(gateway_client)
    assert repr(row["spend"]) == repr(cost)
    assert answer.headers["x-litellm-response-cost"] == repr(cost)


def test_a_model_without_a_price_costs_nothing_that_is_known(api, gateway_client):
    api.chat("gemma-3-27b-it")
    (row,) = _logs(gateway_client)
    assert row["spend"] == 0


def test_an_answer_can_be_cut_short(api):
    choice = api.chat("gpt-4o", max_tokens=3).json()["choices"][0]
    assert (choice["finish_reason"], len(choice["message"]["content"])) == ("length", 12)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "look_up"}}])
def test_a_tool_that_must_be_called_is_called(api, choice):
    answer = api.chat("gpt-4o", tools=[TOOL], tool_choice=choice).json()["choices"][0]
    assert answer["finish_reason"] == "tool_calls"
    assert answer["message"]["tool_calls"][0]["function"]["name"] == "look_up"
    assert api.chat("gpt-4o", tools=[TOOL]).json()["choices"][0]["finish_reason"] == "stop"


def test_a_tool_call_can_be_streamed(api):
    lines = api.chat("gpt-4o", tools=[TOOL], tool_choice="required", stream=True).text.split("\n\n")
    delta = json.loads(lines[0].removeprefix("data: "))["choices"][0]["delta"]
    assert delta["tool_calls"][0]["function"]["name"] == "look_up"
    assert "usage" not in lines[-3]


def test_images_have_tokens_too(api):
    text = {"type": "text", "text": "what is this?"}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    without, with_image = ([{"role": "user", "content": parts}] for parts in ([text], [text, image]))
    counts = [api.chat("gpt-4o", messages=m).json()["usage"]["prompt_tokens"] for m in (without, with_image)]
    assert counts[1] == counts[0] + 85


def test_equal_texts_get_equal_vectors_of_length_one(api):
    body = {"model": "bge-m3", "input": ["a", "b", "a"]}
    one, two, three = (row["embedding"] for row in api.post("/v1/embeddings", body).json()["data"])
    assert one == three != two
    assert len(one) == 1024
    assert sum(part * part for part in one) == pytest.approx(1, abs=1e-5)
    short = api.post("/v1/embeddings", {**body, "dimensions": 8}).json()["data"][0]["embedding"]
    assert len(short) == 8


def test_tokens_may_be_embedded_as_numbers(api):
    answer = api.post("/v1/embeddings", {"model": "bge-m3", "input": [1, 2, 3]}).json()
    assert (len(answer["data"]), answer["usage"]["prompt_tokens"]) == (1, 3)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        '{"model": "gpt-4o"}',
        '{"model": "gpt-4o", "messages": "hi"}',
        '{"model": "gpt-4o", "messages": [1]}',
    ],
)
def test_a_body_that_is_none_is_refused(gateway, body):
    import requests

    headers = {"Authorization": f"Bearer {gateway.master_key}"}
    answer = requests.post(f"{gateway.url}/v1/chat/completions", data=body, headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_stream_that_nobody_reads_to_its_end_is_paid_for(gateway, gateway_client):
    gateway._server._chunk_delay = 0.1
    body = json.dumps(
        {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "x" * 4000}]}
    )
    head = f"POST /chat/completions HTTP/1.1\r\nauthorization: Bearer {gateway.master_key}\r\n"
    with socket.create_connection((gateway.host, gateway.port)) as connection:
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
        connection.recv(200)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    deadline = time.monotonic() + 5
    while not (rows := _logs(gateway_client)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert rows[0]["prompt_tokens"] > 1000


def test_a_budget_begins_anew_on_its_day(api, gateway):
    secret = api.make_key(max_budget=0.0001, budget_duration="1d")
    assert api.chat("gpt-4o", secret).status_code == 200
    assert api.chat("gpt-4o", secret).status_code == 422
    gateway.faults.add("clock_offset", seconds=86_400)
    assert api.chat("gpt-4o", secret).status_code == 200


@pytest.mark.parametrize("who", ["user", "team", "member"])
def test_other_budgets_stop_a_key_too(api, who):
    budget = {"max_budget": 0.0001}
    api.post("/user/new", {"user_id": "u", "auto_create_key": False, **(budget if who == "user" else {})})
    team = None
    if who != "user":
        team = "t"
        api.post("/team/new", {"team_id": team, **(budget if who == "team" else {})})
        limit = {"max_budget_in_team": 0.0001} if who == "member" else {}
        api.post("/team/member_add", {"team_id": team, "member": {"user_id": "u", "role": "user"}, **limit})
    secret = api.make_key(user_id="u", team_id=team)
    assert api.chat("gpt-4o", secret).status_code == 200
    refused = api.chat("gpt-4o", secret)
    assert (refused.status_code, refused.json()["error"]["type"]) == (422, "budget_exceeded")


def test_the_users_own_budget_does_not_bind_keys_of_teams(api):
    api.post("/user/new", {"user_id": "u", "max_budget": 0, "auto_create_key": False})
    api.post("/team/new", {"team_id": "t"})
    assert api.chat("gpt-4o", api.make_key(user_id="u")).status_code == 422
    assert api.chat("gpt-4o", api.make_key(user_id="u", team_id="t")).status_code == 200


@pytest.mark.parametrize("who", ["user", "team", "team_member", "model_per_key"])
def test_other_limits_bind_a_key_too(api, who):
    limit = {"rpm_limit": 1}
    api.post("/user/new", {"user_id": "u", "auto_create_key": False, **(limit if who == "user" else {})})
    api.post("/team/new", {"team_id": "t", **(limit if who == "team" else {})})
    api.post("/team/member_add", {"team_id": "t", "member": {"user_id": "u", "role": "user"}})
    if who == "team_member":
        api.post("/team/member_update", {"team_id": "t", "user_id": "u", **limit})
    own = {"model_rpm_limit": {"gpt-4o": 1}} if who == "model_per_key" else {}
    secret = api.make_key(user_id="u", team_id="t", **own)
    assert api.chat("gpt-4o", secret).headers[f"x-ratelimit-{who}-remaining-requests"] == "0"
    refused = api.chat("gpt-4o", secret)
    assert refused.status_code == 429
    assert f"for {who}:" in refused.json()["error"]["message"]


def test_a_window_of_a_minute_ends(api, gateway):
    secret = api.make_key(rpm_limit=1)
    assert [api.chat("gpt-4o", secret).status_code for _ in range(2)] == [200, 429]
    gateway.faults.add("clock_offset", seconds=61)
    assert api.chat("gpt-4o", secret).status_code == 200


@pytest.mark.parametrize(
    ("routes", "path", "status"),
    [
        (["/v1/models"], "/v1/models", 200),
        (["/v1/models"], "/key/info", 403),
        (["/v1/*"], "/v1/models", 200),
        (["info_routes"], "/user/info", 200),
        (["management_routes"], "/v1/models", 403),
        (["llm_api_routes"], "/model/info", 200),
        (["llm_api_routes"], "/user/daily/activity", 403),
        ([], "/user/info", 200),
        ([], "/team/list", 401),
        ([], "/user/info?user_id=default_user_id", 403),
        ([], "/key/info?key=0000", 403),
    ],
)
def test_a_key_reaches_its_routes_only(api, routes, path, status):
    api.post("/user/new", {"user_id": "u", "user_role": "internal_user", "auto_create_key": False})
    secret = api.make_key(user_id="u", allowed_routes=routes)
    assert api.get(path, secret).status_code == status


def test_somebody_with_a_key_sees_only_what_is_his(api):
    for name in ("a", "b"):
        api.post("/user/new", {"user_id": name, "user_role": "internal_user", "auto_create_key": False})
    one, other = (api.make_key(user_id=name, key_alias=name) for name in ("a", "b"))
    for secret in (one, other):
        api.chat("gpt-4o", secret)
    today = dt.datetime.now(dt.UTC).date()
    days = f"start_date={today - dt.timedelta(days=1)}&end_date={today + dt.timedelta(days=1)}"
    keys = api.get("/key/list?return_full_object=true", one).json()["keys"]
    assert [key["key_alias"] for key in keys] == ["a"]
    assert {row["user"] for row in api.get(f"/spend/logs/v2?{days}", one).json()["data"]} == {"a"}
    assert api.get(f"/user/daily/activity?{days}", one).json()["metadata"]["total_api_requests"] == 1
    assert api.post("/key/delete", {"key_aliases": ["b"]}, one).status_code == 404
    assert api.post("/key/delete", {"key_aliases": ["a"]}, one).status_code == 200


def test_models_can_be_named_by_group_and_by_the_team(api):
    api.post(
        "/model/new",
        {"model_name": "own", "litellm_params": {"model": "x/own"}, "model_info": {"access_groups": ["g"]}},
    )
    api.post("/team/new", {"team_id": "t", "models": ["g", "gpt-4o"]})
    of_team, of_group = api.make_key(team_id="t", models=["all-team-models"]), api.make_key(models=["g"])
    both = api.make_key(team_id="t", models=["gpt-4o", "deepseek-r1"])

    def listed(secret):
        return {model["id"] for model in api.get("/v1/models", secret).json()["data"]}

    assert (listed(of_team), listed(of_group), listed(both)) == ({"own", "gpt-4o"}, {"own"}, {"gpt-4o"})
    assert api.chat("own", of_group).status_code == 200


def test_groups_of_models_show_the_range_of_their_deployments(api):
    group = api.get("/model_group/info?model_group=llama-3.3-70b-instruct").json()["data"][0]
    assert group["providers"] == ["fireworks_ai", "groq"]
    assert (group["max_input_tokens"], group["input_cost_per_token"]) == (131072.0, 9e-07)
