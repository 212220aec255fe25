"""The same from a shell."""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from litellm_sync import outbox, tasks
from litellm_sync.models import Finding, GatewayObject, GatewaySpend, SyncRun

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_a_dry_run_tells_what_it_would_do(have, gateway_client, drain):
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    text = run("reconcile_gateway", "--dry-run")
    assert "1 different" in text
    assert "max_budget: '1' here, '2' there" in text.replace(" 1 here", " '1' here").replace(
        " 2 there", " '2' there"
    )
    assert drain() == 0


def test_a_repair_repairs(have, gateway_client, drain):
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    assert "1 repaired" in run("reconcile_gateway", "--repair", "--kind", "user")
    assert drain() == 1


def test_an_incomplete_comparison_is_a_failure_of_the_command(have, gateway):
    gateway.faults.add("status", "/user/list")
    with pytest.raises(CommandError, match="incomplete"):
        run("reconcile_gateway")


def test_the_queue_is_shown_with_its_age_and_refusals(portal):
    with transaction.atomic():
        outbox.mark_dirty("key", [uuid4(), uuid4()], now=timezone.now(), hurried=False)
    row = GatewayObject.objects.first()
    GatewayObject.objects.filter(pk=row.pk).update(parked_at=timezone.now(), last_error="no such budget")
    text = run("outbox_status")
    assert "waiting: 1 (1 key)" in text
    assert "refused for good: 1" in text
    assert f"key {row.object_id}: no such budget" in text


def test_the_hourly_comparison_is_not_doubled(have):
    have()
    assert tasks.reconcile_gateway()
    assert not tasks.reconcile_gateway()
    assert SyncRun.objects.count() == 1


def test_a_sweep_settles_what_it_repaired(have, gateway_client, monkeypatch, settings):
    settings.OUTBOX_THREADS = 1
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    tasks.reconcile_gateway()
    assert Finding.objects.get().is_open
    assert tasks.sweep() == 1
    assert not Finding.objects.get().is_open


def test_spend_is_read_between_comparisons(have, gateway_client):
    pk = have()
    gateway_client.update_user(user_id=str(pk), spend=3)
    assert tasks.poll_spend() == 1
    assert GatewaySpend.objects.get().spend == 3


def test_a_gateway_that_does_not_answer_keeps_the_old_figures(have, gateway_client, gateway):
    pk = have()
    gateway_client.update_user(user_id=str(pk), spend=3)
    tasks.poll_spend()
    gateway.faults.add("status", "/user/list")
    assert tasks.poll_spend() == 0
    assert GatewaySpend.objects.get().spend == 3


def test_settled_findings_are_forgotten_in_time(have):
    from datetime import timedelta

    old = timezone.now() - timedelta(days=91)
    Finding.objects.create(
        kind="user", gateway_id="x", verdict="unknown", found_at=old, seen_at=old, resolved_at=old
    )
    SyncRun.objects.create(started_at=old, finished_at=old, state="completed")
    assert tasks.forget_old_findings() == 2
