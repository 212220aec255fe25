"""Subscriptions of a model that vanishes, comes back, is restricted, opened or retired."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.audit.models import AuditEvent
from apikeys.gateway import opened_models
from apikeys.models import ApiKeyModel
from apikeys.services import issue_api_key
from catalog.models import Model
from catalog.services import availability_changed, restrict_model
from litellm_sync.models import GatewayObject
from litemaas import errors
from subscriptions import services
from subscriptions.models import StatusChange, Subscription
from tests.concurrency import in_parallel
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


@pytest.fixture
def model():
    return ModelFactory.create()


def switch(model, *, there, now):
    with transaction.atomic():
        Model.objects.filter(pk=model.pk).update(
            availability="available" if there else "unavailable", unavailable_since=None if there else now
        )
        availability_changed([model.pk], now)


def key_with(row, *more, now):
    return issue_api_key(actor=row.user, model_ids=[row.model_id, *more], now=now).key


def test_what_a_vanished_model_took_comes_back_as_it_was(model, operator, now):
    rows = {
        "active": SubscriptionFactory.create(model=model, status_reason="Welcome."),
        "pending": SubscriptionFactory.create(model=model, status="pending"),
        "denied": SubscriptionFactory.create(model=model, status="denied", status_reason="Too dear."),
        "suspended": SubscriptionFactory.create(model=model, status="suspended", suspended_by="operator"),
        "inactive": SubscriptionFactory.create(model=model, status="inactive"),
        "expired": SubscriptionFactory.create(model=model, status="expired"),
    }
    facts = ("status", "status_reason", "suspended_by", "needs_approval", "resumes_as")
    before = {row.pk: [getattr(row, name) for name in facts] for row in rows.values()}
    switch(model, there=False, now=now)
    for name, row in rows.items():
        row.refresh_from_db()
        assert row.status == ("expired" if name == "expired" else "inactive")
    assert "does not offer" in rows["active"].status_reason
    switch(model, there=True, now=now)
    for row in rows.values():
        row.refresh_from_db()
        assert [getattr(row, name) for name in facts] == before[row.pk]
    taken = [rows[name] for name in ("active", "pending", "denied", "suspended")]
    for row in taken:
        assert row.history.count() == 2
        assert AuditEvent.objects.filter(resource_id=str(row.pk)).count() == 2
    assert StatusChange.objects.count() == 8


def test_keys_lose_the_model_and_regain_it(model, now):
    row = SubscriptionFactory.create(model=model)
    other = SubscriptionFactory.create(user=row.user)
    both, only = key_with(row, other.model_id, now=now), key_with(row, now=now)
    GatewayObject.objects.all().delete()
    switch(model, there=False, now=now)
    assert (opened_models(both), opened_models(only)) == ([other.model_id], [])
    assert set(GatewayObject.objects.dirty().values_list("object_id", flat=True)) == {both.pk, only.pk}
    switch(model, there=True, now=now)
    assert opened_models(both) == sorted([model.pk, other.model_id])
    assert opened_models(only) == [model.pk]


def test_a_subscription_that_waits_for_its_model_can_not_be_cancelled_but_deleted(model, operator, now):
    row = SubscriptionFactory.create(model=model)
    key = key_with(row, now=now)
    switch(model, there=False, now=now)
    with pytest.raises(errors.InvalidStateTransition):
        services.cancel_subscription(actor=row.user, subscription_id=row.pk, now=now)
    services.delete_subscription(actor=operator, subscription_id=row.pk, now=now)
    assert not ApiKeyModel.objects.filter(api_key=key).exists()
    switch(model, there=True, now=now)
    row.refresh_from_db()
    assert row.status == "inactive"


def test_a_restriction_that_came_meanwhile_holds_after_the_return(model, operator, now):
    row = SubscriptionFactory.create(model=model)
    switch(model, there=False, now=now)
    restrict_model(actor=operator, model_id=model.pk, restricted=True, now=now)
    switch(model, there=True, now=now)
    row.refresh_from_db()
    assert row.status == "pending"


def test_a_model_that_was_opened_meanwhile_comes_back_open(model, operator, now):
    restrict_model(actor=operator, model_id=model.pk, restricted=True, now=now)
    row = SubscriptionFactory.create(model=model, status="pending")
    switch(model, there=False, now=now)
    restrict_model(actor=operator, model_id=model.pk, restricted=False, now=now)
    switch(model, there=True, now=now)
    row.refresh_from_db()
    assert row.status == "active"


def test_suspending_is_no_way_around_an_approval(model, operator, now):
    row = SubscriptionFactory.create(model=model)
    services.suspend_subscription(actor=row.user, subscription_id=row.pk, now=now)
    restrict_model(actor=operator, model_id=model.pk, restricted=True, now=now)
    back = services.resume_subscription(actor=row.user, subscription_id=row.pk, now=now)
    assert back.status == "pending"


def test_what_was_approved_stays_approved_over_a_suspension(model, operator, now):
    restrict_model(actor=operator, model_id=model.pk, restricted=True, now=now)
    row = SubscriptionFactory.create(model=model, status="pending")
    services.approve_subscription(actor=operator, subscription_id=row.pk, now=now)
    services.suspend_subscription(actor=row.user, subscription_id=row.pk, now=now)
    assert services.resume_subscription(actor=row.user, subscription_id=row.pk, now=now).status == "active"


def test_restricting_takes_the_model_from_keys_and_opening_gives_it_back(model, operator, now):
    row = SubscriptionFactory.create(model=model)
    key = key_with(row, now=now)
    GatewayObject.objects.all().delete()
    restrict_model(actor=operator, model_id=model.pk, restricted=True, now=now)
    assert opened_models(key) == []
    assert GatewayObject.objects.dirty().get().object_id == key.pk
    restrict_model(actor=operator, model_id=model.pk, restricted=False, now=now)
    assert opened_models(key) == [model.pk]
    assert row.history.count() == AuditEvent.objects.filter(resource_id=str(row.pk)).count() == 2


@pytest.mark.parametrize("change", ["vanish", "restrict", "expire"])
def test_many_subscriptions_cost_no_more_statements_than_one(change, model, operator, now):
    def statements():
        with CaptureQueriesContext(connection) as found:
            if change == "vanish":
                switch(model, there=False, now=now)
            elif change == "restrict":
                restrict_model(actor=operator, model_id=model.pk, restricted=True, now=now)
            else:
                services.expire_subscriptions(now=now + timedelta(days=1))
        return len(found)

    end = now + timedelta(hours=1)
    SubscriptionFactory(model=model, expires_at=end)
    one = statements()
    switch(model, there=True, now=now)
    restrict_model(actor=operator, model_id=model.pk, restricted=False, now=now)
    Subscription.objects.update(status="active", resumes_as="")
    SubscriptionFactory.create_batch(60, model=model, expires_at=end)
    assert statements() == one


@pytest.mark.django_db(transaction=True)
def test_two_workers_expire_each_subscription_once(now):
    SubscriptionFactory.create_batch(30, expires_at=now)
    ended = in_parallel(2, lambda: services.expire_subscriptions(now=now))
    assert sum(ended) == 30
    assert StatusChange.objects.count() == AuditEvent.objects.count() == 30
