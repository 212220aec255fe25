"""Everybody's usage for operators: every filter on every split, and parts that make the whole."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from django.core.cache import cache
from django.utils import timezone

from jobs.models import Job
from jobs.running import run_job
from teams.models import Member
from tests.api.conftest import ApiClient
from tests.factories import TeamFactory, UserFactory
from tests.usage.conftest import log_row
from usage import queries
from usage.exports import files
from usage.ledger import write_rows
from usage.models import UsageTrust

pytestmark = pytest.mark.django_db
COST = Decimal("0.0006900000000000001")
SPLITS = ("by-user", "by-model", "by-provider", "by-api-key", "by-team", "by-day")


@pytest.fixture
def clock():
    return timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
def world(make_key, clock):
    """Two people, a team, an unknown key; three models of two providers on three days."""
    ada, bob = UserFactory(username="ada"), UserFactory(username="bob")
    team = TeamFactory(name="Lab")
    Member.objects.create(team=team, user=ada, role="admin")
    Member.objects.create(team=team, user=bob, role="viewer")
    make_key("hash-1", owner=ada, name="one")
    make_key("hash-2", owner=bob, name="two", team=team)
    rows = [
        log_row(
            n,
            api_key=("hash-1", "hash-2", "hash-of-nobody")[n % 3],
            model_group=f"lab/m{n % 3}",
            custom_llm_provider=("x", "y", "y")[n % 3],
            at=clock - timedelta(days=n % 4),
            status="failure" if n == 7 else "success",
            metadata={"error_information": {"error_class": "RateLimitError"}} if n == 7 else {},
        )
        for n in range(24)
    ]
    write_rows(rows, now=timezone.now())
    return ada, bob, team


@pytest.fixture
def span(clock):
    return {"startDate": (clock - timedelta(days=6)).date().isoformat(), "endDate": clock.date().isoformat()}


@pytest.fixture
def operator(world):
    return ApiClient(UserFactory(is_auditor=True))


def read(answer, expect=200):
    assert answer.status_code == expect, answer.content
    return json.loads(answer.content, parse_float=Decimal)


@pytest.mark.parametrize("split", SPLITS)
def test_the_rows_of_every_split_make_the_whole_also_when_filtered(operator, world, span, split):
    ada, _bob, _team = world
    for filters, requests in (({}, 24), ({"userIds": [str(ada.pk)]}, 8), ({"modelIds": ["lab/m1"]}, 8)):
        found = read(operator.post(f"admin/usage/{split}", span | filters))
        metrics = [row["metrics"] for row in found["data"]]
        assert sum(m["requests"] for m in metrics) == requests
        assert sum(m["cost"] for m in metrics) == requests * COST
        assert all(m["tokens"]["input"] == m["tokens"]["prompt"] for m in metrics)
        assert found["pagination"]["hasPrevious"] is False


def test_unattributed_usage_is_the_unknown_users(operator, span):
    found = read(operator.post("admin/usage/by-user", span))
    names = {row["username"]: row for row in found["data"]}
    assert set(names) == {"ada", "bob", "Unknown User"}
    assert names["Unknown User"]["userId"] == "00000000-0000-0000-0000-000000000000"
    assert [m["modelId"] for m in names["ada"]["metrics"]["models"]] == ["lab/m0"]
    assert names["bob"]["metrics"]["apiKeys"][0]["keyAlias"] == "two"
    whole = read(operator.post("admin/usage/analytics", span))
    assert whole["dataQuality"]["unattributedRequests"] == 8
    assert whole["activeUsers"] == 2
    assert sum(user["cost"] for user in whole["topUsers"]) == whole["totalCost"]["total"] == 24 * COST


def test_users_models_and_success_of_groups(operator, span):
    providers = {
        row["provider"]: row["metrics"]
        for row in read(operator.post("admin/usage/by-provider", span))["data"]
    }
    assert (providers["y"]["models"], providers["y"]["users"], providers["x"]["users"]) == (2, 1, 1)
    models = {
        row["modelId"]: row["metrics"] for row in read(operator.post("admin/usage/by-model", span))["data"]
    }
    assert models["lab/m1"]["successRate"] == Decimal("87.5")
    teams = {row["teamName"]: row for row in read(operator.post("admin/usage/by-team", span))["data"]}
    assert teams["Lab"]["metrics"]["requests"] == 8
    assert teams["No team"]["teamId"] is None


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(
    "sort", ["username", "totalCost", "metrics.tokens.input", "metrics.successRate", "modelName"]
)
def test_both_vocabularies_sort_and_pages_are_whole(operator, span, split, sort):
    seen = []
    for page in (1, 2, 9):
        address = f"admin/usage/{split}?page={page}&limit=2&sortBy={sort}&sortOrder=asc"
        found = read(operator.post(address, span))
        seen += found["data"]
    assert len(seen) == min(found["pagination"]["total"], 4)
    assert found["data"] == []


def test_wrong_questions_are_named(operator, span):
    refused = read(operator.post("admin/usage/by-user?sortBy=__class__", span), 400)
    assert refused["details"]["field"] == "sortBy"
    read(operator.post("admin/usage/by-user?limit=501", span), 400)
    read(operator.post("admin/usage/by-user", span | {"userIds": ["x"]}), 400)
    read(operator.post("admin/usage/by-user", span | {"apiKeyIds": ["nothing"]}), 400)
    for name in ("userIds", "teamIds", "modelIds", "providerIds"):
        assert "0" in read(operator.post("admin/usage/by-user", span | {name: [0]}), 400)["details"]["field"]
    long = read(
        operator.post("admin/usage/analytics", {"startDate": "2026-01-01", "endDate": "2026-07-01"}), 400
    )
    assert long["code"] == "DATE_RANGE_TOO_LARGE"
    assert long["details"]["maxAllowedDays"] == 90
    assert long["details"]["suggestedRanges"][0] == {"startDate": "2026-04-03", "endDate": "2026-07-01"}
    assert len(long["details"]["suggestedRanges"]) == 3


def test_people_see_only_what_is_theirs(world, span):
    ada, bob, team = world
    mine = ApiClient(ada)
    for path in ("admin/usage/analytics", *(f"admin/usage/{split}" for split in SPLITS)):
        assert mine.post(path, span).status_code == 403
    options = read(mine.get("admin/usage/filter-options", span))
    assert [user["username"] for user in options["users"]] == ["ada"]
    assert [model["id"] for model in options["models"]] == ["lab/m0"]
    assert read(mine.get("usage/query", span))["totals"]["requests"] == 8
    assert read(mine.get("usage/query", span | {"userIds": str(bob.pk)}))["totals"]["requests"] == 0
    assert read(mine.post(f"teams/{team.pk}/analytics", span))["totalRequests"] == 8
    assert read(ApiClient(bob).post(f"teams/{team.pk}/analytics", span))["totalRequests"] == 8
    assert ApiClient(UserFactory()).post(f"teams/{team.pk}/analytics", span).status_code == 404


def test_operators_filter_options_hold_everything_with_traffic(operator, span):
    found = read(operator.get("admin/usage/filter-options", span))
    assert [user["username"] for user in found["users"]] == ["ada", "bob"]
    assert len(found["models"]) == 3


def test_a_day_that_differs_from_the_gateway_marks_every_figure_it_touches(operator, world, span, clock):
    facts = {"checked_at": clock, "requests": 1, "gateway_requests": 2, "cost": 1, "gateway_cost": 2}
    UsageTrust.objects.create(day=clock.date(), state="differs", **facts)
    UsageTrust.objects.create(day=clock.date() - timedelta(days=1), state="verified", **facts)
    day = clock.date().isoformat()
    for found in (
        read(operator.post("admin/usage/analytics", span)),
        read(operator.post("admin/usage/by-day", span)),
        read(operator.get("usage/query", span)),
        read(ApiClient(world[0]).post("usage/analytics", span)),
    ):
        assert found["dataQuality"]["trust"] == "differs"
        assert found["dataQuality"]["differingDays"] == [day]
    earlier = {"startDate": span["startDate"], "endDate": (clock - timedelta(days=1)).date().isoformat()}
    assert read(operator.get("usage/query", earlier))["dataQuality"]["trust"] == "verified"


# --- one endpoint for every question


@pytest.mark.parametrize(
    "by",
    [
        "",
        *("user", "team", "apiKey", "model", "provider", "status", "errorClass"),
        *("day", "hour", "week", "month", "weekday", "weekday,hourOfDay"),
        *("model,day", "user,model,week", "status,errorClass"),
    ],
)
def test_any_split_of_a_query_makes_its_total(operator, span, by):
    measures = "requests,totalTokens,cost,successRate,latencyP50,latencyP99"
    query = span | {"by": by, "measures": measures, "timeZone": "Asia/Kathmandu"}
    found = read(operator.get("usage/query", query))
    assert found["totals"]["requests"] == 24
    if by:
        assert sum(row["cost"] for row in found["rows"]) == found["totals"]["cost"] == 24 * COST
        assert found["totalRows"] == len(found["rows"])
    assert 70 < found["totals"]["latencyP50"] < 110


def test_a_query_orders_cuts_compares_and_counts(operator, span):
    query = span | {
        "by": "model",
        "measures": "requests,users,cost",
        "orderBy": "cost",
        "limit": 2,
        "compare": "true",
        "modelIds": ["lab/m0", "lab/m1", "lab/m2"],
        "statuses": "success",
    }
    found = read(operator.get("usage/query", query))
    assert (len(found["rows"]), found["totalRows"]) == (2, 3)
    assert found["rows"][0]["requests"] == 8
    assert found["totals"] == {"requests": 23, "users": 2, "cost": 23 * COST}
    assert found["previous"]["requests"] == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"by": "model,nothing"}, "by"),
        ({"by": "day,week"}, "by"),
        ({"by": "user", "measures": "users"}, "measures"),
        ({"measures": "x"}, "measures"),
        ({"timeZone": "../../etc/passwd"}, "timeZone"),
        ({"statuses": "x"}, "statuses"),
        ({"orderBy": "latencyP50"}, "orderBy"),
        ({"teamId": "x"}, "teamId"),
    ],
)
def test_a_wrong_query_is_refused_by_name(operator, span, wrong, field):
    assert read(operator.get("usage/query", span | wrong), 400)["details"]["field"] == field


@pytest.mark.parametrize(
    "query",
    [
        {"by": "day,model", "timeZone": "Asia/Kathmandu", "measures": "requests,cost,users,latencyP95"},
        {"by": "hour,user", "compare": "true"},
        {"by": "month,apiKey", "timeZone": "Asia/Kathmandu"},
        {"by": "week,team", "timeZone": "America/St_Johns"},
        {"by": "weekday,hourOfDay,model"},
        {"by": "hour,provider", "modelIds": "lab/m0"},
    ],
)
def test_what_takes_too_long_is_answered_by_a_job_with_the_same_rows(operator, span, monkeypatch, query):
    whole = read(operator.get("usage/query", span | query))
    monkeypatch.setattr(queries, "MOST_FINE_ROWS", -1)
    monkeypatch.setattr(queries, "_ROWS_OF_PART", 0)
    known = operator.get("usage/query", span | query)
    first = read(known, 202)
    assert (first["rows"], first["totals"], first["previous"]) == ([], whole["totals"], whole["previous"])
    assert known["Location"] == f"/api/v1/jobs/{first['jobId']}"
    # Asking once more while it waits is no second job.
    assert read(operator.get("usage/query", span | query), 202)["jobId"] == first["jobId"]
    assert run_job(UUID(first["jobId"]))
    job = Job.objects.get(pk=first["jobId"])
    assert (job.state, job.result) == ("succeeded", {"rows": whole["totalRows"]})
    text = b"".join(bytes(chunk.data) for chunk in job.chunks.order_by("position"))
    assert json.loads(text, parse_float=Decimal) == whole
    assert read(operator.get("usage/query", span | query), 202)["jobId"] != first["jobId"]


def test_what_is_quick_is_never_a_job(operator, world, span, monkeypatch):
    _ada, bob, _team = world
    monkeypatch.setattr(queries, "MOST_FINE_ROWS", -1)
    zone = {"timeZone": "Asia/Kathmandu"}
    for query in (
        *(zone | {"by": "model"}, zone | {"by": "day"}, {"by": "day,model"}, {"by": "weekday,hourOfDay"}),
        zone | {"by": "day,model", "userIds": str(bob.pk)},
    ):
        read(operator.get("usage/query", span | query))


# --- cost centers


def test_costs_are_split_and_narrowed_by_the_cost_center_that_a_key_a_team_or_a_call_named(
    operator, span, clock
):
    told = (
        {"user_api_key_auth_metadata": {"cost_center": "CC-1"}},
        {"spend_logs_metadata": {"cost_center": "CC-2"}},
    )
    rows = [
        log_row(500 + n, api_key="hash-1", at=clock, metadata=told[n % 2], model_group="lab/m0")
        for n in range(5)
    ]
    write_rows(rows, now=timezone.now())
    asked = span | {"by": "costCenter", "measures": "requests,cost", "orderBy": "requests"}
    found = read(operator.get("usage/query", asked))
    assert [(row["costCenter"], row["requests"]) for row in found["rows"]] == [
        ("", 24),
        ("CC-1", 3),
        ("CC-2", 2),
    ]
    assert sum(row["cost"] for row in found["rows"]) == found["totals"]["cost"] == 29 * COST
    narrow = read(operator.get("usage/query", span | {"costCenters": ["CC-1"], "by": "model"}))
    assert narrow["totals"]["requests"] == 3
    file = (
        operator.post("admin/usage/export", span | {"format": "csv", "groupBy": "cost_center"})
        .getvalue()
        .decode()
    )
    assert [line.split(",")[:2] for line in file.splitlines()[1:]] == [
        ["", "24"],
        ["CC-1", "3"],
        ["CC-2", "2"],
    ]
    focus = operator.post("admin/usage/export", span | {"format": "focus"}).getvalue().decode()
    tags = [json.loads(row["Tags"]).get("costCenter") for row in csv.DictReader(io.StringIO(focus))]
    assert {"CC-1", "CC-2", None} == set(tags)


# --- what was kept apart


def test_rows_set_aside_and_calls_of_one_id_can_be_read_and_replayed(world, clock):
    admin, auditor = ApiClient(UserFactory(is_operator=True)), ApiClient(UserFactory(is_auditor=True))
    odd = log_row(800, api_key="hash-1", at=clock, spend=-1)
    one = log_row(801, api_key="hash-1", at=clock)
    write_rows([odd, one], now=timezone.now())
    write_rows([one | {"prompt_tokens": 900, "spend": 0.5}], now=timezone.now())
    (found,) = read(auditor.get("admin/usage/rejects", {"reason": "negative cost"}))["data"]
    assert (found["requestId"], found["row"]["spend"]) == ("chatcmpl-800", -1)
    assert read(auditor.get("admin/usage/rejects", {"reason": "another"}))["data"] == []
    replayed = read(admin.post("admin/usage/rejects/replay", {"ids": [found["id"]]}))
    assert replayed == {"read": 1, "added": 0, "stayed": 1}
    (call,) = read(auditor.get("admin/usage/shared-ids"))["data"]
    assert (call["requestId"], call["cost"]) == ("chatcmpl-801", Decimal("0.5"))


# --- files


def test_files_have_the_sums_of_the_page_in_every_format(operator, span):
    for group in (*files.GROUPS, "detail"):
        cache.clear()  # files are rationed
        body = span | {"format": "parquet", "groupBy": group}
        table = pq.read_table(io.BytesIO(operator.post("admin/usage/export", body).getvalue()))
        assert sum(table.column("Total Cost (USD)").to_pylist()) == 24 * COST
        rows = json.loads(
            operator.post("admin/usage/export", body | {"format": "json"}).getvalue(), parse_float=Decimal
        )
        assert sum(row["Total Cost (USD)"] for row in rows) == 24 * COST
        assert len(rows) == table.num_rows
    focus = operator.post("admin/usage/export", span | {"format": "focus"}).getvalue().decode().splitlines()
    costs = [Decimal(line.split(",")[0]) for line in focus[1:]]
    assert focus[0].startswith("BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency")
    assert sum(costs) == 24 * COST


def test_cost_rows_have_what_focus_demands(operator, span):
    """The columns that FOCUS 1.2 calls mandatory, and its rules for charges that are neither taxes nor corrections."""
    text = operator.post("admin/usage/export", span | {"format": "focus"}).getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert set(rows[0]) >= _MANDATORY
    for row in rows:
        assert (row["ChargeCategory"], row["ChargeClass"]) == ("Usage", "")
        assert all(row[name] for name in _MANDATORY - {"ChargeClass"})
        assert row["BillingPeriodStart"] <= row["ChargePeriodStart"] < row["ChargePeriodEnd"]
        assert row["ChargePeriodEnd"] <= row["BillingPeriodEnd"]
        assert row["ServiceCategory"] == "AI and Machine Learning"


_MANDATORY = {
    *("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "BillingCurrency"),
    *("BillingAccountId", "BillingAccountName", "BillingPeriodStart", "BillingPeriodEnd"),
    *("ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodStart", "ChargePeriodEnd"),
    *("InvoiceIssuerName", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName"),
    *("ServiceCategory", "ServiceName"),
}


def test_the_operators_file_has_the_columns_of_the_contract(operator, span):
    answer = operator.post("admin/usage/export", span | {"format": "csv"})
    assert answer.getvalue().decode().splitlines()[0] == (
        "User ID,Username,Email,Total Requests,Total Tokens,Prompt Tokens,Completion Tokens,Total Cost (USD)"
    )
    assert f"admin-usage-export-{span['startDate']}-to-{span['endDate']}.csv" in answer["Content-Disposition"]


def test_a_large_file_is_made_by_a_job_with_the_same_content(operator, span, monkeypatch):
    monkeypatch.setattr("usage.api.export_views.ROWS_AT_ONCE", 5)
    body = span | {"format": "csv", "groupBy": "detail"}
    told = read(operator.post("admin/usage/export", body), 202)
    assert run_job(Job.objects.get().pk)
    job = read(operator.get(f"jobs/{told['jobId']}"))
    assert (job["state"], job["result"]["rows"]) == ("succeeded", told["rows"])
    from_job = operator.get(f"jobs/{told['jobId']}/file").getvalue()
    monkeypatch.setattr("usage.api.export_views.ROWS_AT_ONCE", 100)
    assert from_job == operator.post("admin/usage/export", body).getvalue()


def test_too_many_rows_are_refused(operator, span, monkeypatch):
    monkeypatch.setattr("usage.api.export_views.MAX_GROUP_ROWS", 2)
    refused = read(operator.post("admin/usage/export", span), 400)
    assert (refused["code"], refused["details"]["maxRows"]) == ("LIMIT_EXCEEDS_MAXIMUM", 2)


# --- own routes


def test_own_routes_answer_from_the_same_sums(world, span):
    mine = ApiClient(world[0])
    assert read(mine.get("usage/metrics", span))["totalCost"] == 8 * COST
    dashboard = read(mine.get("usage/dashboard"))
    assert dashboard["summary"]["currentPeriod"]["totalRequests"] == 8
    assert dashboard["summary"]["quotaUtilization"] == {"requests": None, "tokens": None}
    assert read(mine.get("usage/top?limit=1"))["topModels"][0]["totalRequests"] == 8
    options = read(mine.get("usage/filter-options", span))
    assert (options["apiKeys"][0]["name"], options["models"][0]["provider"]) == ("one", "x")
    budget = read(mine.get("usage/budget"))
    assert budget["currentSpend"] is None
    standing = read(mine.get("usage/standing"))
    assert standing["budgets"] == []
    assert standing["forecastCoverage"]["counted"] is None
    whatif = read(mine.post("usage/what-if", span))
    assert whatif["cost"] == whatif["actualCost"] == 8 * COST
    price = {"modelId": whatif["lines"][0]["modelId"], "inputCostPerToken": 1, "outputCostPerToken": "0.5"}
    first, *others = read(mine.post("usage/what-if", {**span, "priceList": [price]}))["lines"]
    assert (first["basis"], first["cost"]) == (
        "told",
        first["promptTokens"] + first["completionTokens"] * Decimal("0.5"),
    )
    assert all((line["basis"], line["cost"]) == ("paid", line["actualCost"]) for line in others)
    for wrong in ([price, price], [{"modelId": "x"}], [{**price, "inputCostPerToken": -1}], "x"):
        assert read(mine.post("usage/what-if", {**span, "priceList": wrong}), 400)["code"]


def test_global_figures_for_earlier_clients(operator, span):
    found = read(operator.get("usage/admin/global", span))
    assert found["totalMetrics"]["requests"] == 24
    assert sum(point["requests"] for point in found["timeSeriesData"]) == 24
    assert sum(model["requests"] for model in found["modelBreakdown"]) == 24


def test_webhooks_and_alerts_over_the_api(settings, world):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    admin, auditor = ApiClient(UserFactory(is_operator=True)), ApiClient(UserFactory(is_auditor=True))
    made = read(admin.post("admin/usage/webhooks", {"url": "http://127.0.0.1:9/x"}), 201)
    assert made["secret"].startswith("whsec_")
    assert read(admin.post("admin/usage/webhooks", {"url": "http://127.0.0.1:9/x"}), 409)
    assert (
        read(admin.post("admin/usage/webhooks", {"url": "http://10.0.0.1/"}), 400)["details"]["field"]
        == "url"
    )
    assert "secret" not in read(auditor.get("admin/usage/webhooks"))["data"][0]
    assert auditor.post("admin/usage/webhooks", {"url": "https://8.8.8.8"}).status_code == 403
    assert read(auditor.get("admin/usage/alerts"))["data"] == []
    assert admin.delete(f"admin/usage/webhooks/{made['id']}").status_code == 204


@pytest.mark.parametrize("split", SPLITS)
def test_fifty_rows_cost_as_many_statements_as_one(
    operator, world, span, split, clock, make_key, django_assert_max_num_queries
):
    for n in range(50):
        make_key(f"many-{n}", name=f"k{n}")
    rows = [log_row(100 + n, api_key=f"many-{n}", model_group=f"m{n}", at=clock) for n in range(50)]
    write_rows(rows, now=timezone.now())
    read(operator.post(f"admin/usage/{split}", span))
    with django_assert_max_num_queries(12):
        read(operator.post(f"admin/usage/{split}", span))


def test_the_whole_analytics_take_few_statements(operator, span, django_assert_max_num_queries):
    read(operator.post("admin/usage/analytics", span))
    with django_assert_max_num_queries(13):
        read(operator.post("admin/usage/analytics", span))
