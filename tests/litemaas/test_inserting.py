"""Rows of several tables are there together or not at all, as if each had been saved."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret
from catalog.models import Model
from litemaas.inserting import insert_together
from tests.factories import ModelFactory, UserFactory

pytestmark = pytest.mark.django_db


def key_of(owner, **columns):
    now = timezone.now()
    return ApiKey(
        owner=owner,
        created_by=owner,
        name="Made together",
        secret_prefix="sk-abcde",
        secret_suffix="wxyz",
        created_at=now,
        updated_at=now,
        **columns,
    )


def secret_of(key, token):
    return ApiKeySecret(
        api_key=key,
        number=1,
        token_hash=token * 64,
        alias=key.alias,
        prefix="sk-abcde",
        suffix="wxyz",
        created_at=key.created_at,
    )


def test_each_row_is_what_it_would_be_saved_alone(django_assert_num_queries):
    owner, models = UserFactory(), [ModelFactory(), ModelFactory()]
    key = key_of(
        owner, alias="one", max_budget=Decimal("1.50"), tags=["a", "b"], metadata={"x": [1]}, tpm_limit=7
    )
    links = [ApiKeyModel(api_key=key, model=model) for model in models]
    secret = secret_of(key, "a")
    with django_assert_num_queries(1):
        # What refers to a row may come before it.
        insert_together(*links, secret, key)
    read = ApiKey.objects.get()
    assert {f.attname: getattr(read, f.attname) for f in ApiKey._meta.concrete_fields} == {
        f.attname: getattr(key, f.attname) for f in ApiKey._meta.concrete_fields
    }
    assert ApiKeySecret.objects.get().pk == secret.pk
    assert {link.pk: link.model_id for link in links} == dict(
        ApiKeyModel.objects.values_list("pk", "model_id")
    )


def test_a_rule_that_one_row_breaks_leaves_none(transactional_db):
    owner = UserFactory()
    first = key_of(owner, alias="one")
    insert_together(first, secret_of(first, "a"))
    second = key_of(owner, alias="two")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_together(second, secret_of(second, "a"))
    assert [key.alias for key in ApiKey.objects.all()] == ["one"]
    assert Model.objects.count() == 0
