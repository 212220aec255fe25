"""How many keys a new maximum would find above it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apikeys.models import ApiKey
from apikeys.over_maximum import keys_above
from tests.factories import UserFactory
from tests.portal.conftest import issue, subscribe

pytestmark = pytest.mark.django_db


def test_more_and_no_limit_at_all_are_above_and_ended_keys_are_not_counted(django_assert_num_queries):
    user, now = UserFactory.create(), timezone.now()
    subscribe(user, "lab/one")
    little, much, free, ended = (issue(user, name, "lab/one") for name in ("little", "much", "free", "ended"))
    ApiKey.objects.filter(pk=little.pk).update(
        max_budget=1, tpm_limit=5, rpm_limit=5, expires_at=now + timedelta(days=1)
    )
    ApiKey.objects.filter(pk=much.pk).update(
        max_budget=100, tpm_limit=500, rpm_limit=5, expires_at=now + timedelta(days=90)
    )
    ApiKey.objects.filter(pk__in=[free.pk, ended.pk]).update(
        max_budget=None, tpm_limit=None, rpm_limit=None, expires_at=None
    )
    ApiKey.objects.filter(pk=ended.pk).update(expires_at=now - timedelta(days=1))
    maximums = {"maxBudget": Decimal(10), "tpmLimit": 100, "rpmLimit": None, "expirationDays": 30}
    with django_assert_num_queries(1):
        counted = keys_above(maximums, now=now)
    assert counted == {"maxBudget": 2, "tpmLimit": 2, "expirationDays": 2}


def test_without_a_maximum_nothing_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert keys_above({"maxBudget": None}, now=timezone.now()) == {}
