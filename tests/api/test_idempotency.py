"""The same Idempotency-Key again gives the first answer again, and does nothing more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from litemaas.api import idempotency
from litemaas.api.models import IdempotentRequest
from subscriptions.models import StatusChange, Subscription
from tests.api.conftest import ApiClient
from tests.factories import ModelFactory, UserFactory

ONCE = {"Idempotency-Key": "once"}


def subscribe(client, model="m", **headers):
    return client.post("subscriptions", {"modelId": model}, **{**ONCE, **headers})


@pytest.fixture
def model(db):
    return ModelFactory(id="m")


def test_a_repeated_request_gets_the_first_answer_and_says_so(api, model):
    first, second = subscribe(api), subscribe(api)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert (first.get("Idempotency-Replayed"), second["Idempotency-Replayed"]) == (None, "true")
    assert Subscription.objects.count() == StatusChange.objects.count() == 1


def test_a_refusal_is_repeated_as_well(api, model):
    first = subscribe(api, "no-such-model")
    ModelFactory(id="no-such-model")
    second = subscribe(api, "no-such-model")
    assert (first.status_code, second.status_code) == (404, 404)
    assert second["Content-Type"] == "application/problem+json"
    assert second["Idempotency-Replayed"] == "true"


def test_another_body_with_the_same_key_is_refused(api, model):
    ModelFactory(id="other")
    subscribe(api)
    answer = subscribe(api, "other")
    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert Subscription.objects.count() == 1


def test_keys_of_other_people_and_other_addresses_are_other_keys(api, stranger, model):
    assert subscribe(api).status_code == subscribe(stranger).status_code == 201
    subscription = Subscription.objects.get(user=api.user)
    assert api.post(f"subscriptions/{subscription.pk}/cancel", **ONCE).json()["status"] == "inactive"


def test_after_a_day_the_key_is_free_again(api, model):
    subscribe(api)
    assert idempotency.forget_old(now=timezone.now() + timedelta(hours=23)) == 0
    assert idempotency.forget_old(now=timezone.now() + timedelta(hours=25)) == 1
    assert subscribe(api).status_code == 409


def test_an_outage_is_not_remembered(api, model):
    from django.db import OperationalError, connection

    def away(execute, sql, *rest):
        if "subscriptions" in sql:
            raise OperationalError("away")
        return execute(sql, *rest)

    with connection.execute_wrapper(away):
        assert subscribe(api).status_code == 503
    assert subscribe(api).status_code == 201


def test_while_the_first_is_carried_out_the_second_is_asked_to_wait(api, model):
    IdempotentRequest.objects.all().delete()
    subscribe(api)
    IdempotentRequest.objects.update(status=None, body=None)
    answer = subscribe(api)
    assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_one_whose_process_died_is_carried_out_by_the_next(api, model):
    subscribe(api)
    Subscription.objects.all().delete()
    past = timezone.now() - timedelta(seconds=1)
    IdempotentRequest.objects.update(status=None, body=None, locked_until=past)
    assert subscribe(api).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 129, "smörgås", "a\tb"])
def test_a_key_that_is_none_is_named(api, model, key):
    answer = subscribe(api, **{"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["details"]["field"] == "Idempotency-Key"


def test_a_secret_is_kept_for_minutes_and_encrypted(api, settings):
    """What a view answers with no-store holds a credential."""
    from django.test import RequestFactory
    from rest_framework.parsers import JSONParser
    from rest_framework.request import Request

    from litemaas.api.views import secret

    def ask():
        bare = RequestFactory().post("/api/v1/x", data="{}", content_type="application/json")
        request = Request(bare, parsers=[JSONParser()])
        request.user = api.user
        return idempotency.once(request, "k", lambda: secret({"key": "sk-very-secret", "id": 1}), None)

    ask()
    row = IdempotentRequest.objects.get()
    assert b"sk-very-secret" not in bytes(row.body) + bytes(row.sealed_body)
    assert b"sk-very-secret" in ask().content
    IdempotentRequest.objects.update(sealed_until=timezone.now())
    assert ask().content == b'{"key":null,"id":1}'
    idempotency.forget_old(now=timezone.now())
    assert IdempotentRequest.objects.get().sealed_body is None


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_do_it_once():
    user = UserFactory()
    ModelFactory(id="m")

    def ask(_n):
        try:
            return subscribe(ApiClient(user)).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert Subscription.objects.count() == StatusChange.objects.count() == 1
