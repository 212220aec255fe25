import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext


def away(*_statement):
    raise OperationalError("the database is away")


@pytest.mark.parametrize("path", ["config", "config/admin-analytics", "config/api-key-defaults", ""])
def test_configuration_needs_neither_credential_nor_database(anonymous, db, path):
    with connection.execute_wrapper(away):
        assert anonymous.get(path).status_code == 200


def test_configuration_asks_the_database_once_in_a_while_at_most(anonymous, db):
    anonymous.get("config")
    with CaptureQueriesContext(connection) as statements:
        assert anonymous.get("config").status_code == 200
    assert len(statements) == 0


def test_configuration_names_the_gateway_that_browsers_reach(anonymous, db, settings):
    settings.LITELLM_PUBLIC_URL = "https://llm.example.com"
    assert anonymous.get("config").json()["litellmApiUrl"] == "https://llm.example.com"


def test_both_objects_of_the_key_defaults_are_there(anonymous, db):
    assert anonymous.get("config/api-key-defaults").json().keys() == {"defaults", "maximums"}


@pytest.mark.parametrize("prefix", ["", "/"])
def test_liveness_and_readiness(anonymous, db, prefix):
    assert anonymous.get(f"{prefix}health/live").json() == {"alive": True}
    assert anonymous.get(f"{prefix}health/ready").json() == {"ready": True}


def test_readiness_fails_without_the_cache(anonymous, db, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
            "OPTIONS": {"socket_connect_timeout": 0.5},
        }
    }
    answer = anonymous.get("health/ready")
    assert (answer.status_code, answer.json()) == (503, {"ready": False})


def test_health_names_the_part_that_is_away_and_tells_operators_more(anonymous, api, auditor):
    answer = anonymous.get("health")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "healthy",
        "litellm": "unhealthy",
        "auth": "healthy",
        "redis": "healthy",
    }
    assert "details" not in answer.json()
    assert "details" not in api.get("health").json()
    assert "pendingGatewayObjects" in auditor.get("health").json()["details"]
