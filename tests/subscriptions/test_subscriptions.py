"""The life of a subscription."""

from datetime import timedelta

import pytest

from accounts.audit.models import AuditEvent
from catalog.errors import ModelNotFound
from catalog.services import restrict_model
from litemaas import errors
from subscriptions import services
from subscriptions.errors import AlreadySubscribed, WrongState
from subscriptions.models import Subscription
from tests.concurrency import in_parallel
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return UserFactory.create()


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


def steps(row):
    return [(change.old_status, change.new_status) for change in row.history.all()]


def test_an_open_model_is_subscribed_at_once_with_the_default_quotas(user, now):
    row = services.subscribe(actor=user, model_id=ModelFactory.create().pk, now=now)
    assert (row.status, row.quota_requests, row.quota_tokens) == ("active", 10_000, 1_000_000)
    assert steps(row) == [("", "active")]


def test_a_restricted_model_waits_for_an_approval(user, operator, now):
    row = services.subscribe(actor=user, model_id=ModelFactory.create(restricted_access=True).pk, now=now)
    assert row.status == "pending"
    row = services.approve_subscription(actor=operator, subscription_id=row.pk, now=now)
    assert (row.status, row.status_changed_by) == ("active", operator)
    assert steps(row) == [("", "pending"), ("pending", "active")]


def test_a_denial_needs_a_reason_and_can_be_asked_about_again(user, operator, now):
    row = services.subscribe(actor=user, model_id=ModelFactory.create(restricted_access=True).pk, now=now)
    with pytest.raises(errors.InvalidInput, match="reason"):
        services.deny_subscription(actor=operator, subscription_id=row.pk, reason=" ", now=now)
    row = services.deny_subscription(actor=operator, subscription_id=row.pk, reason="Too dear.", now=now)
    assert (row.status, row.status_reason) == ("denied", "Too dear.")
    row = services.request_review(actor=user, subscription_id=row.pk, comment="Please.", now=now)
    assert (row.status, row.status_reason) == ("pending", "Please.")
    assert services.request_review(actor=user, subscription_id=row.pk, now=now).status == "pending"


def test_a_second_subscription_is_a_conflict_that_names_the_first(user, now):
    model = ModelFactory.create()
    row = services.subscribe(actor=user, model_id=model.pk, now=now)
    with pytest.raises(AlreadySubscribed) as refusal:
        services.subscribe(actor=user, model_id=model.pk, now=now)
    assert refusal.value.data == {"subscriptionId": str(row.pk), "status": "active"}


def test_an_ended_subscription_is_taken_up_again_as_the_same_row(user, now):
    model = ModelFactory.create()
    row = services.subscribe(actor=user, model_id=model.pk, quota_requests=5, now=now)
    services.cancel_subscription(actor=user, subscription_id=row.pk, now=now)
    again = services.subscribe(actor=user, model_id=model.pk, now=now)
    assert (again.pk, again.status, again.quota_requests) == (row.pk, "active", 10_000)
    assert steps(again) == [("", "active"), ("active", "inactive"), ("inactive", "active")]


def test_taking_up_a_model_that_became_restricted_needs_an_approval(user, operator, now):
    model = ModelFactory.create()
    row = services.subscribe(actor=user, model_id=model.pk, now=now)
    services.cancel_subscription(actor=user, subscription_id=row.pk, now=now)
    restrict_model(actor=operator, model_id=model.pk, restricted=True, now=now)
    assert services.subscribe(actor=user, model_id=model.pk, now=now).status == "pending"


def test_restricting_a_model_asks_for_approvals_and_opening_it_grants_them(user, operator, now):
    model = ModelFactory.create()
    row = services.subscribe(actor=user, model_id=model.pk, now=now)
    restrict_model(actor=operator, model_id=model.pk, restricted=True, now=now)
    row.refresh_from_db()
    assert (row.status, row.status_reason) == ("pending", "The model became restricted.")
    restrict_model(actor=operator, model_id=model.pk, restricted=False, now=now)
    row.refresh_from_db()
    assert row.status == "active"


def test_what_was_granted_until_a_moment_ends_then(now):
    row = SubscriptionFactory.create(expires_at=now + timedelta(hours=1))
    SubscriptionFactory.create()
    assert services.expire_subscriptions(now=now) == 0
    assert services.expire_subscriptions(now=now + timedelta(hours=1)) == 1
    row.refresh_from_db()
    assert row.status == "expired"


@pytest.mark.parametrize("quota", [0, -1, 10_001])
def test_quotas_outside_of_the_allowed_range_are_refused(user, now, quota):
    with pytest.raises(errors.InvalidInput):
        services.subscribe(actor=user, model_id=ModelFactory.create().pk, quota_requests=quota, now=now)
    assert not Subscription.objects.exists()


def test_a_model_that_is_not_there_can_not_be_subscribed(user, now):
    with pytest.raises(ModelNotFound):
        services.subscribe(actor=user, model_id="nope", now=now)
    gone = ModelFactory.create(availability="unavailable", unavailable_since=now)
    with pytest.raises(errors.InvalidInput, match="not available"):
        services.subscribe(actor=user, model_id=gone.pk, now=now)


def test_somebody_elses_subscription_does_not_exist(user, now):
    other = SubscriptionFactory.create()
    for act in (services.cancel_subscription, services.request_review, services.approve_subscription):
        with pytest.raises(errors.NotFound):
            act(actor=user, subscription_id=other.pk, now=now)


def test_only_administrators_decide(now):
    auditor = UserFactory.create(is_auditor=True)
    row = SubscriptionFactory.create(status="pending")
    with pytest.raises(errors.Forbidden):
        services.approve_subscription(actor=auditor, subscription_id=row.pk, now=now)
    with pytest.raises(errors.Forbidden):
        services.cancel_subscription(actor=auditor, subscription_id=row.pk, now=now)


def test_only_pending_requests_are_decided(operator, now):
    row = SubscriptionFactory.create()
    with pytest.raises(WrongState):
        services.approve_subscription(actor=operator, subscription_id=row.pk, now=now)


def test_every_change_leaves_an_audit_row(user, operator, now):
    row = services.subscribe(actor=user, model_id=ModelFactory.create(restricted_access=True).pk, now=now)
    services.deny_subscription(actor=operator, subscription_id=row.pk, reason="No.", now=now)
    services.request_review(actor=user, subscription_id=row.pk, now=now)
    services.approve_subscription(actor=operator, subscription_id=row.pk, now=now)
    services.cancel_subscription(actor=user, subscription_id=row.pk, now=now)
    actions = (
        AuditEvent.objects.filter(resource_id=str(row.pk)).order_by("pk").values_list("action", "actor_name")
    )
    assert list(actions) == [
        ("SUBSCRIPTION_CREATE", user.username),
        ("SUBSCRIPTION_DENIED", operator.username),
        ("SUBSCRIPTION_REVIEW_REQUESTED", user.username),
        ("SUBSCRIPTION_APPROVED", operator.username),
        ("SUBSCRIPTION_CANCEL", user.username),
    ]


@pytest.mark.django_db(transaction=True)
def test_fifty_clicks_at_once_make_one_subscription(user, now):
    model = ModelFactory.create()
    answers = in_parallel(50, lambda: services.subscribe(actor=user, model_id=model.pk, now=now))
    assert Subscription.objects.count() == 1
    assert [type(a) for a in answers].count(Subscription) == 1
    assert [type(a) for a in answers].count(AlreadySubscribed) == 49
