"""What the simulated gateway remembers."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time

import pytest
import requests

from litellm_sync.client import GatewayClient
from litellm_sync.simulated import SimulatedGateway
from litellm_sync.simulated.durations import length, next_reset

HOUR = dt.timedelta(hours=1)


def _logs(client):
    now = dt.datetime.now(dt.UTC)
    return client.spend_logs(start=now - HOUR, end=now + HOUR)


class Process:
    """The simulated gateway as `make run` runs it."""

    def __init__(self, state, *options: str) -> None:
        command = [
            sys.executable,
            "-m",
            "litellm_sync.simulated",
            "--port",
            "0",
            "--state",
            str(state),
            *options,
        ]
        environment = {**os.environ, "LITELLM_MASTER_KEY": "sk-of-the-process"}
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        said = self._process.stderr.readline()
        self.client = GatewayClient(said.split()[-1], "sk-of-the-process")

    def end(self, how: signal.Signals) -> int:
        self.client.close()
        self._process.send_signal(how)
        self._process.communicate()
        return self._process.returncode


def test_a_killed_gateway_comes_back_with_all_that_it_had(tmp_path):
    first = Process(tmp_path / "state")
    first.client.create_user(user_id="u")
    made = first.client.create_key(key="sk-of-our-own-making", key_alias="kept", user_id="u", rpm_limit=7)
    gone = first.client.create_key(key_alias="gone")
    first.client.delete_key(gone["token"])
    first.client._post("/model/new", {"model_name": "new", "litellm_params": {"model": "x/new"}}, deadline=5)
    headers = {"Authorization": "Bearer sk-of-our-own-making"}
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
    requests.post(
        f"{first.client._transport.base_url}/v1/chat/completions", json=body, headers=headers, timeout=5
    )
    before = (first.client.get_key(made["token"]), first.client.get_user("u"), _logs(first.client))
    assert first.end(signal.SIGKILL) == -signal.SIGKILL

    again = Process(tmp_path / "state")
    try:
        assert (
            again.client.get_key(made["token"]),
            again.client.get_user("u"),
            _logs(again.client),
        ) == before
        assert before[0]["spend"] > 0
        assert again.client.get_key(gone["token"]) is None
        assert "new" in [row["model_name"] for row in again.client.list_deployments()]
        assert again.client.find_key_by_alias("kept")["token"] == made["token"]
        today = dt.datetime.now(dt.UTC).date()
        days = again.client.daily_activity(start=today - dt.timedelta(days=1), end=today)
        assert days.totals["total_spend"] == before[0]["spend"]
    finally:
        assert again.end(signal.SIGTERM) == 0


def test_it_can_be_another_version(tmp_path):
    old = Process(tmp_path / "state", "--version", "1.80.17")
    try:
        assert old.client.version() == "1.80.17"
        assert not old.client.features().supports("/v2/user/info")
    finally:
        assert old.end(signal.SIGINT) == 0


def test_logs_and_spends_can_come_late(tmp_path):
    """But budgets count at once; and what was due when it was killed comes after all."""
    path = str(tmp_path / "state")
    with SimulatedGateway(log_delay=0.4, state_path=path) as late:
        client = GatewayClient(late.url, late.master_key)
        made = client.create_key(max_budget=0.0001)
        headers = {"Authorization": f"Bearer {made['key']}"}
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
        answers = [
            requests.post(f"{late.url}/v1/chat/completions", json=body, headers=headers, timeout=5)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [200, 422]
        assert (_logs(client).total, client.get_key(made["token"])["spend"]) == (0, 0)
        client.close()
    time.sleep(0.5)  # the delay itself
    with SimulatedGateway(state_path=path) as again:
        client = GatewayClient(again.url, again.master_key)
        assert _logs(client).total == 2
        assert client.get_key(made["token"])["spend"] > 0
        client.close()


def test_what_fails_half_way_is_not_half_kept(tmp_path):
    from litellm_sync.simulated.store import Store

    store = Store(str(tmp_path / "state"))

    def fail() -> None:
        with store.together():
            store.put("keys", "a", {})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.load("keys") == {}
    store.close()


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("1d", "2026-11-24T00:00"),
        ("7d", "2026-11-30T00:00"),
        ("1w", "2026-11-30T00:00"),
        ("30d", "2026-12-01T00:00"),
        ("1mo", "2026-12-01T00:00"),
        ("3d", "2026-11-26T00:00"),
        ("2h", "2026-11-23T14:30"),
    ],
)
def test_budgets_follow_the_calendar(duration, expected):
    monday = dt.datetime(2026, 11, 23, 12, 30, tzinfo=dt.UTC)
    assert next_reset(duration, monday).isoformat().startswith(expected)


def test_a_duration_is_a_number_and_a_unit():
    assert length("2h") == 2 * HOUR
    with pytest.raises(ValueError, match="not a duration"):
        length("soon")


def test_teams_lose_members_and_members_their_keys(api, gateway):
    for name in ("a", "b"):
        api.post("/user/new", {"user_id": name, "auto_create_key": False})
    api.post("/team/new", {"team_id": "t", "members_with_roles": [{"user_id": "a", "role": "user"}]})
    api.post("/team/member_add", {"team_id": "t", "member": [{"user_id": "b", "role": "user"}]})
    of_b = api.make_key(user_id="b", team_id="t", key_alias="of b")
    api.make_key(user_id="a", team_id="t", key_alias="of a")
    assert api.post("/team/member_delete", {"team_id": "t", "user_id": "b"}).status_code == 200
    assert api.chat("gpt-4o", of_b).status_code == 401
    assert [key["key_alias"] for key in gateway.describe()["keys"]] == ["of a"]
    assert [
        m["user_id"] for m in api.get("/team/info?team_id=t").json()["team_info"]["members_with_roles"]
    ] == [
        "a",
        "default_user_id",
    ]
    api.post("/user/delete", {"user_ids": ["a"]})
    assert gateway.describe()["keys"] == []
    api.make_key(team_id="t")
    assert api.post("/team/delete", {"team_ids": ["t"]}).status_code == 200
    assert (gateway.describe()["keys"], gateway.describe()["teams"]) == ([], [])


def test_calls_are_remembered_for_tests_to_ask(api, gateway):
    api.get("/v1/models")
    assert gateway.calls == ["GET /v1/models"]
