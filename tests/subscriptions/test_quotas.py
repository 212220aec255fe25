"""What was used of a quota, and what follows."""

from datetime import timedelta

import pytest

from accounts.audit.models import AuditEvent
from catalog.services import restrict_model
from litellm_sync.models import GatewayObject
from litemaas import errors
from subscriptions import quota_rules, services
from subscriptions.errors import QuotaAboveMaximum
from subscriptions.services import QuotaUse
from tests.factories import SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def window(now):
    return quota_rules.window_start(now)


@pytest.fixture
def row():
    return SubscriptionFactory.create(quota_requests=100, quota_tokens=1000)


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


def use(row, requests, tokens, window, as_of, **more):
    told = services.record_quota_use(
        [QuotaUse(row.user_id, row.model_id, requests, tokens)], window_start=window, as_of=as_of, **more
    )
    row.refresh_from_db()
    return told


def test_use_is_stored_and_an_older_reading_changes_nothing(row, window, now):
    assert use(row, 10, 200, window, now) == 1
    assert (row.used_requests, row.used_tokens, row.used_as_of) == (10, 200, now)
    assert use(row, 5, 100, window, now - timedelta(minutes=1)) == 0
    assert row.used_requests == 10
    assert use(row, 12, 230, window, now + timedelta(minutes=1)) == 1
    assert row.used_requests == 12


def test_who_is_not_mentioned_in_a_complete_reading_used_nothing(row, window, now):
    other = SubscriptionFactory.create()
    use(row, 10, 200, window, now)
    other.refresh_from_db()
    assert other.used_requests is None
    use(row, 10, 200, window, now, complete=True)
    other.refresh_from_db()
    assert (other.used_requests, other.used_tokens) == (0, 0)
    assert row.used_requests == 10


def test_a_new_month_counts_anew(row, window, now):
    use(row, 90, 200, window, now)
    next_window = quota_rules.window_end(now)
    use(row, 1, 2, next_window, next_window + timedelta(minutes=5))
    assert (row.used_requests, row.quota_window_start) == (1, next_window)
    assert use(row, 91, 201, window, next_window + timedelta(minutes=6)) == 0


def test_a_quota_that_is_used_up_suspends_and_the_next_month_lifts_it(row, window, now):
    use(row, 99, 999, window, now)
    assert services.suspend_for_quota(window_start=window, now=now) == 0
    use(row, 100, 999, window, now)
    assert services.suspend_for_quota(window_start=window, now=now) == 1
    assert services.suspend_for_quota(window_start=window, now=now) == 0
    row.refresh_from_db()
    assert (row.status, row.suspended_by) == ("suspended", "quota")
    with pytest.raises(errors.Forbidden):
        services.resume_subscription(actor=row.user, subscription_id=row.pk, now=now)
    assert services.resume_after_quota_reset(window_start=window, now=now) == 0
    later = quota_rules.window_end(now)
    assert services.resume_after_quota_reset(window_start=later, now=later) == 1
    row.refresh_from_db()
    assert (row.status, row.suspended_by) == ("active", "")
    steps = [(s.old_status, s.new_status) for s in row.history.all()]
    assert steps == [("active", "suspended"), ("suspended", "active")]


def test_a_month_begins_where_the_portal_reports(now, settings):
    settings.REPORTING_TIME_ZONE = "Pacific/Auckland"
    assert quota_rules.window_start(now).isoformat() == "2026-10-31T11:00:00+00:00"
    december = now.replace(month=12)
    assert quota_rules.window_end(december).isoformat() == "2026-12-31T11:00:00+00:00"


def test_only_an_administrators_suspension_outlives_the_month(row, window, now, operator):
    services.suspend_subscription(actor=operator, subscription_id=row.pk, now=now)
    later = quota_rules.window_end(now)
    assert services.resume_after_quota_reset(window_start=later, now=later) == 0


def test_a_model_that_became_restricted_meanwhile_needs_an_approval(row, window, now, operator):
    use(row, 100, 1, window, now)
    services.suspend_for_quota(window_start=window, now=now)
    restrict_model(actor=operator, model_id=row.model_id, restricted=True, now=now)
    later = quota_rules.window_end(now)
    services.resume_after_quota_reset(window_start=later, now=later)
    row.refresh_from_db()
    assert row.status == "pending"


def test_a_reset_forgives_what_was_used_and_lifts_the_suspension(row, window, now, operator):
    use(row, 100, 900, window, now)
    services.suspend_for_quota(window_start=window, now=now)
    count = services.reset_quotas(
        actor=operator, user_id=row.user_id, window_start=window, now=now + timedelta(minutes=1)
    )
    row.refresh_from_db()
    assert (count, row.status, row.used_requests, row.used_tokens) == (1, "active", 0, 0)
    use(row, 103, 950, window, now + timedelta(minutes=2))
    assert (row.used_requests, row.used_tokens) == (3, 50)
    assert AuditEvent.objects.filter(action="QUOTAS_RESET").count() == 1


def test_a_reset_says_whom_it_means_and_is_for_administrators(row, window, now, operator):
    with pytest.raises(errors.InvalidInput):
        services.reset_quotas(actor=operator, window_start=window, now=now)
    with pytest.raises(errors.Forbidden):
        services.reset_quotas(actor=row.user, user_id=row.user_id, window_start=window, now=now)


def test_an_owner_goes_no_further_than_what_was_granted(row, now, operator):
    change = services.change_subscription
    assert change(actor=row.user, subscription_id=row.pk, quota_requests=10_000, now=now)
    with pytest.raises(QuotaAboveMaximum):
        change(actor=row.user, subscription_id=row.pk, quota_requests=10_001, now=now)
    change(actor=operator, subscription_id=row.pk, quota_requests=50_000, now=now)
    change(actor=row.user, subscription_id=row.pk, quota_requests=7, now=now)
    changed = change(actor=row.user, subscription_id=row.pk, quota_requests=50_000, now=now)
    assert changed.quota_requests == 50_000
    change(actor=operator, subscription_id=row.pk, quota_requests=5, now=now)
    with pytest.raises(QuotaAboveMaximum):
        change(actor=row.user, subscription_id=row.pk, quota_requests=6, now=now)


def test_a_higher_quota_lifts_the_suspension_that_the_lower_one_caused(row, window, now):
    use(row, 100, 1, window, now)
    services.suspend_for_quota(window_start=window, now=now)
    changed = services.change_subscription(
        actor=row.user, subscription_id=row.pk, quota_requests=101, now=now
    )
    assert changed.status == "active"


def test_the_end_is_the_administrators(row, now, operator):
    change = services.change_subscription
    with pytest.raises(errors.Forbidden):
        change(actor=row.user, subscription_id=row.pk, expires_at=None, now=now)
    end = now + timedelta(days=1)
    assert change(actor=operator, subscription_id=row.pk, expires_at=end, now=now).expires_at == end
    with pytest.raises(errors.InvalidInput):
        change(actor=operator, subscription_id=row.pk, expires_at=now, now=now)


def test_a_change_of_nothing_leaves_no_trace(row, now):
    services.change_subscription(actor=row.user, subscription_id=row.pk, quota_requests=100, now=now)
    assert not AuditEvent.objects.exists()
    assert not GatewayObject.objects.exists()
