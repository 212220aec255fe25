"""Fifty at once: the database decides, everybody gets a clean answer."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from apikeys.models import ApiKey
from subscriptions.models import StatusChange, Subscription
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def fifty(act):
    def once(number):
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(once, range(50)))


def test_fifty_subscribes_make_one_row():
    user, _model = UserFactory(), ModelFactory(id="m")
    answers = fifty(lambda _n: ApiClient(user).post("subscriptions", {"modelId": "m"}).status_code)
    assert Counter(answers) == {201: 1, 409: 49}
    assert Subscription.objects.count() == StatusChange.objects.count() == 1


def test_fifty_new_keys_stop_at_the_limit(settings):
    settings.MAX_ACTIVE_KEYS_PER_USER = 10
    user = UserFactory()
    SubscriptionFactory(user=user, model=ModelFactory(id="m"))
    answers = fifty(lambda _n: ApiClient(user).post("api-keys", {"modelIds": ["m"]}))
    assert Counter(a.status_code for a in answers) == {201: 10, 400: 40}
    assert {a.json()["code"] for a in answers if a.status_code == 400} == {"KEY_LIMIT_REACHED"}
    assert ApiKey.objects.count() == 10


def test_fifty_repetitions_of_one_request_get_one_key():
    user = UserFactory()
    SubscriptionFactory(user=user, model=ModelFactory(id="m"))
    headers = {"Idempotency-Key": "once"}
    answers = fifty(lambda _n: ApiClient(user).post("api-keys", {"modelIds": ["m"]}, **headers))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["key"] for a in answers}) == 1
    assert ApiKey.objects.count() == 1


def test_of_two_who_present_one_refresh_token_at_most_one_goes_on():
    from django.utils import timezone

    from accounts.tokens import issue_tokens

    raw = issue_tokens(UserFactory.create(), signed_in_at=timezone.now())["refresh_token"]
    with ThreadPoolExecutor(8) as pool:

        def once(_n):
            try:
                return ApiClient().post("/api/auth/refresh", {"refresh_token": raw}).status_code
            finally:
                connections.close_all()

        assert Counter(pool.map(once, range(8)))[200] <= 1
