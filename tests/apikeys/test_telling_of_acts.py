"""What somebody else did to a key is told to its owner, with the act; what one did oneself is not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apikeys import services
from notifications.models import Notification
from tests.factories import SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def key():
    owner = UserFactory()
    model = SubscriptionFactory(user=owner).model
    return services.issue_api_key(actor=owner, model_ids=[model.pk], name="build", now=timezone.now()).key


def told(user):
    rows = Notification.objects.filter(user=user, kind="key_changed").order_by("created_at", "pk")
    return [(row.title_text, row.body_text) for row in rows]


def test_the_owner_hears_of_a_block_with_its_reason_and_of_its_end(key):
    admin, now = UserFactory(is_operator=True), timezone.now()
    services.block_api_key(actor=admin, key_id=key.pk, reason="Leaked", now=now)
    services.block_api_key(actor=admin, key_id=key.pk, reason="Leaked", now=now)
    services.unblock_api_key(actor=admin, key_id=key.pk, now=now + timedelta(seconds=1))
    assert told(key.owner) == [("API key build was blocked", "Leaked"), ("API key build works again", "")]


def test_the_owner_hears_of_a_revocation_by_somebody_else_once(key):
    admin, now = UserFactory(is_operator=True), timezone.now()
    services.revoke_api_key(actor=admin, key_id=key.pk, now=now)
    services.delete_api_key(actor=admin, key_id=key.pk, now=now)
    assert told(key.owner) == [("API key build was revoked", "")]


def test_nobody_is_told_of_what_they_did_themselves(key):
    services.revoke_api_key(actor=key.owner, key_id=key.pk, now=timezone.now())
    assert told(key.owner) == []
