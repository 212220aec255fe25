"""Somebody signed in, and a scene of any size for the lists."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apikeys import services
from apikeys.models import ApiKey, ApiKeyModel, ApiKeySecret
from litellm_sync.models import GatewayObject
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory


@pytest.fixture
def person(db):
    return UserFactory(username="uma", full_name="Uma User")


@pytest.fixture
def operator(db):
    return UserFactory(username="ada", is_operator=True)


@pytest.fixture
def browser(person):
    """A client that is signed in as `person` and sends no script's headers."""
    return signed_in(person)


def signed_in(user, *, ago=timedelta()):
    client = Client(headers={"referer": ""})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session["signed_in_at"] = (timezone.now() - ago).timestamp()
    session.save()
    return client


def subscribe(user, name, **options):
    return SubscriptionFactory(user=user, model=ModelFactory(id=name, **options))


def issue(user, name, *models, applied=True):
    """A key that the gateway has, or (`applied=False`) still waits for: no gateway is running in these tests."""
    key = services.issue_api_key(actor=user, model_ids=list(models), name=name, now=timezone.now()).key
    if applied:
        GatewayObject.objects.filter(kind="key", object_id=key.pk).update(applied=1, requested=1)
    return key


def many_rows(user, count):
    """`count` models, each subscribed to, and as many keys, each with all of them."""
    rows = [subscribe(user, f"{user.username}/many-{at:03}") for at in range(count)]
    now = timezone.now()
    keys = ApiKey.objects.bulk_create(
        ApiKey(
            owner=user, name=f"key {at}", alias=f"many-{user.pk}-{at}", secret_prefix="sk-abcde",
            secret_suffix="wxyz", created_at=now, updated_at=now,
        )
        for at in range(count)
    )  # fmt: skip
    ApiKeySecret.objects.bulk_create(
        ApiKeySecret(
            api_key=key, token_hash=f"{user.pk.hex}{at:032}", alias=key.alias, prefix="sk-abcde",
            suffix="wxyz", sealed=b"sealed", created_at=now,
        )
        for at, key in enumerate(keys)
    )  # fmt: skip
    ApiKeyModel.objects.bulk_create(
        ApiKeyModel(api_key=key, model_id=row.model_id) for key in keys for row in rows
    )
    return rows, keys
