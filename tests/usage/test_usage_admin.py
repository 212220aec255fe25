"""The ledger in Django admin."""

import pytest

from tests.factories import NOW, UserFactory
from tests.usage.conftest import log_row
from usage.ledger import write_rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["usagelog", "usagereject", "usagecursor", "backfilledwindow"])
@pytest.mark.parametrize("query", ["", "?q=not-an-id"])
def test_operators_read_the_ledger_and_nothing_breaks_on_a_wrong_search(client, name, query):
    write_rows([log_row(), log_row(1, spend="NaN")], now=NOW)
    client.force_login(UserFactory(is_auditor=True))
    assert client.get(f"/admin/usage/{name}/{query}").status_code == 200


def test_nobody_adds_or_changes_rows_by_hand(client):
    write_rows([log_row()], now=NOW)
    client.force_login(UserFactory(is_operator=True))
    assert client.get("/admin/usage/usagelog/add/").status_code == 403
