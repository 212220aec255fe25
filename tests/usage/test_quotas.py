"""The quotas of subscriptions are counted from the ledger and enforced."""

from datetime import UTC, datetime, timedelta

import pytest

from subscriptions.models import Subscription
from subscriptions.quota_rules import window_start
from tests.factories import NOW, ModelFactory, SubscriptionFactory, UserFactory
from tests.usage.conftest import log_row
from usage.ledger import write_rows
from usage.models import UsageCursor
from usage.quotas import count_quotas, utilization

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscription(make_key):
    user = UserFactory()
    make_key("hash-1", owner=user)
    model = ModelFactory(id="gpt-mock")
    UsageCursor.objects.create(
        source="litellm", begun_at=NOW - timedelta(days=30), position=NOW, moved_at=NOW
    )
    return SubscriptionFactory(user=user, model=model, quota_requests=10, quota_tokens=1000)


def use(count, *, first=0, at=NOW - timedelta(minutes=30)):
    rows = [log_row(first + n, api_key="hash-1", at=at) for n in range(count)]
    write_rows(rows, now=max(NOW, at + timedelta(hours=1)))


def test_what_was_used_this_month_is_counted_and_nothing_before(subscription):
    use(3, first=100, at=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    use(4)
    count_quotas(now=NOW)
    count_quotas(now=NOW)
    subscription.refresh_from_db()
    assert (subscription.used_requests, subscription.used_tokens) == (4, 4 * 29)
    assert utilization(subscription.user_id, now=NOW) == {"requests": 40.0, "tokens": 11.6}


def test_a_used_up_quota_suspends_and_the_next_month_resumes(subscription):
    use(10)
    assert count_quotas(now=NOW) == (1, 0)
    subscription.refresh_from_db()
    assert subscription.status == Subscription.Status.SUSPENDED
    december = datetime(2026, 12, 1, 0, 1, tzinfo=UTC)
    UsageCursor.objects.update(position=december, moved_at=december)
    assert count_quotas(now=december) == (0, 1)
    subscription.refresh_from_db()
    assert (subscription.status, subscription.used_requests) == (Subscription.Status.ACTIVE, 0)


def test_without_a_reading_nothing_is_known(subscription):
    UsageCursor.objects.all().delete()
    assert count_quotas(now=NOW) == (0, 0)
    assert utilization(subscription.user_id, now=NOW) == {"requests": None, "tokens": None}


def test_another_reporting_time_zone_does_not_stop_the_counting(subscription, settings):
    unused = SubscriptionFactory(user=subscription.user)
    use(3)
    count_quotas(now=NOW)
    # The month begins earlier, then later, than it did before.
    for count, zone in enumerate(("Pacific/Auckland", "America/Los_Angeles", "UTC"), start=4):
        settings.REPORTING_TIME_ZONE = zone
        use(1, first=count * 100)
        later = NOW + timedelta(minutes=count)
        UsageCursor.objects.update(moved_at=later)
        count_quotas(now=later)
        assert utilization(subscription.user_id, now=later)["requests"] is not None
        for row, used in ((subscription, count), (unused, 0)):
            row.refresh_from_db()
            assert (row.used_requests, row.quota_window_start) == (used, window_start(later))
