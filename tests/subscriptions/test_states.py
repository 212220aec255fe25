"""The table of steps, in the code and in the database."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import SYSTEM
from litemaas import errors
from subscriptions import services
from subscriptions.errors import WrongState
from subscriptions.models import StatusChange, Subscription
from subscriptions.states import STEPS, Act, Who
from subscriptions.steps import require
from tests.factories import SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
STATUSES = Subscription.Status.values


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


def test_the_contract_lists_these_steps():
    of_people = {
        (old, new): {act.value for act, who in acts.items() if who is not Who.SYSTEM}
        for (old, new), acts in STEPS.items()
    }
    assert of_people[("pending", "active")] == {"approve", "grant"}
    assert of_people[("pending", "denied")] == {"deny"}
    assert of_people[("denied", "pending")] == {"request-review", "revert"}
    assert of_people[("denied", "active")] == {"revert", "grant"}
    assert of_people[("active", "denied")] == of_people[("active", "pending")] == {"revert"}
    assert of_people[("active", "expired")] == set()
    assert ("pending", "suspended") not in STEPS


def test_the_database_knows_the_same_steps():
    row = SubscriptionFactory.create()
    for old in ["", *STATUSES]:
        for new in STATUSES:
            step = StatusChange(subscription=row, old_status=old, new_status=new, changed_at=row.created_at)
            if (old, new) in STEPS:
                step.save()
            else:
                with pytest.raises(IntegrityError), transaction.atomic():
                    step.save()


@pytest.mark.parametrize(("old", "new"), [pair for pair in STEPS if pair[0]])
def test_each_step_is_taken_by_those_alone_whom_the_table_names(old, new, operator):
    row = SubscriptionFactory.create(status=old)
    stranger = UserFactory.create()
    for act, who in STEPS[old, new].items():
        allowed = {
            Who.OWNER: [row.user, operator, SYSTEM],
            Who.OWNER_ALONE: [row.user],
            Who.OPERATOR: [operator, SYSTEM],
            Who.SYSTEM: [SYSTEM],
        }[who]
        for actor in (row.user, operator, SYSTEM, stranger):
            if actor in allowed:
                require(row, new, act=act, actor=actor)
            else:
                with pytest.raises(errors.Forbidden):
                    require(row, new, act=act, actor=actor)


@pytest.mark.parametrize("act", list(Act))
def test_what_is_not_in_the_table_is_refused_to_everybody(act, operator):
    for old in STATUSES:
        row = SubscriptionFactory.create(status=old)
        for new in STATUSES:
            if act not in STEPS.get((old, new), {}):
                with pytest.raises(WrongState):
                    require(row, new, act=act, actor=SYSTEM)


def test_an_owner_suspends_and_resumes(now):
    row = SubscriptionFactory.create()
    held = services.suspend_subscription(actor=row.user, subscription_id=row.pk, reason="Holiday.", now=now)
    assert (held.status, held.suspended_by, held.status_reason) == ("suspended", "owner", "Holiday.")
    with pytest.raises(WrongState):
        services.suspend_subscription(actor=row.user, subscription_id=row.pk, now=now)
    back = services.resume_subscription(actor=row.user, subscription_id=row.pk, now=now)
    assert (back.status, back.suspended_by) == ("active", "")


def test_an_administrators_suspension_is_lifted_by_administrators_alone(now, operator):
    row = SubscriptionFactory.create()
    services.suspend_subscription(actor=operator, subscription_id=row.pk, now=now)
    with pytest.raises(errors.Forbidden, match="Only an administrator"):
        services.resume_subscription(actor=row.user, subscription_id=row.pk, now=now)
    assert services.resume_subscription(actor=operator, subscription_id=row.pk, now=now).status == "active"


def test_an_administrator_takes_over_a_suspension(now, operator):
    row = SubscriptionFactory.create()
    services.suspend_subscription(actor=row.user, subscription_id=row.pk, now=now)
    services.suspend_subscription(actor=operator, subscription_id=row.pk, reason="Abuse.", now=now)
    with pytest.raises(errors.Forbidden):
        services.resume_subscription(actor=row.user, subscription_id=row.pk, now=now)
    with pytest.raises(WrongState):
        services.suspend_subscription(actor=operator, subscription_id=row.pk, now=now)


def test_the_database_wants_an_author_for_each_suspension(now):
    row = SubscriptionFactory.create()
    for wrong in ({"status": "suspended"}, {"suspended_by": "owner"}, {"resumes_as": "active"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Subscription.objects.filter(pk=row.pk).update(**wrong)
