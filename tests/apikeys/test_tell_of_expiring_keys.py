"""A key's end is told a week and a day before, once each."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apikeys.models import ApiKey
from apikeys.services import issue_api_key
from apikeys.telling import tell_of_expiring_keys
from notifications.models import Letter, Notification
from tests.concurrency import in_parallel
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def key():
    user, model = UserFactory(), ModelFactory()
    SubscriptionFactory(user=user, model=model)
    issued = issue_api_key(
        actor=user, name="Report", model_ids=[model.pk], expires_at=NOW + timedelta(days=30), now=NOW
    )
    return issued.key


def titles():
    return [row.title_text for row in Notification.objects.order_by("created_at")]


def at(days):
    return NOW + timedelta(days=days)


def test_a_week_and_a_day_before_its_owner_hears_of_it_once_each(key):
    for days in (10, 22.9, 23, 23.5, 24, 28.9, 29, 29.1, 29.9, 30, 31):
        tell_of_expiring_keys(now=at(days))
    assert titles() == ["API key Report expires within a week", "API key Report expires within a day"]
    assert Notification.objects.first().user == key.owner
    assert Letter.objects.filter(user=key.owner, kind="key_expiring").count() == 2


def test_removing_the_notification_brings_no_second_one(key):
    tell_of_expiring_keys(now=at(24))
    Notification.objects.all().delete()
    tell_of_expiring_keys(now=at(24.1))
    assert titles() == []


def test_a_later_date_is_told_anew(key):
    tell_of_expiring_keys(now=at(24))
    ApiKey.objects.update(expires_at=at(60))
    tell_of_expiring_keys(now=at(54))
    assert len(titles()) == 2


def test_whoever_makes_a_key_for_three_days_is_not_told_of_a_week(key):
    ApiKey.objects.update(expires_at=at(3))
    assert tell_of_expiring_keys(now=at(1)) == 0
    assert tell_of_expiring_keys(now=at(2.5)) == 1


def test_of_what_has_ended_nothing_is_told(key):
    ApiKey.objects.update(revoked_at=at(1))
    assert tell_of_expiring_keys(now=at(24)) == 0


@pytest.mark.django_db(transaction=True)
def test_two_at_once_tell_it_once(key):
    assert sum(in_parallel(3, lambda: tell_of_expiring_keys(now=at(24)))) == 1
    assert len(titles()) == 1
