"""Every list of the operators: each order that a heading offers, fewer columns, and the list as a file."""

import csv
import io

import pytest

from accounts.web.audit_list import TABLE as AUDIT
from catalog.web.managed_list import MODELS
from litellm_sync.models import GatewayObject
from portal.web.gateway_tables import FINDINGS, QUEUE
from portal.web.people.keys import TABLE as KEYS
from portal.web.people.listing import TABLE as PEOPLE
from portal.web.people.subscriptions import TABLE as SUBSCRIPTIONS
from portal.web.settings.banner_rows import TABLE as BANNERS
from subscriptions.web.requests import REQUESTS
from tests.portal.conftest import issue, signed_in, subscribe
from tests.portal.test_every_page import statements
from tests.portal.test_gateway_pages import finding

pytestmark = pytest.mark.django_db
LISTS = {
    "/operations/users": PEOPLE,
    "/operations/audit": AUDIT,
    "/operations/models": MODELS,
    "/operations/subscriptions?status=all": REQUESTS,
    "/operations/settings/banners": BANNERS,
    "/operations/gateway/differences": FINDINGS,
    "/operations/gateway/queue": QUEUE,
    "/operations/users/{person}/keys": KEYS,
    "/operations/users/{person}/subscriptions": SUBSCRIPTIONS,
}


@pytest.fixture
def console(operator, person):
    subscribe(person, "lab/one")
    issue(person, "first", "lab/one")
    GatewayObject.objects.update(applied=0)
    finding(verdict="missing", object_id=person.pk)
    return signed_in(operator)


@pytest.mark.parametrize("place", LISTS)
def test_sorts_by_each_heading_at_the_same_cost_hides_columns_and_is_a_file(console, person, place):
    table, address = LISTS[place], place.format(person=person.pk)
    more = "&" if "?" in address else "?"
    console.get(address)
    usual = statements(console, address)
    for column in table.columns:
        if column.order:
            assert statements(console, f"{address}{more}sort=-{column.name}") == usual, column.name
    fixed = [column for column in table.columns if column.is_fixed]
    shown = console.get(f"{address}{more}columns={fixed[0].name}").context
    assert shown is None or [one.name for one in shown["table"].columns] == [one.name for one in fixed]
    everything = ".".join(column.name for column in table.columns)
    told = console.get(f"{address}{more}columns={everything}&format=csv")
    assert told["Content-Type"].startswith("text/csv")
    text = b"".join(told.streaming_content).decode("utf-8-sig")
    heads = next(csv.reader(io.StringIO(text)))
    assert heads == [str(column.title) for column in table.columns if column.value is not None]
