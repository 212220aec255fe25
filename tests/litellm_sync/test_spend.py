"""What the gateway said about spend, kept for reading."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from litellm_sync.models import GatewaySpend, budget_reset_of, spend_as_of, spend_of
from litellm_sync.spend import Spend, read_spend, record_spend
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def figures(user):
    return (
        type(user)
        .objects.annotate(spend=spend_of("user"), reset=budget_reset_of("user"), as_of=spend_as_of("user"))
        .values_list("spend", "reset", "as_of")
        .get(pk=user.pk)
    )


def test_what_the_gateway_never_told_is_unknown():
    assert figures(UserFactory()) == (None, None, None)


def test_a_figure_is_kept_exactly_with_its_age(now):
    user = UserFactory()
    reset = now + timedelta(days=3)
    record_spend("user", [Spend(str(user.pk), user.pk, Decimal("0.000123456789"), reset)], as_of=now)
    assert figures(user) == (Decimal("0.000123456789"), reset, now)


def test_an_object_with_two_secrets_has_the_sum_and_the_older_age(now):
    user = UserFactory()
    record_spend("user", [Spend("a", user.pk, Decimal("1.5"))], as_of=now - timedelta(hours=1))
    record_spend("user", [Spend("b", user.pk, Decimal("2.5"))], as_of=now)
    assert figures(user) == (Decimal(4), None, now - timedelta(hours=1))


def test_a_newer_figure_replaces_an_older_one_and_not_the_other_way(now):
    user = UserFactory()
    for spend, as_of in ((1, now), (2, now + timedelta(minutes=5)), (3, now - timedelta(minutes=5))):
        record_spend("user", [Spend(str(user.pk), user.pk, Decimal(spend))], as_of=as_of)
    assert GatewaySpend.objects.get().spend == 2


def test_other_kinds_do_not_count(now):
    user = UserFactory()
    record_spend("team", [Spend(str(user.pk), user.pk, Decimal(1))], as_of=now)
    assert figures(user) == (None, None, None)


def test_many_figures_take_two_statements(now, django_assert_num_queries):
    spends = [Spend(str(n), uuid4(), Decimal(n)) for n in range(200)]
    with django_assert_num_queries(2):
        assert record_spend("key", spends, as_of=now) == 200


@pytest.mark.parametrize("row", [{}, {"spend": None}, {"spend": "much"}, {"spend": True}])
def test_a_row_without_a_spend_tells_nothing(row):
    assert read_spend(row) is None


def test_the_budget_of_a_member_begins_anew_by_its_budget_row():
    row = {"spend": Decimal("0.5"), "litellm_budget_table": {"budget_reset_at": "2026-12-01T00:00:00"}}
    spend, reset = read_spend(row)
    assert (spend, reset.isoformat()) == (Decimal("0.5"), "2026-12-01T00:00:00+00:00")
