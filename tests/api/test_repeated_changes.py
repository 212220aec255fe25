"""Idempotency-Key, If-Match and dry runs at every address that knows them, as the OpenAPI document lists them.

What happens when fifty do it at once is in `test_races.py` and `test_conditions.py`; here it is that no address goes past
the one place that sees to it.
"""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEvent
from litellm_sync.models import GatewayObject
from litemaas.api.models import IdempotentRequest
from tests.api.test_abuse import operations
from tests.permission_world import undone

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "again"}
ANSWER = ("status", "body", "sealed_body", "sealed_until")
# After them the caller is a stranger.
END_THE_SESSION = {"POST /api/auth/token/rotate", "POST /api/auth/token/blacklist"}
# A comparison with the gateway is recorded as such, whether it repairs or not.
COMPARES = "POST /api/v1/integration/sync"


@pytest.fixture(autouse=True)
def _unlimited(settings):
    settings.RATE_LIMITS = {}


def that_know(name, *methods):
    return [
        (route, operation)
        for route, operation in operations(*methods)
        if name in {parameter["name"] for parameter in operation.get("parameters", ())}
        and route not in END_THE_SESSION
    ]


def send(world, route, operation, query="", **headers):
    method, _, path = route.partition(" ")
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    body = content.get("example", {}) if method != "GET" else None
    address = path.format_map({**world.places, "place": "login-logo"}) + query
    return world._api["admin"].generic(
        method, address, json.dumps(body) if body is not None else b"", "application/json", headers=headers
    )


def test_whoever_repeats_a_request_waits_for_the_first_one_and_gets_its_answer(world):
    """So of fifty at once one acts: whoever is second finds the first one's claim."""
    wrong, later = {}, timezone.now() + timedelta(minutes=1)
    known = that_know("Idempotency-Key", "post")
    for route, operation in known:
        with undone():
            first = send(world, route, operation, **KEY)
            # An outage is not kept. Keys for the gateway have a row of their own that holds the claim.
            kept = IdempotentRequest.objects.values(*ANSWER).first()
            if first.status_code < 500 and kept:
                IdempotentRequest.objects.update(**dict.fromkeys(ANSWER), locked_until=later)
                waits = send(world, route, operation, **KEY)
                if (waits.status_code, waits.json()["code"]) != (409, "IDEMPOTENCY_IN_PROGRESS"):
                    wrong[route] = f"{waits.status_code} while the first one is carried out"
                IdempotentRequest.objects.update(**kept)
            again = send(world, route, operation, **KEY)
            if first.status_code < 500 and again.status_code != first.status_code:
                wrong[route] = f"{first.status_code}, then {again.status_code}"
            elif again.content and again.json().get("id") != first.json().get("id"):
                wrong[route] = "another id"
    assert wrong == {}
    assert len(known) > 40


def test_whoever_only_asks_is_answered_anew(world):
    """Breakdowns have their page and order in the address, which the key says nothing of."""
    known = [
        one for one in operations("post") if "/by-" in one[0] or one[0].endswith(("analytics", "what-if"))
    ]
    with undone():
        for route, operation in known:
            send(world, route, operation, **KEY)
        assert not IdempotentRequest.objects.exists()
    assert len(known) > 8


def test_of_those_who_name_a_condition_one_comes_after_the_other_and_who_is_late_is_refused(world):
    wrong, held = {}, []

    def watching(execute, sql, *rest):
        if "pg_advisory_lock" in str(sql):
            held.append(sql)
        return execute(sql, *rest)

    known = that_know("If-Match", "put", "patch", "delete")
    for route, operation in known:
        held.clear()
        with undone(), connection.execute_wrapper(watching):
            answer = send(world, route, operation, **{"If-Match": 'W/"somebody-elses"'})
            if answer.status_code not in {403, 404, 412} or not held:
                wrong[route] = f"{answer.status_code}, {len(held)} locks"
    assert wrong == {}
    assert len(known) > 30


def test_a_dry_run_leaves_nothing_and_its_answer_stands_in_for_no_other(world):
    wrong = {}
    known = that_know("dryRun", "post", "put", "patch", "delete")
    for route, operation in known:
        with undone():
            dirty = GatewayObject.objects.order_by("pk").values_list("pk", "requested")
            events, marks = AuditEvent.objects.count(), list(dirty)
            answer = send(world, route, operation, "?dryRun=true", **KEY)
            if IdempotentRequest.objects.exists():
                wrong[route] = "its answer was kept"
            if (AuditEvent.objects.count() != events and route != COMPARES) or list(dirty.all()) != marks:
                wrong[route] = "something was changed"
            if answer.status_code < 300 and not answer.json().get("dryRun"):
                wrong[route] = "it does not say that it was one"
    assert wrong == {}
    assert len(known) > 10
