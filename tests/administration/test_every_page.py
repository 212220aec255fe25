"""Django admin, found by itself: every model is there, opens quickly with many rows, and shows no secret."""

import re
from html import unescape

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import connection
from django.db.models import ForeignKey
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from litemaas.administration import ReadOnlyAdmin
from tests.administration.filled import ROWS, marks_of
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
    one = unescape(re.search(rf'href="({lists}[^"]+/change/[^"]*)"', shown[0])[1])
    shown.append(opened(filled.browsers["is_operator"], one))
    shown.append(opened(filled.browsers["is_operator"], new, may_refuse=True))
    shown.append(opened(filled.browsers["is_auditor"], one))
    shown.append(
        b"".join(filled.browsers["is_auditor"].get(address(model, "export")).streaming_content).decode()
    )
    assert len(shown[-1].splitlines()) > len(filled.rows[model])
    everything = "".join(shown)
    assert [mark for number in range(ROWS) for mark in marks_of(model, number) if mark in everything] == []


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
