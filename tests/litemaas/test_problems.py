import json

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from redis.exceptions import ConnectionError as RedisAway
from rest_framework.exceptions import ValidationError

from litemaas import errors
from litemaas.api.problems import STATUS_OF_CODE, answer_for


def answer(error):
    response = answer_for(error, RequestFactory().get("/api/v1/models"))
    return response, json.loads(response.content)


def test_a_refusal_has_the_three_shapes_of_the_contract():
    response, body = answer(errors.NotFound())
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert (body["type"], body["title"], body["status"]) == ("/problems/not-found", "Not Found", 404)
    assert (body["code"], body["statusCode"]) == ("NOT_FOUND", 404)
    assert body["error"]["message"] == body["message"] == body["detail"]
    assert body["instance"] == "/api/v1/models"


def test_wrong_fields_are_named():
    _response, body = answer(errors.InvalidInput(fields={"name": "Give the key a name."}))
    assert body["details"]["field"] == "name"
    assert body["details"]["validation"] == [
        {"field": "name", "message": "Give the key a name.", "code": "invalid"}
    ]


def test_nested_serializer_errors_become_flat_entries():
    _response, body = answer(ValidationError({"items": [{}, {"name": ["This field is required."]}]}))
    assert body["details"]["validation"][0]["field"] == "items[1].name"
    assert body["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("outage", [OperationalError("server closed the connection"), RedisAway("refused")])
def test_a_part_that_is_away_is_a_503_that_may_be_tried_again(outage):
    response, body = answer(outage)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert body["error"]["retry"]["retryable"] is True
    assert "connection" not in body["message"]


def test_a_bug_is_not_dressed_up_as_a_refusal():
    assert answer_for(KeyError("x"), RequestFactory().get("/api/v1/models")) is None


def test_every_error_class_has_a_status():
    def classes(base):
        for sub in base.__subclasses__():
            yield sub
            yield from classes(sub)

    assert {cls.code for cls in classes(errors.DomainError)} <= set(STATUS_OF_CODE)
