"""Search in Django admin asks indexes, however long the tables get; and long lists are not counted to their end."""

import json

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import connection
from django.db.models import BooleanField, DateField
from django.urls import reverse

from accounts.models import AuditEvent
from apikeys.models import ApiKey
from catalog.models import Model
from litemaas.administration.searching import BriefPaginator
from usage.models import UsageLog

pytestmark = pytest.mark.django_db
# So few rows that reading all of them is the quickest way.
SHORT = {
    "automation_keys", "banners", "banner_changes", "gateway_findings", "models", "model_deployments",
    "managed_deployments", "model_prices", "portal_options", "socialaccount_socialaccount", "team_groups",
    "team_invitations", "teams", "usage_webhooks",
}  # fmt: skip
SEARCHED = [
    (model, page)
    for model, page in admin.site._registry.items()
    if page.search_fields and model._meta.db_table not in SHORT and model is not AuditEvent
]
by_page = pytest.mark.parametrize(("model", "page"), SEARCHED, ids=lambda part: getattr(part, "__name__", ""))


def read_whole(plan):
    """The tables that a plan reads from end to end, by an index or without one."""
    asks = any(name in plan for name in ("Index Cond", "Recheck Cond"))
    here = plan.get("Relation Name")
    found = {here} if here and not asks else set()
    return found.union(*map(read_whole, plan.get("Plans", ())))


def plan_of(rows):
    plan = json.loads(rows.explain(format="json"))[0]["Plan"]
    return read_whole(plan) - SHORT


@pytest.fixture
def as_if_long(filled):
    """With the fifty rows of a test the planner would rather read everything, along an index if need be."""
    ways = ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan")
    with connection.cursor() as cursor:
        for way in ways:
            cursor.execute(f"SET LOCAL {way} = off")
    yield filled
    with connection.cursor() as cursor:
        for way in ways:
            cursor.execute(f"SET LOCAL {way} = on")


@by_page
def test_every_word_of_a_search_is_looked_up_in_indexes(as_if_long, model, page):
    for word in ("somebody", "17", "6b2f1c1e-4c53-4f5c-8a57-000000000001"):
        if (found := page.holding(page.search_fields, word)).query.is_empty():
            continue
        assert plan_of(found) == set(), word


def sorts(plan):
    """Whether rows are put in order by sorting all of them; sorting those of one instant is no matter."""
    return plan["Node Type"] == "Sort" or any(map(sorts, plan.get("Plans", ())))


@by_page
def test_every_long_list_has_the_order_of_an_index(filled, rf, model, page):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off")
    rows = model._default_manager.order_by(*page.get_ordering(rf.get("/")), "-pk")[:50]
    assert not sorts(json.loads(rows.explain(format="json"))[0]["Plan"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = on; SET LOCAL enable_seqscan = on")


def test_the_record_is_searched_by_its_own_index(as_if_long):
    assert plan_of(AuditEvent.objects.holding("somebody").values("pk")) == set()


def test_filters_list_no_values_that_are_read_from_a_long_table():
    for model, page in admin.site._registry.items():
        if model._meta.db_table not in SHORT:
            for name in page.list_filter:
                if isinstance(name, str):
                    field = model._meta.get_field(name)
                    assert field.choices or isinstance(field, BooleanField | DateField), (model, name)


def test_a_long_list_is_counted_to_ten_thousand_and_estimated_beyond(filled, monkeypatch):
    monkeypatch.setattr(BriefPaginator, "LONGEST", 20)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE users")
    text = filled.browsers["is_operator"].get("/admin/accounts/user/").text
    # Fifty, and the three who look.
    assert "The first 20 of about 53." in text
    narrowed = filled.browsers["is_operator"].get("/admin/accounts/user/?q=username").text
    assert "The first 20. Filter" in narrowed
    assert "53" not in narrowed.split('class="paginator"')[1].split("</p>")[0]


def test_a_few_rows_are_counted_exactly(filled):
    text = filled.browsers["is_operator"].get("/admin/accounts/user/").text
    assert "53 Users" in " ".join(text.split())


def test_a_row_leads_to_its_page_in_the_portal_and_to_what_happened_to_it(filled):
    key = filled.rows[ApiKey][0]
    page = filled.browsers["is_auditor"].get(f"/admin/apikeys/apikey/{key.pk}/change/")
    assert f'href="/api-keys/{key.pk}"' in page.text
    assert 'href="/home"' in page.text
    record = filled.browsers["is_auditor"].get(f"/admin/apikeys/apikey/{key.pk}/history/", follow=True)
    assert record.status_code == 200
    assert record.redirect_chain[0][0].endswith(f"?resource_type__exact=API_KEY&resource_id__exact={key.pk}")


def test_pages_of_the_portal_lead_to_their_rows_here(filled):
    model, page = filled.rows[Model][0], ">Open in Django admin</a>"
    address = reverse("admin:catalog_model_change", args=[quote(model.pk)])
    portal = reverse("model", args=[model.pk])
    for who in ("is_operator", "is_auditor"):
        text = filled.browsers[who].get(portal).text
        assert f'<a href="{address}"{page}' in text
        assert '<a href="/admin/">Administration</a>' in text
    assert "/admin/" not in filled.browsers["is_nobody"].get(portal).text


def test_a_call_is_found_only_with_its_time(filled):
    call = filled.rows[UsageLog][0]
    browser = filled.browsers["is_operator"]
    for query in ("", "?at=never", "?at=2026-01-01T00:00:00"):
        assert browser.get(f"/admin/usage/usagelog/{call.pk}/change/{query}").status_code == 302
