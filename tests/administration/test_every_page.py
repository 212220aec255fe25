"""Django admin, found by itself: every model is there, opens quickly with many rows, and shows no secret."""

import re
from decimal import Decimal
from html import unescape
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import label_for_field, quote
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import connection
from django.db.models import ForeignKey
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import override

from accounts.models import AuditEvent, User
from catalog.models import Model
from litellm_sync.models import GatewayObject
from litemaas.administration import ReadOnlyAdmin
from tests.administration.filled import NOW, ROWS, marks_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
MOST_STATEMENTS = 15
# Django's own bookkeeping. The key of a session is the session itself; groups and permissions mean nothing here.
LEFT_OUT = {"auth.Group", "auth.Permission", "contenttypes.ContentType", "sessions.Session"}
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
by_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_is_registered():
    """But for those that Django admin can't show, whose key has several columns."""
    missing = {model._meta.label for model in apps.get_models() if not model._meta.is_composite_pk}
    assert missing - {model._meta.label for model in MODELS} == LEFT_OUT


def test_every_list_says_more_than_a_name():
    for model, page in admin.site._registry.items():
        assert "__str__" not in page.list_display
        assert len(page.list_display) > 1 or model._meta.label == "usage.RollupZone", model


def test_every_model_has_a_name_for_one_row_and_for_several():
    """Django would put an "s" to the name of the class, in English only."""
    assert [model._meta.label for model, page in admin.site._registry.items() if not page.named] == []
    assert str(site_name("usage.AlertThresholds")) == "Alert thresholds"
    with override("de"):
        assert str(site_name("teams.Team")) == "Teams"
        assert str(site_name("apikeys.ApiKey")) == "API-Schlüssel"


def site_name(label):
    return apps.get_model(label)._meta.verbose_name_plural


@by_model
def test_pages_open_with_few_statements_and_no_secret(filled, model):
    """A read-only administrator sees the same; the browser of each role is what may not act."""
    lists, new = address(model, "changelist"), address(model, "add")
    shown = [opened(filled.browsers["is_operator"], url) for url in (lists, f"{lists}?q=abc")]
    shown.append(opened(filled.browsers["is_operator"], new, may_refuse=True))
    rows = re.search(rf'href="({lists}[^"]+/change/[^"]*)"', shown[0])
    assert bool(rows) == (admin.site._registry[model].list_display_links is not None)
    readers = ("is_operator", "is_auditor") if rows else ()
    shown += [opened(filled.browsers[who], unescape(rows[1])) for who in readers]
    shown.append(
        b"".join(filled.browsers["is_auditor"].get(address(model, "export")).streaming_content).decode()
    )
    assert len(shown[-1].splitlines()) > len(filled.rows[model])
    everything = "".join(shown)
    assert [mark for number in range(ROWS) for mark in marks_of(model, number) if mark in everything] == []


@by_model
def test_who_may_not_act_changes_nothing_by_any_way(filled, model):
    """A read-only administrator sees no form and no action, and sending one all the same is refused; other people get
    no page at all."""
    reader, stranger = filled.browsers["is_auditor"], filled.browsers["is_nobody"]
    page = admin.site._registry[model]
    listed, row = address(model, "changelist"), filled.rows[model][0]
    one = [quote(row.pk)]
    for name, args in (("add", []), ("change", one), ("delete", one)):
        with CaptureQueriesContext(connection) as statements:
            answer = reader.post(address(model, name, *args), {"post": "yes"})
        # What has its time in its address is not found without it.
        assert answer.status_code == 403 or (model.__name__ == "UsageLog" and name == "change"), name
        assert [s["sql"] for s in statements if writes(s["sql"], model)] == []
    for action in page.actions or ():
        body = {"action": action, "_selected_action": [str(row.pk)], "confirmed": "yes", "reason": "No."}
        with CaptureQueriesContext(connection) as statements:
            reader.post(listed, body)
        assert [s["sql"] for s in statements if writes(s["sql"], model)] == [], action
    for url in (listed, address(model, "export"), address(model, "history", *one)):
        assert stranger.get(url, follow=True).status_code == 403, url


def writes(sql, model):
    return not sql.startswith("SELECT") and f'"{model._meta.db_table}"' in sql


def test_every_column_of_a_list_has_a_name_in_the_readers_language(rf):
    for model, page in admin.site._registry.items():
        for column in page.get_list_display(rf.get("/")):
            said = label_for_field(column, model, page)
            assert isinstance(said, Promise), f"{model._meta.label}: {column} is only “{said}”"


def test_headings_are_said_once_and_in_the_readers_language(filled):
    browser = filled.browsers["is_auditor"]
    text = browser.get(reverse("admin:index"), headers={"accept-language": "de"}).text
    headings = re.findall(r'class="section"[^>]*>([^<]+)<', text)
    assert len(headings) == len(set(headings))
    assert {"API-Schlüssel", "Nutzung", "Teams"} <= set(map(unescape, headings))
    # Libraries' tables stand together, whichever of them is asked.
    assert "Email addresses" in browser.get("/admin/usersessions/").text


def test_ids_and_codes_are_said_in_words(filled):
    browser, user = filled.browsers["is_operator"], filled.rows[User][0]
    row = GatewayObject.objects.filter(kind="user").first()
    GatewayObject.objects.filter(pk=row.pk).update(object_id=user.pk)
    event = AuditEvent.objects.create(
        at=NOW, action="USER_UPDATE", resource_type="USER", resource_id=str(user.pk), new_values={"rpm": 60}
    )
    for kind, pk in ((GatewayObject, row.pk), (AuditEvent, event.pk)):
        text = browser.get(address(kind, "change", pk)).text
        assert f'<a href="{address(User, "change", user.pk)}">{user.username}</a>' in text
    assert "User changed" in text
    assert "<pre>{\n  &quot;rpm&quot;: 60\n}</pre>" in text
    # A row of the ledger may name somebody who is gone.
    GatewayObject.objects.filter(pk=row.pk).update(object_id=UUID(int=7))
    assert "00000000…" in browser.get(address(GatewayObject, "change", row.pk)).text


def test_prices_of_models_are_no_secrets(filled):
    model = filled.rows[Model][0]
    Model.objects.filter(pk=model.pk).update(input_cost_per_token=Decimal("0.0000025"))
    text = filled.browsers["is_auditor"].get(address(Model, "change", quote(model.pk))).text
    assert "0.0000025<" in text


def opened(browser, url, *, may_refuse=False):
    with CaptureQueriesContext(connection) as statements:
        page = browser.get(url)
    assert page.status_code == 200 or (may_refuse and page.status_code == 403), url
    assert len(statements) <= MOST_STATEMENTS, (url, [s["sql"][:200] for s in statements])
    return page.text


def test_whatever_is_typed_in_names_other_rows_by_searching_them(rf, db):
    request = rf.get("/admin/")
    request.user = UserFactory.create(is_operator=True)
    typed_in = [(m, page) for m, page in admin.site._registry.items() if not isinstance(page, ReadOnlyAdmin)]
    for model, page in typed_in:
        for field in model._meta.concrete_fields:
            if isinstance(field, ForeignKey):
                typed = page.formfield_for_dbfield(field, request)
                assert isinstance(typed.widget.widget, AutocompleteSelect), field
