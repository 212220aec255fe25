"""How many database statements each read makes: as recorded, never more than twelve, and the same for 1 row and for 50.

What is recorded is the measure: a number that changes is looked at, and recorded anew when it is meant:

    RECORD=1 .venv/bin/pytest -p no:randomly tests/api/test_statements.py
"""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit, options
from accounts.automation import issue_automation_key
from accounts.tokens import issue_tokens
from catalog.models import SyncRun as ModelSyncRun
from jobs.models import Job
from litellm_sync.models import Finding, GatewayObject, SyncRun
from notifications.services import notify
from portal.models import Banner
from teams.models import Member
from teams.services.invitations import invite
from tests.api.test_api_keys import make_key
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory
from tests.permission_world import methods_of, routes, undone
from tests.usage.conftest import log_row
from usage.ledger import write_rows
from usage.models import Webhook

pytestmark = pytest.mark.django_db
RECORDED = Path(__file__).with_name("statements.json")
MOST = 12
# Without what they must be asked with they only refuse.
ASKED_WITH = {
    "/api/v1/usage/query": "?groupBy=model&startDate={before}&endDate={today}",
    "/api/v1/usage/summary": "?startDate={before}&endDate={today}",
    "/api/v1/usage/timeseries": "?startDate={before}&endDate={today}",
    "/api/v1/usage/filter-options": "?startDate={before}&endDate={today}",
    "/api/v1/admin/usage/filter-options": "?startDate={before}&endDate={today}",
    "/api/v1/admin/api-keys": "?userIds={user_id}",
}


def grow(world, numbers):
    """More of everything, and all of it visible to the administrator who asks, as theirs or as others'."""
    now = timezone.now()
    admin, owner = world.people["admin"], world.people["owner"]
    run = SyncRun.objects.create(started_at=now, finished_at=now, state="completed")
    calls = []
    for n in numbers:
        user, model = UserFactory.create(username=f"grown-{n}"), ModelFactory.create(id=f"grown/{n}")
        team = TeamFactory.create(name=f"Grown {n}")
        for who in (admin, owner):
            Member.objects.create(team=team, user=who, role="admin", joined_at=now)
            SubscriptionFactory.create(user=who, model=model)
            key = make_key(who, model, team=team if n % 2 else None)
            wish = {"kind": "key", "object_id": key.pk, "dirty_since": now, "not_before": now}
            GatewayObject.objects.create(**wish)
            calls.append(
                log_row(
                    n,
                    request_id=f"{who.pk}-{n}",
                    api_key=key.current_secret.token_hash,
                    model_group=model.pk,
                    at=now,
                )
            )
            with transaction.atomic():
                notify(user_ids=[who.pk], kind="test", title="Hello", now=now)
            Job.objects.create(kind="test", created_by=who, created_at=now)
            issue_tokens(who, signed_in_at=now)
            audit.record("TEST", actor=who, obj=user, at=now)
        SubscriptionFactory.create(user=user, model=model, status="pending")
        Member.objects.create(team_id=world.places["team_id"], user=user, role="member", joined_at=now)
        invite(actor=admin, team_id=world.places["team_id"], email=f"grown{n}@example.com", now=now)
        invite(actor=owner, team_id=team.pk, user_id=user.pk, now=now)
        Banner.objects.create(
            name=f"{n}", content={"en": "Hi"}, is_active=True, created_at=now, updated_at=now
        )
        Webhook.objects.create(url=f"https://hooks.example/{n}", sealed_secret=b"x", created_at=now)
        ModelSyncRun.objects.create(started_at=now, finished_at=now, state="succeeded")
        found = {"kind": "key", "gateway_id": f"x{n}", "verdict": "unknown", "found_at": now, "seen_at": now}
        Finding.objects.create(**found, run=run)
        issue_automation_key(
            actor=admin, name=f"grown {n}", scopes=["users:read"], expires_at=now + timedelta(days=1), now=now
        )
    write_rows(calls, now=now)


def addresses(world):
    """Every read of the API with its places filled in."""
    today = timezone.now().date()
    dates = {"today": today, "before": today - timedelta(days=6), "place": "login-logo"}
    for path, pattern in routes():
        if "GET" in (methods_of(pattern) or ()) and pattern.name != "docs":
            yield path, (path + ASKED_WITH.get(path, "")).format_map(world.places | dates)


def counted(world):
    """Route → statements of the second of two requests: the first one fills what a process keeps."""
    found = {}
    client = world._api["admin"]
    for path, address in addresses(world):
        statements = []

        def note(execute, sql, params, many, context, statements=statements):
            statements.append(sql)
            return execute(sql, params, many, context)

        for _ in range(2):
            statements.clear()
            with undone(), connection.execute_wrapper(note):
                answer = client.get(address)
                if answer.streaming:
                    b"".join(answer.streaming_content)
        assert answer.status_code not in {400, 500}, f"{address}: {answer.status_code} {answer.text}"

        found[path] = len(statements)
    return found


def test_reads_make_the_recorded_number_of_statements_however_many_rows_there_are(world, settings):
    settings.RATE_LIMITS = {}
    options.recent("currency")
    grow(world, range(1))
    one = counted(world)
    grow(world, range(1, 50))
    fifty = counted(world)
    grown = {path: (one[path], fifty[path]) for path in one if one[path] != fifty[path]}
    assert grown == {}, "statements for 1 and for 50 rows differ"
    if os.environ.get("RECORD"):
        RECORDED.write_text(json.dumps(fifty, indent=1, sort_keys=True) + "\n")
    recorded = json.loads(RECORDED.read_text())
    differ = {path: (recorded.get(path), fifty.get(path)) for path in recorded.keys() | fifty.keys()}
    assert {path: pair for path, pair in differ.items() if pair[0] != pair[1]} == {}, "recorded and now"
    assert {path: count for path, count in fifty.items() if count > MOST} == {}
