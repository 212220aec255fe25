"""If-Match: a change of what one has not seen is refused. dryRun: the answer of the real run, and nothing is left."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from accounts.models import AuditEvent
from litellm_sync.models import GatewayObject
from subscriptions.models import Subscription
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

SETTINGS = "admin/settings/portal"


@pytest.mark.django_db
def test_what_was_seen_may_be_changed_and_what_was_not_may_not(admin):
    seen = admin.get(SETTINGS)["ETag"]
    assert admin.put(SETTINGS, {"syncSafetyPercent": 30}, **{"If-Match": seen}).status_code == 200
    answer = admin.put(SETTINGS, {"syncSafetyPercent": 40}, **{"If-Match": seen})
    assert (answer.status_code, answer.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert admin.get(SETTINGS).json()["syncSafetyPercent"] == 30
    assert admin.put(SETTINGS, {"syncSafetyPercent": 50}, **{"If-Match": "*"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_ten_who_saw_the_same_one_wins():
    user = UserFactory(is_operator=True)
    seen = ApiClient(user).get(SETTINGS)["ETag"]

    def change(number):
        try:
            body = {"syncSafetyPercent": 30 + number}
            return ApiClient(user).put(SETTINGS, body, **{"If-Match": seen}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(change, range(10))) == [200] + [412] * 9


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_answers_as_the_real_one_would_and_leaves_nothing(admin):
    pending = SubscriptionFactory(
        status=Subscription.Status.PENDING, model=ModelFactory(restricted_access=True)
    )
    active = SubscriptionFactory()
    body = {"subscriptionIds": [str(pending.pk), str(active.pk)]}
    dry = admin.post("admin/subscriptions/approve?dryRun=true", body).json()
    assert (dry["successful"], dry["failed"], dry["dryRun"]) == (1, 1, True)
    assert dry["affected"]["subscriptions"] == 1
    assert {"type": "subscriptions", "id": str(pending.pk)}.items() <= dry["affected"]["samples"][-1].items()
    pending.refresh_from_db()
    assert pending.status == "pending"
    assert not AuditEvent.objects.filter(action="SUBSCRIPTION_APPROVED").exists()
    assert not GatewayObject.objects.exists()
    real = admin.post("admin/subscriptions/approve", body).json()
    assert {name: dry[name] for name in real} == real


@pytest.mark.django_db
def test_where_there_is_no_dry_run_nothing_happens_instead(api):
    ModelFactory(id="m")
    answer = api.post("subscriptions?dryRun=true", {"modelId": "m"})
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "dryRun")
    assert not Subscription.objects.exists()
    assert api.post("subscriptions?dryRun=maybe", {"modelId": "m"}).status_code == 400
    assert api.post("subscriptions?dryRun=false", {"modelId": "m"}).status_code == 201
