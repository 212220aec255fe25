"""What calls leave behind: logs, sums per day, spends."""

import datetime as dt
from decimal import Decimal

import pytest

from litellm_sync.errors import GatewayRefused

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def logs_of(client, eventually):
    """The spend logs of a key, once there are as many as expected."""

    def read(key, number):
        def look():
            rows = [row for row in _all_logs(client) if row["api_key"] == key.token]
            return rows if len(rows) >= number else None

        return eventually(look, f"{number} logs of {key.alias}")

    return read


def test_a_call_appears_in_the_logs_with_its_exact_cost(issue, program, models, logs_of):
    key = issue()
    answer = program(key).chat(models.chat, user="end-user-1")
    (row,) = logs_of(key, 1)
    assert row["request_id"] == answer.body["id"]
    assert Decimal(str(row["spend"])) == answer.cost
    assert (row["model_group"], row["user"], row["end_user"]) == (models.chat, key.user_id, "end-user-1")
    assert (row["status"], row["call_type"]) == ("success", "acompletion")
    usage = answer.body["usage"]
    assert (row["prompt_tokens"], row["completion_tokens"]) == (
        usage["prompt_tokens"],
        usage["completion_tokens"],
    )
    assert row["metadata"]["user_api_key_alias"] == key.alias


def test_the_cost_is_tokens_times_price(client, issue, program, models, logs_of):
    key = issue()
    program(key).chat(models.chat)
    (row,) = logs_of(key, 1)
    info = next(d["model_info"] for d in client.list_deployments() if d["model_name"] == models.chat)
    exact = (
        row["prompt_tokens"] * info["input_cost_per_token"]
        + row["completion_tokens"] * info["output_cost_per_token"]
    )
    assert abs(Decimal(row["spend"]) - exact) < Decimal("1e-15")


def test_streams_and_embeddings_are_logged_too(issue, program, models, logs_of):
    key = issue()
    chunks = program(key).stream(models.chat, stream_options={"include_usage": True})
    program(key).embed(models.embedding, "hello")
    rows = {row["call_type"]: row for row in logs_of(key, 2)}
    assert rows["acompletion"]["request_id"] == chunks[0]["id"]
    assert rows["acompletion"]["total_tokens"] == chunks[-1]["usage"]["total_tokens"]
    assert rows["aembedding"]["model_group"] == models.embedding
    assert all(row["spend"] > 0 for row in rows.values())


def test_a_refused_call_is_logged_as_a_failure_that_cost_nothing(issue, program, models, logs_of, version):
    key = issue(models=[models.chat])
    program(key).chat(models.other_chat)
    (row,) = logs_of(key, 1)
    assert (row["status"], row["spend"]) == ("failure", 0)
    assert row["metadata"]["error_information"]["error_class"]
    # 1.80 knows neither what went wrong nor whose call it was; the model is known from 1.109 on.
    assert bool(row["metadata"]["error_information"]["error_message"]) == (version >= (1, 91))
    assert row["user"] == (key.user_id if version >= (1, 91) else "")
    assert row["model_group"] == (models.other_chat if version >= (1, 109) else "")


def test_logs_come_page_by_page(client, issue, program, models, logs_of):
    key = issue()
    for _ in range(3):
        program(key).chat(models.chat)
    wanted = {row["request_id"] for row in logs_of(key, 3)}
    now = dt.datetime.now(dt.UTC)
    first = client.spend_logs(start=now - HOUR, end=now + HOUR, page_size=2)
    assert len(first.rows) == 2
    assert (first.page, first.total >= 3, first.total_is_capped) == (1, True, False)
    rows, page = list(first.rows), 2
    while page <= first.total_pages:
        rows += client.spend_logs(start=now - HOUR, end=now + HOUR, page=page, page_size=2).rows
        page += 1
    assert wanted <= {row["request_id"] for row in rows}


def test_logs_are_in_the_order_asked_for(client, issue, program, models, logs_of, version):
    key = issue()
    for _ in range(2):
        program(key).chat(models.chat)
    logs_of(key, 2)
    now = dt.datetime.now(dt.UTC)
    times = [row["startTime"] for row in client.spend_logs(start=now - HOUR, end=now + HOUR).rows]
    # 1.80 always gives the newest first.
    assert times == sorted(times, reverse=version < (1, 91))


def test_a_window_without_calls_is_empty(client):
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    page = client.spend_logs(start=start, end=start + HOUR)
    assert (page.rows, page.total, page.total_pages) == ([], 0, 0)


def test_a_page_of_logs_has_an_end(client):
    now = dt.datetime.now(dt.UTC)
    with pytest.raises(GatewayRefused) as refusal:
        client.spend_logs(start=now - HOUR, end=now, page_size=5000)
    assert refusal.value.error_type == "validation_error"


def test_the_sums_of_the_day_agree_with_the_logs(client, issue, program, models, logs_of, eventually):
    key = issue(models=[models.chat, models.embedding])
    program(key).chat(models.chat)
    program(key).embed(models.embedding, "hello")
    program(key).chat(models.other_chat)
    rows = logs_of(key, 3)

    def look():
        found = _sums_of(client, key.token)
        return found if found["api_requests"] == 3 else None

    sums = eventually(look, "the day's sums")
    assert (sums["successful_requests"], sums["failed_requests"]) == (2, 1)
    assert sums["prompt_tokens"] == sum(row["prompt_tokens"] for row in rows)
    assert abs(sums["spend"] - sum(Decimal(row["spend"]) for row in rows)) < Decimal("1e-12")


def test_the_pages_of_a_day_add_up(client, issue, program, models, logs_of, eventually):
    key = issue(models=[models.chat, models.embedding])
    program(key).chat(models.chat)
    program(key).embed(models.embedding, "hello")
    logs_of(key, 2)
    at_once = eventually(
        lambda: _sums_of(client, key.token)["api_requests"] == 2 and _total(client, 1000), "the day's sums"
    )
    assert _total(client, 1) == at_once


def test_the_spend_of_the_key_follows(client, issue, program, models, eventually):
    key = issue()
    cost = program(key).chat(models.chat).cost
    row = eventually(lambda: (row := client.get_key(key.token)) and row["spend"] and row, "the key's spend")
    assert row["spend"] == cost


def _all_logs(client):
    now = dt.datetime.now(dt.UTC)
    page = client.spend_logs(start=now - HOUR, end=now + HOUR)
    rows = page.rows
    for number in range(2, page.total_pages + 1):
        rows += client.spend_logs(start=now - HOUR, end=now + HOUR, page=number).rows
    return rows


def _days(client, page_size):
    """All pages of the days around now: a run may pass midnight."""
    today = dt.datetime.now(dt.UTC).date()
    start, page = today - dt.timedelta(days=1), 1
    while True:
        found = client.daily_activity(start=start, end=today, page=page, page_size=page_size)
        yield found
        if not found.has_more:
            return
        page += 1


def _sums_of(client, token):
    names = ("api_requests", "successful_requests", "failed_requests", "prompt_tokens", "spend")
    sums = dict.fromkeys(names, 0)
    for page in _days(client, 1000):
        for day in page.results:
            metrics = day["breakdown"]["api_keys"].get(token, {}).get("metrics", {})
            sums = {name: sums[name] + metrics.get(name, 0) for name in names}
    return sums


def _total(client, page_size):
    return sum(page.totals["total_api_requests"] for page in _days(client, page_size))
