"""A personal key opens the portal's own API as far as its owner said, for as long as it works."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import SYSTEM
from accounts.services import change_user
from apikeys import services
from apikeys.models import ApiKeySecret
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(db):
    return UserFactory()


def key_of(owner, *permissions):
    subscription = SubscriptionFactory(user=owner, model=ModelFactory())
    body = {"modelIds": [subscription.model_id], "portalPermissions": list(permissions)}
    answer = ApiClient(owner).post("api-keys", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def with_secret(secret):
    client = ApiClient()
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


def test_it_may_what_it_was_given_and_nothing_else(owner):
    client = with_secret(key_of(owner, "models:read", "subscriptions:read")["key"])
    answer = client.get("subscriptions")
    assert (answer.status_code, answer["X-Authenticated-By"]) == (200, "api-key")
    assert client.get("api-keys").status_code == 403
    assert client.post("api-keys", {"modelIds": ["m"]}).status_code == 403
    assert client.post("subscriptions", {"modelId": "m"}).status_code == 403


def test_without_a_portal_permission_it_is_no_credential(owner):
    assert with_secret(key_of(owner)["key"]).get("models").status_code == 401
    assert with_secret("sk-" + "x" * 43).get("models").status_code == 401


def test_it_never_shows_or_makes_a_secret(owner):
    created = key_of(owner, "api_keys:read", "models:read")
    client = with_secret(created["key"])
    assert client.get("api-keys").status_code == 200
    for act in ("reveal", "rotate"):
        assert client.post(f"api-keys/{created['id']}/{act}").status_code == 403
    assert client.delete(f"api-keys/{created['id']}").status_code == 403


def test_it_dies_with_the_key_and_with_its_owners_account(owner):
    created = key_of(owner, "models:read")
    client = with_secret(created["key"])
    services.block_api_key(actor=SYSTEM, key_id=created["id"], reason="test", now=timezone.now())
    assert client.get("models").status_code == 401
    services.unblock_api_key(actor=SYSTEM, key_id=created["id"], now=timezone.now())
    assert client.get("models").status_code == 200
    change_user(actor=SYSTEM, user_id=owner.pk, is_active=False, now=timezone.now())
    assert client.get("models").status_code == 401


def test_a_former_secret_works_until_its_overlap_is_over(owner, gateway):
    created = key_of(owner, "models:read")
    ApiKeySecret.objects.update(created_at=timezone.now() - timedelta(hours=1))
    rotated = ApiClient(owner).post(f"api-keys/{created['id']}/rotate", {"overlapSeconds": 3600})
    assert rotated.status_code == 200, rotated.text
    old, new = with_secret(created["key"]), with_secret(rotated.json()["key"])
    assert old.get("models").status_code == new.get("models").status_code == 200
    past = timezone.now() - timedelta(seconds=1)
    ApiKeySecret.objects.filter(superseded_at__isnull=False).update(valid_until=past, superseded_at=past)
    assert (old.get("models").status_code, new.get("models").status_code) == (401, 200)


def test_an_owner_gives_no_right_of_administrators(owner):
    subscription = SubscriptionFactory(user=owner, model=ModelFactory())
    body = {"modelIds": [subscription.model_id], "portalPermissions": ["admin:users"]}
    assert ApiClient(owner).post("api-keys", body).status_code == 400
