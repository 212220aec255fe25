"""What a comparison finds, and what it must never take for a loss."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from litellm_sync import outbox, reconciler
from litellm_sync.models import Finding, GatewayObject, GatewaySpend, Sighted, SyncRun
from litellm_sync.registry import Policy
from tests.reconciler.conftest import KIND

pytestmark = pytest.mark.django_db


def test_nothing_is_found_where_both_agree(have, compare, found):
    have(max_budget=Decimal("0.1"))
    report = compare()
    assert (report["ours"], report["different"], report["missing"], report["unknown"]) == (1, 0, 0, 0)
    assert report["is_complete"]
    assert found() == []


def test_a_change_behind_our_back_is_found_with_both_values_and_repaired(
    have, compare, found, gateway_client, drain
):
    pk = have(max_budget=Decimal(5), rpm_limit=10)
    gateway_client.update_user(user_id=str(pk), max_budget=500)
    report = compare()
    assert (report["different"], report["repaired"]) == (1, 1)
    finding = Finding.objects.get()
    assert (finding.verdict, finding.object_id) == ("different", pk)
    assert finding.differences == [{"field": "max_budget", "portal": "5", "gateway": "500"}]
    assert drain() == 1
    assert gateway_client.get_user(str(pk))["max_budget"] == 5
    assert compare()["different"] == 0
    assert found() == []


def test_a_deletion_behind_our_back_is_found_and_repaired(have, compare, found, gateway_client, drain):
    pk = have()
    gateway_client.delete_user(str(pk))
    report = compare()
    assert (report["missing"], report["repaired"]) == (1, 1)
    assert found() == [("missing", str(pk))]
    drain()
    assert gateway_client.get_user(str(pk)) is not None
    assert compare()["missing"] == 0


def test_what_should_be_gone_is_found_and_repaired(have, portal, compare, gateway_client, drain):
    pk = have()
    portal.wanted[pk] = None
    assert compare()["different"] == 1
    assert Finding.objects.get().differences == [{"field": "exists", "portal": False, "gateway": True}]
    drain()
    assert gateway_client.get_user(str(pk)) is None
    assert compare()["different"] == 0


def test_a_stranger_is_reported_and_never_touched(portal, compare, found, gateway_client, drain):
    stranger = str(uuid4())
    gateway_client.create_user(user_id=stranger, user_alias="Stranger")
    assert compare(repair_all=True)["unknown"] == 1
    assert Finding.objects.get().label == "Stranger"
    assert drain() == 0
    assert gateway_client.get_user(stranger) is not None


def test_a_finding_keeps_its_age_and_its_repair_closes_it(have, compare, gateway_client, policy):
    policy(Policy.REPORT)
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    compare()
    first = Finding.objects.get()
    gateway_client.update_user(user_id=str(pk), max_budget=3)
    compare()
    second = Finding.objects.get()
    assert (second.pk, second.found_at) == (first.pk, first.found_at)
    assert second.seen_at > first.seen_at
    assert second.differences[0]["gateway"] == "3"
    gateway_client.update_user(user_id=str(pk), max_budget=1)
    compare()
    assert Finding.objects.get().resolved_at is not None
    gateway_client.update_user(user_id=str(pk), max_budget=4)
    compare()
    assert Finding.objects.get().found_at > first.found_at


def test_a_policy_of_reporting_repairs_nothing_unless_told(have, compare, gateway_client, policy, drain):
    policy(Policy.REPORT)
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    assert (compare()["different"], drain()) == (1, 0)
    assert (compare(repair_all=True)["repaired"], drain()) == (1, 1)


def test_a_policy_of_adopting_takes_the_gateways_values(have, portal, compare, gateway_client, policy, drain):
    policy(Policy.ADOPT)
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    report = compare()
    assert (report["adopted"], report["repaired"], drain()) == (1, 0, 0)
    assert portal.wanted[pk] == {"max_budget": 2}
    assert compare()["different"] == 0


def test_what_can_not_be_adopted_is_repaired(have, portal, compare, gateway_client, policy, drain):
    from litemaas.errors import Conflict

    policy(Policy.ADOPT)
    pk = have(max_budget=1)
    portal.adopting_fails = Conflict("No.")
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    report = compare()
    assert (report["adopted"], report["repaired"]) == (0, 1)


def test_a_dry_run_tells_and_leaves_everything(have, compare, gateway_client, drain, last_run):
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    report = compare(dry_run=True)
    assert report["examples"][0]["differences"][0]["field"] == "max_budget"
    assert (Finding.objects.count(), GatewaySpend.objects.count(), drain()) == (0, 0, 0)
    assert last_run().is_dry_run


def test_many_pages_are_read_and_nothing_is_kept_of_the_reading(have, compare, gateway_client, monkeypatch):
    monkeypatch.setattr("litellm_sync.listing.PAGE", 2)
    for _ in range(5):
        have()
    report = compare()
    assert (report["there"], report["ours"], report["missing"]) == (6, 5, 0)
    assert not Sighted.objects.exists()


@pytest.mark.parametrize("fault", ["status", "garbage", "reset"])
def test_a_list_that_breaks_off_is_no_loss(have, compare, found, gateway, monkeypatch, fault, last_run):
    monkeypatch.setattr("litellm_sync.listing.PAGE", 2)
    pks = [have() for _ in range(5)]
    calls = iter(range(100))
    real = type(gateway.faults).hit

    def later_pages(self, method, path):
        if path == "/user/list" and next(calls) >= 1:
            gateway.faults.add(fault, "/user/list")
        return real(self, method, path)

    monkeypatch.setattr(type(gateway.faults), "hit", later_pages)
    report = compare()
    assert not report["is_complete"]
    assert report["error"]
    assert (report["missing"], found()) == (0, [])
    assert last_run().state == SyncRun.State.INCOMPLETE
    assert len(pks) == 5


@pytest.mark.parametrize("claimed", [0, 3])
def test_a_list_that_shows_less_than_there_is_is_no_loss(have, compare, found, monkeypatch, claimed):
    """An empty page, whatever it says about how many there are, is not believed against the objects themselves."""
    from litellm_sync.client import GatewayClient, ListPage

    for _ in range(3):
        have()
    monkeypatch.setattr(GatewayClient, "list_users", lambda *_a, **_k: ListPage([], claimed, 1, 1))
    report = compare()
    assert (report["missing"], report["repaired"], found()) == (0, 0, [])


def test_a_lying_list_of_many_is_found_out_by_a_sample(have, compare, found, monkeypatch):
    from litellm_sync.client import GatewayClient, ListPage

    monkeypatch.setattr(reconciler, "ASKED_AGAIN", 2)
    for _ in range(4):
        have()
    monkeypatch.setattr(GatewayClient, "list_users", lambda *_a, **_k: ListPage([], 0, 1, 1))
    report = compare()
    assert not report["is_complete"]
    assert "leaves out" in report["error"]
    assert found() == []


def test_a_gateway_that_lost_everything_is_filled_again(have, compare, gateway, gateway_client, drain):
    pks = [have() for _ in range(4)]
    gateway.reset()
    assert compare()["repaired"] == 4
    assert drain() == 4
    assert all(gateway_client.get_user(str(pk)) for pk in pks)


def test_an_old_finding_survives_an_incomplete_reading(have, compare, gateway, gateway_client, policy):
    policy(Policy.REPORT)
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    compare()
    gateway.faults.add("status", "/user/list")
    assert not compare()["is_complete"]
    assert Finding.objects.get().is_open


def test_what_is_being_changed_right_now_is_left_alone(have, portal, compare, gateway_client, found):
    pk = have(max_budget=1)
    portal.wanted[pk] = {"max_budget": 2}
    with transaction.atomic():
        outbox.mark_dirty(KIND, pk, now=timezone.now(), hurried=False)
    assert (compare()["different"], found()) == (0, [])


def test_what_was_applied_while_the_page_was_read_is_left_alone(
    have, portal, compare, found, monkeypatch, drain
):
    pk = have(max_budget=1)
    real = portal.wishes

    def meanwhile(gateway_ids):
        portal.wanted[pk] = {"max_budget": 2}
        with transaction.atomic():
            outbox.mark_dirty(KIND, pk, now=timezone.now(), hurried=False)
        drain()
        return real(gateway_ids)

    monkeypatch.setattr(portal, "wishes", meanwhile)
    mirror = reconciler.registry.mirror_of(KIND)
    monkeypatch.setitem(
        reconciler.registry._mirrors, KIND, type(mirror)(wishes=meanwhile, expected=mirror.expected)
    )
    assert (compare()["different"], found()) == (0, [])


def test_what_was_made_after_its_page_was_read_is_not_missing(
    have, portal, compare, found, monkeypatch, drain
):
    have()
    real = portal.expected

    def meanwhile():
        pk = uuid4()
        portal.wanted[pk] = {"max_budget": 1}
        with transaction.atomic():
            outbox.mark_dirty(KIND, pk, now=timezone.now(), hurried=False)
        drain()
        yield from real()

    mirror = reconciler.registry.mirror_of(KIND)
    monkeypatch.setitem(
        reconciler.registry._mirrors, KIND, type(mirror)(wishes=mirror.wishes, expected=meanwhile)
    )
    assert (compare()["missing"], found()) == (0, [])


def test_a_dropped_object_is_reported_and_repaired_on_demand_only(have, compare, gateway_client, drain):
    pk = have(max_budget=1)
    gateway_client.update_user(user_id=str(pk), max_budget=2)
    now = timezone.now()
    GatewayObject.objects.update(requested=2, parked_at=now, dropped_at=now)
    assert (compare()["different"], drain()) == (1, 0)
    assert (compare(repair_all=True)["repaired"], drain()) == (1, 1)


def test_spend_is_kept_on_the_way(have, compare, gateway_client):
    pk = have(max_budget=5, budget_duration="30d")
    gateway_client.update_user(user_id=str(pk), spend=3)
    compare()
    row = GatewaySpend.objects.get()
    assert (row.object_id, row.spend) == (pk, 3)
    assert row.budget_reset_at > timezone.now()
    assert timezone.now() - row.as_of < timedelta(minutes=1)


def test_there_is_one_comparison_at_a_time(portal, compare):
    import threading

    from litemaas.locks import advisory_lock

    held, done = threading.Event(), threading.Event()

    def hold():
        from django.db import connection

        with advisory_lock("reconcile the gateway"):
            held.set()
            done.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    with pytest.raises(reconciler.SyncRunning):
        compare()
    done.set()
    holder.join()
    assert compare()["is_complete"]


def test_a_killed_run_is_not_running_for_ever(portal, compare):
    dead = SyncRun.objects.create(started_at=timezone.now())
    Sighted.objects.create(run=dead, kind=KIND, gateway_id="x")
    compare()
    dead.refresh_from_db()
    assert (dead.state, Sighted.objects.count()) == ("failed", 0)


def test_a_bug_of_ours_ends_the_run_and_shows(portal, compare, monkeypatch, last_run):
    def stumble(_ids):
        raise ZeroDivisionError

    mirror = reconciler.registry.mirror_of(KIND)
    monkeypatch.setitem(
        reconciler.registry._mirrors, KIND, type(mirror)(wishes=stumble, expected=mirror.expected)
    )
    with pytest.raises(ZeroDivisionError):
        compare()
    assert last_run().state == SyncRun.State.FAILED


def test_secrets_never_reach_a_finding(have, portal, compare, gateway_client, policy):
    policy(Policy.REPORT)
    pk = have(metadata={"note": "x"})
    gateway_client.update_user(
        user_id=str(pk), metadata={"api_key": "sk-somebody-pasted-it", "n": "sk-another-0123456"}
    )
    compare()
    text = str(Finding.objects.get().differences)
    assert "sk-" not in text
