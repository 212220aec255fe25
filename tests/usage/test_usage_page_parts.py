"""Charts, tables, files and acts of the usage pages."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.audit.models import AuditEvent
from apikeys.models import ApiKey
from jobs import running
from jobs.models import Job
from litemaas.web.charts import Chart, Series
from teams.models import Team
from tests.factories import ModelFactory, TeamFactory, UserFactory
from tests.usage.conftest import log_row
from usage.exports import files, sizes
from usage.ledger import write_rows
from usage.models import BackfilledWindow, UsageCursor, UsageTrust
from usage.rows import SOURCE
from usage.web import exporting

pytestmark = pytest.mark.django_db

WEEK = 12


@pytest.fixture
def person(make_key, client):
    """Twelve models over as many days, the first one the most; half of it by a key of a team."""
    user = UserFactory(username="ada")
    make_key("hash-1", owner=user, name="alone")
    make_key("hash-2", owner=user, name="=team", team=TeamFactory(name="Lab"))
    make_key("hash-3", owner=UserFactory(username="bob"), name="of bob")
    now = timezone.now()
    rows = [
        log_row(
            100 * day + n,
            api_key=f"hash-{1 + n % 2}",
            model_group=f"lab/m{n % 12:02}",
            at=now - timedelta(days=day),
        )
        for day in range(WEEK)
        for n in range(13)
    ]
    rows += [log_row(9000, api_key="hash-3", model_group="lab/b", at=now), log_row(9001, api_key="?", at=now)]
    write_rows(rows, now=now)
    client.force_login(user)
    return user


@pytest.fixture
def admin(client, person):
    user = UserFactory(is_operator=True)
    client.force_login(user)
    return user


def lines_of(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def read_until(now, *, first):
    UsageCursor.objects.create(source=SOURCE, begun_at=first, position=now, moved_at=now)


# --- charts -------------------------------------------------------------------------------------------------------


def test_a_charts_file_holds_every_digit_and_sums_up_to_the_page(client, person):
    page = client.get("/usage", {"models": "cost"})
    heads, *rows = lines_of(client.get("/usage", {"csv": "models", "models": "cost"}))
    assert heads[-1] == "Others"
    assert len(heads) == 1 + 10 + 1
    assert sum(Decimal(value) for row in rows for value in row[1:]) == page.context["total"].cost
    shares = lines_of(client.get("/usage", {"csv": "shares"}))
    assert sum(int(row[1]) for row in shares[1:]) == page.context["total"].requests


def test_days_that_were_not_read_leave_gaps_in_chart_file_and_pattern(client, person):
    now = timezone.now()
    read_until(now, first=now - timedelta(days=3))
    quiet = UserFactory()
    quiet.created_at = now - timedelta(days=90)
    quiet.save()
    client.force_login(quiet)
    write_rows([], now=now)
    page = client.get("/usage", {"period": "7"})
    assert len(page.context["quality"].missing_days) == 4
    rows = lines_of(client.get("/usage", {"period": "7", "csv": "trend"}))
    assert [row[1] for row in rows[1:]] == ["", "", "", "", "0", "0", "0"]
    assert [row[2] for row in lines_of(client.get("/usage", {"period": "7", "csv": "pattern"}))[1:4]] == [
        ""
    ] * 3


def test_a_note_counts_the_days_that_are_missing_whatever_they_are_compared_with():
    chart = Chart(
        "x", "line", "X", "Day", ["a", "b"], [Series("now", [1, None]), Series("b", [1, 1], dashed=True)]
    )
    assert chart.missing == 1


def test_the_large_view_is_a_page_and_a_part_with_the_table_under_the_shares(client, person):
    page = client.get("/usage", {"full": "shares"})
    text = page.content.decode()
    assert "<html" in text
    assert "lab/m11" in text
    part = client.get("/usage", {"full": "trend"}, headers={"HX-Request": "true"}).content.decode()
    assert "<dialog" in part
    assert "<html" not in part
    assert client.get("/usage", {"full": "__class__"}).status_code == 404
    assert client.get("/usage", {"full": "providers"}).status_code == 404


def test_without_comparison_nothing_of_the_period_before_is_shown(client, person):
    text = client.get("/usage", {"compare": "none"}).content.decode()
    assert "The period before" not in text
    assert "no comparison" not in text
    assert "The period before" in client.get("/usage").content.decode()


def test_each_chart_keeps_its_metric_and_the_filters_in_the_address(client, person):
    text = client.get("/usage", {"trend": "cost", "apiKeyIds": "x", "tab": ""}).content.decode()
    form = text.split('id="usage-models-metric"')[0].rsplit("<form", 1)[1]
    assert '<input type="hidden" name="trend" value="cost">' in form
    assert 'value="cost" selected' in text.split('id="usage-trend-metric"')[1].split("</select>")[0]


# --- tables -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["model", "key", "day"])
def test_the_tables_sort_page_and_come_as_files(client, person, tab):
    page = client.get("/usage", {"tab": tab, "sort": "requests", "page_size": "10", "page": "99"})
    listed = page.context["listed"]
    counts = [row.figures.requests for row in listed.rows]
    assert counts == sorted(counts)
    _heads, *rows = lines_of(client.get("/usage", {"tab": tab, "sort": "-cost", "format": "csv"}))
    assert sum(int(row[-5]) for row in rows) == WEEK * 13
    costs = [Decimal(row[-1]) for row in rows]
    assert costs == sorted(costs, reverse=True)


def test_names_of_keys_are_no_formulas_in_a_file(client, person):
    rows = lines_of(client.get("/usage", {"tab": "key", "format": "csv"}))
    assert {row[0] for row in rows[1:]} == {"alone", "'=team"}


def test_teams_narrow_ones_own_usage_where_there_are_several(client, person):
    assert "teamIds" not in client.get("/usage").context["filter"].fields


# --- operators ----------------------------------------------------------------------------------------------------


def test_bars_and_shares_add_up_to_the_total(client, admin):
    page = client.get("/operations/usage")
    total = page.context["total"]
    for name in ("providers", "teams"):
        rows = lines_of(client.get("/operations/usage", {"csv": name}))
        assert sum(Decimal(row[1]) for row in rows[1:]) == total.cost
    assert total.requests == WEEK * 13 + 2
    assert page.context["unattributed"] == 1
    assert page.context["active_users"] == 2
    assert page.context["total_users"] == 3


def test_keys_of_people_who_were_not_chosen_drop_out_and_the_page_says_so(client, admin, person):
    key = ApiKey.objects.get(name="of bob")
    alone = client.get("/operations/usage", {"apiKeyIds": str(key.pk)})
    assert alone.context["total"].requests == 1
    other = client.get("/operations/usage", {"userIds": str(person.pk), "apiKeyIds": str(key.pk)})
    assert other.context["total"].requests == WEEK * 13
    assert "1 API key is none of the chosen users" in other.content.decode()
    both = client.get(
        "/operations/usage", {"userIds": f"{person.pk},{key.owner_id}", "apiKeyIds": str(key.pk)}
    )
    assert both.context["total"].requests == 1


def test_a_part_of_the_page_brings_the_choices_that_depend_on_others(client, admin, person):
    query = {"userIds": str(person.pk)}
    part = client.get("/operations/usage", query, headers={"HX-Request": "true"}).content.decode()
    assert 'id="choices-apiKeyIds" hx-swap-oob="innerHTML"' in part
    assert "alone (ada)" in part
    assert "hx-swap-oob" not in client.get("/operations/usage", query).content.decode().split("<main")[1]


def test_the_budget_of_the_one_who_was_chosen_is_shown(client, admin, person):
    person.max_budget, person.budget_window = Decimal(10), "monthly"
    person.save()
    text = client.get("/operations/usage", {"userIds": str(person.pk)}).content.decode()
    assert "Budget of ada" in text
    assert "Budget of" not in client.get("/operations/usage").content.decode()


def test_a_period_that_is_too_long_shows_only_shorter_ones_with_the_same_filters(client, admin):
    query = {"period": "custom", "first": "2026-01-01", "last": "2026-11-01", "modelIds": "lab/m1"}
    page = client.get("/operations/usage", query)
    assert len(page.context["shorter"]) == 4
    assert all("modelIds=lab%2Fm1" in address for _label, address in page.context["shorter"])
    assert "total" not in page.context
    assert client.get("/operations/usage/export", query).status_code == 400


def test_every_tab_of_operators_comes_as_a_file_whole(client, admin):
    for tab in ("user", "model", "provider", "team", "key", "day"):
        rows = lines_of(
            client.get("/operations/usage", {"tab": tab, "format": "csv", "columns": "name.requests"})
        )
        assert sum(int(row[1]) for row in rows[1:]) == WEEK * 13 + 2


def test_a_tab_asks_for_its_rows_only(client, admin, django_assert_max_num_queries):
    client.get("/operations/usage")
    with django_assert_max_num_queries(18):
        client.get("/operations/usage", {"tab": "user"})
    with django_assert_max_num_queries(32):
        client.get("/operations/usage")


# --- acts ---------------------------------------------------------------------------------------------------------


def test_refreshing_waits_a_minute_for_everybody(client, admin, log_server):
    log_server.rows = [log_row(7, at=timezone.now() - timedelta(minutes=1))]
    first = client.post("/operations/usage/refresh", {"back": "/operations/usage?tab=user"})
    assert first.headers["Location"] == "/operations/usage?tab=user"
    asked = log_server.requests
    again = client.post("/operations/usage/refresh", {"back": "//elsewhere.example"})
    assert again.status_code == 429
    assert log_server.requests == asked
    assert "Again possible in" in client.get("/operations/usage").content.decode()


def test_a_refresh_that_failed_may_be_tried_again_at_once(client, admin, log_server):
    log_server.fails_from = 1
    assert client.post("/operations/usage/refresh").status_code >= 500
    log_server.fails_from = None
    assert client.post("/operations/usage/refresh").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_days_that_were_not_read_are_read_by_a_job(client, admin, log_server):
    now = timezone.now()
    BackfilledWindow.objects.all().delete()
    read_until(now, first=now - timedelta(days=2))
    late = now - timedelta(days=4)
    log_server.rows = [log_row(55, at=late, model_group="lab/late")]
    span = {"first": (now - timedelta(days=5)).date().isoformat(), "last": now.date().isoformat()}
    answer = client.post("/operations/usage/reread", span)
    job = Job.objects.get(kind="usage-reread")
    assert answer.headers["Location"] == f"/jobs/{job.pk}"
    assert client.post("/operations/usage/reread", span).status_code == 409
    assert running.run_job(job.pk)
    job.refresh_from_db()
    assert (job.state, job.result["added"]) == ("succeeded", 1)
    page = client.get("/operations/usage", {"period": "custom", **span, "modelIds": "lab/late"})
    assert page.context["total"].requests == 1
    assert page.context["quality"].missing_days == []


def test_read_only_administrators_see_the_acts_and_may_not_use_them(client, person):
    client.force_login(UserFactory(is_auditor=True))
    text = client.get("/operations/usage").content.decode()
    assert "Only administrators can read usage again." in text
    assert "/operations/usage/refresh" not in text
    assert client.post("/operations/usage/reread", {"first": "x"}).status_code == 403


# --- exports ------------------------------------------------------------------------------------------------------


def test_the_dialog_says_what_the_file_will_hold_and_offers_it(client, person):
    text = client.get("/usage/export", {"period": "7", "modelIds": "lab/m01"}).content.decode()
    assert "Models: lab/m01" in text
    assert "/usage/export/file?period=7&amp;modelIds=lab%2Fm01&amp;format=csv" in text
    rows = lines_of(client.get("/usage/export/file", {"period": "7", "modelIds": "lab/m01", "format": "csv"}))
    assert len(rows) == 1 + 7
    assert client.get("/usage/export/file", {"format": "parquet"}).headers["Content-Type"].endswith("parquet")


def test_a_large_file_is_made_by_a_job(client, person, monkeypatch):
    for module in (exporting, files):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", 3)
    text = client.get("/usage/export").content.decode()
    assert "a job makes the file" in text
    assert client.get("/usage/export/file").headers["Location"].startswith("/usage/export")
    answer = client.post("/usage/export?format=json")
    job = Job.objects.get(kind="usage_export")
    assert answer.headers["Location"] == f"/jobs/{job.pk}"
    assert job.arguments["form"] == "json"


def test_how_large_a_file_of_many_calls_will_be_is_judged_by_two_days(client, admin, person, monkeypatch):
    monkeypatch.setattr(sizes, "MOST_COUNTED", 20)
    # Twelve rows on eleven days, fourteen on one; six of each are the team's.
    assert "About 144" in client.get("/operations/usage/export").content.decode()
    lab = str(Team.objects.get(name="Lab").pk)
    assert "About 72" in client.get("/operations/usage/export", {"teamIds": lab}).content.decode()
    text = client.get("/operations/usage/export", {"userIds": str(person.pk)}).content.decode()
    assert "About" not in text
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 100)
    assert "a job makes the file" in client.get("/operations/usage/export").content.decode()
    assert client.get("/operations/usage/export/file").status_code == 302


def test_operators_export_what_their_filters_show(client, admin, person):
    rows = lines_of(client.get("/operations/usage/export/file", {"userIds": str(person.pk), "period": "1"}))
    at = rows[0].index("Total Requests")
    assert sum(int(row[at]) for row in rows[1:]) == 13


@pytest.mark.parametrize("name", ["shares", "providers", "teams"])
def test_donut_and_bars_show_the_chosen_metric_and_add_up_to_the_page(client, admin, name):
    page = client.get("/operations/usage", {name: "total_tokens"})
    assert f'<select name="{name}"' in page.content.decode()
    assert getattr(page.context["board"], name).metrics.chosen == "total_tokens"
    heads, *rows = lines_of(client.get("/operations/usage", {"csv": name, name: "total_tokens"}))
    assert heads[1] == "Total tokens"
    values = [int(row[1]) for row in rows]
    assert sum(values) == page.context["total"].total_tokens
    large = client.get("/operations/usage", {"full": name, name: "cost"}).content.decode()
    assert "$" in large


# --- usage of unknown keys ----------------------------------------------------------------------------------------


def test_usage_of_an_unknown_key_is_listed_and_booked_on_a_key(client, admin):
    key = ApiKey.objects.get(name="of bob")
    page = client.get("/operations/usage/unattributed")
    assert [line.token_hash for line in page.context["rows"]] == ["?"]
    assert 'href="/operations/usage/attribute?key=%3F"' in page.content.decode()
    assert "/operations/usage/unattributed" in client.get("/operations/usage").content.decode()
    form = client.get("/operations/usage/attribute", {"key": "?", "search": "bob"})
    assert "of bob (bob)" in form.content.decode()
    address = "/operations/usage/attribute?key=%3F&search=bob"
    assert client.post(address, {"apiKeyId": ""}).status_code == 200
    answer = client.post(address, {"apiKeyId": str(key.pk)}, follow=True)
    assert "1 call was booked." in answer.content.decode()
    assert "All usage belongs to somebody" in answer.content.decode()
    assert AuditEvent.objects.filter(action="USAGE_REATTRIBUTE").count() == 1
    assert "is waiting to be attributed" in client.get(address).content.decode()


def test_auditors_see_unknown_keys_and_book_nothing(client, person):
    client.force_login(UserFactory(is_auditor=True))
    assert "Only administrators can book" in client.get("/operations/usage/unattributed").content.decode()
    assert client.post("/operations/usage/attribute?key=%3F", {}).status_code == 403


# --- trust --------------------------------------------------------------------------------------------------------


@pytest.fixture
def differing(person):
    """Yesterday differs from what the gateway says."""
    day = timezone.now().date() - timedelta(days=1)
    sums = {"requests": 13, "gateway_requests": 14, "cost": 1, "gateway_cost": 2}
    UsageTrust.objects.create(day=day, state="differs", checked_at=timezone.now(), **sums)
    return day


@pytest.mark.parametrize("address", ["/usage", "/usage/what-if", "/models/lab/m00?tab=usage"])
def test_figures_that_the_gateway_contradicts_are_marked(client, differing, address):
    ModelFactory(id="lab/m00")
    assert "1 day of this period differs from the gateway’s own sums" in client.get(address).content.decode()


def test_the_day_itself_is_marked_for_its_user_and_for_operators(client, differing):
    mark = "Differs from the gateway"
    assert client.get("/usage", {"tab": "day"}).content.decode().count(mark) == 1
    client.force_login(UserFactory(is_auditor=True))
    page = client.get("/operations/usage", {"tab": "day"}).content.decode()
    assert page.count(mark) == 1
    assert "1 day of this period differs" in page
    assert "1 day of this period differs" in client.get("/operations/usage", {"tab": "user"}).content.decode()


@pytest.mark.parametrize(("form", "column"), [("csv", "Trust"), ("focus", "x_Trust")])
def test_files_by_day_say_how_far_each_day_can_be_trusted(client, admin, person, differing, form, column):
    for reader, address in ((admin, "/operations/usage/export/file"), (person, "/usage/export/file")):
        client.force_login(reader)
        heads, *rows = lines_of(client.get(address, {"format": form}))
        day, trust = heads.index("Date" if form == "csv" else "ChargePeriodStart"), heads.index(column)
        marked = {row[day][:10] for row in rows if row[trust] == "differs"}
        assert marked == {differing.isoformat()}
        assert {row[trust] for row in rows} == {"", "differs"}
    span = {"startDate": differing.isoformat(), "endDate": differing.isoformat()}
    assert b"Trust" not in client.get("/api/v1/usage/export", span).getvalue()
