"""Statements that the API runs all the time are compiled and planned once, and fail and count as Django's do."""

from uuid import uuid4

import pytest
from django.db import DataError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Length, Now
from django.db.transaction import TransactionManagementError

from accounts.models import User
from litemaas.api.statements import Change, Statement
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def people():
    return Statement(lambda _shape, values: User.objects.filter(pk=values["user"]).values("id", "username"))


def plans_kept():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE '%%username%%'"
        )
        return [count for (count,) in cursor.fetchall()]


def test_the_database_keeps_the_plan_of_a_statement():
    found, person = people(), UserFactory()
    before = sum(plans_kept())
    rows = [found.rows(None, {"user": person.pk}) for _ in range(3)]
    assert rows == [[{"id": person.pk, "username": person.username}]] * 3
    assert sum(plans_kept()) == before + 3


def test_a_statement_that_is_made_for_its_values_is_not_kept():
    found, before = people(), sum(plans_kept())
    assert found.rows(None, {"user": uuid4()}, once=True) == []
    assert sum(plans_kept()) == before


def test_who_counts_statements_sees_them(django_assert_num_queries):
    with django_assert_num_queries(1):
        people().rows(None, {"user": uuid4()})


def test_errors_are_the_ones_that_django_raises():
    broken = Statement(
        lambda _shape, values: User.objects.filter(pk=values["user"]).values(
            quotient=Value(1) / (Length("username") - Length("username"))
        )
    )
    person = UserFactory()
    with pytest.raises(DataError), transaction.atomic():
        broken.rows(None, {"user": person.pk})


def test_nothing_is_asked_in_a_transaction_that_is_broken():
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            people().rows(None, {"user": uuid4()})


def test_a_change_is_made_once_per_shape_and_writes_what_it_is_told(django_assert_num_queries):
    renamed = Change(
        lambda _shape, values: User.objects.filter(pk=values["user"]),
        lambda values: {"full_name": values["name"], "updated_at": Now()},
        returning=("id", "full_name"),
    )
    first, second = UserFactory(), UserFactory()
    for person in (first, second):
        with django_assert_num_queries(1):
            rows = renamed.rows(None, {"user": person.pk, "name": f"Doctor {person.username}"})
        assert rows == [{"id": person.pk, "full_name": f"Doctor {person.username}"}]
    kept = dict(User.objects.values_list("pk", "full_name"))
    assert kept[first.pk] == f"Doctor {first.username}"
    assert kept[second.pk] == f"Doctor {second.username}"
