"""Operators decide about failed wishes and findings; readers only look."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from litellm_sync import outbox, registry
from litellm_sync.findings import NotAdoptable, NotIgnorable
from litellm_sync.models import Finding, GatewayObject
from litellm_sync.registry import Mirror
from litemaas.errors import Forbidden
from notifications.models import Notification
from portal.sync import operations, telling
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return UserFactory(is_operator=True)


@pytest.fixture
def refused():
    with transaction.atomic():
        outbox.mark_dirty("user", uuid4(), now=timezone.now(), hurried=False)
    GatewayObject.objects.update(parked_at=timezone.now(), last_error="no such budget")
    return GatewayObject.objects.get()


def finding(**parts):
    facts = {"kind": "user", "gateway_id": str(uuid4()), "verdict": "unknown", "found_at": timezone.now()}
    return Finding.objects.create(**{**facts, **parts}, seen_at=timezone.now())


def actions():
    return list(AuditEvent.objects.values_list("action", flat=True))


def test_a_refused_wish_is_tried_again_and_that_is_recorded(operator, refused, now):
    assert operations.retry_wishes(actor=operator, ids=[refused.pk], now=now) == 1
    refused.refresh_from_db()
    assert refused.parked_at is None
    assert actions() == ["GATEWAY_WISH_RETRY"]


def test_a_refused_wish_is_given_up_and_that_is_recorded(operator, refused, now):
    assert operations.drop_wishes(actor=operator, ids=[refused.pk], now=now) == 1
    refused.refresh_from_db()
    assert refused.dropped_at == now
    assert actions() == ["GATEWAY_WISH_DROP"]


def test_what_is_ours_is_repaired(operator, now):
    ours, stranger = finding(verdict="missing", object_id=uuid4()), finding()
    assert operations.repair_findings(actor=operator, ids=[ours.pk, stranger.pk], now=now) == 1
    assert GatewayObject.objects.get().object_id == ours.object_id
    ours.refresh_from_db()
    assert ours.repair_asked_at == now
    assert actions() == ["GATEWAY_DRIFT_REPAIR"]


def test_a_stranger_is_ignored_until_a_day(operator, now):
    row = finding()
    operations.ignore_finding(actor=operator, finding_id=row.pk, until=now + timedelta(days=1), now=now)
    assert not Finding.objects.shown(now).exists()
    assert Finding.objects.shown(now + timedelta(days=2)).exists()


def test_what_is_ours_is_not_ignored(operator, now):
    row = finding(verdict="missing", object_id=uuid4())
    with pytest.raises(NotIgnorable):
        operations.ignore_finding(actor=operator, finding_id=row.pk, until=now, now=now)


def test_a_stranger_is_adopted_as_it_is_now(operator, now, gateway_client, monkeypatch):
    taken = []
    mirror = Mirror(
        wishes=lambda _ids: {},
        expected=lambda: iter(()),
        adopt=lambda seen, *_: taken.append(seen) or uuid4(),
    )
    monkeypatch.setitem(registry._mirrors, "user", mirror)
    row = finding()
    gateway_client.create_user(user_id=row.gateway_id, max_budget=7)
    operations.adopt_finding(actor=operator, finding_id=row.pk, now=now)
    assert taken[0].row["max_budget"] == 7
    row.refresh_from_db()
    assert row.resolved_at == now
    assert actions() == ["GATEWAY_DRIFT_ADOPT"]


def test_what_is_gone_can_not_be_adopted(operator, now, gateway):
    with pytest.raises(NotAdoptable, match="any more"):
        operations.adopt_finding(actor=operator, finding_id=finding().pk, now=now)


@pytest.mark.parametrize("act", [operations.retry_wishes, operations.drop_wishes, operations.repair_findings])
def test_readers_change_nothing(act, now):
    with pytest.raises(Forbidden):
        act(actor=UserFactory(is_auditor=True), ids=[1], now=now)


class TestAdminPages:
    def post(self, client, model, action, row):
        url = reverse(f"admin:litellm_sync_{model}_changelist")
        return client.post(
            url, {"action": action, "_selected_action": [str(row.pk)], "confirmed": "yes"}, follow=True
        )

    def test_every_decision_is_offered(self, client, operator, refused, gateway):
        client.force_login(operator)
        assert "1 given up" in self.post(client, "gatewayobject", "drop", refused).text
        assert "1 put back" in self.post(client, "gatewayobject", "retry", refused).text
        assert "Done for 1 row" in self.post(client, "finding", "ignore", finding()).text
        ours = finding(verdict="missing", object_id=uuid4())
        assert "1 is being repaired" in self.post(client, "finding", "repair", ours).text
        assert "any more" in self.post(client, "finding", "adopt", ours).text

    def test_readers_are_offered_none(self, client, refused):
        client.force_login(UserFactory(is_auditor=True))
        self.post(client, "gatewayobject", "drop", refused)
        refused.refresh_from_db()
        assert refused.dropped_at is None

    def test_lists_show_what_differs(self, client, operator):
        client.force_login(operator)
        differences = [{"field": "max_budget", "portal": "5", "gateway": "500"}]
        finding(verdict="different", object_id=uuid4(), differences=differences)
        for state in ("shown", "ignored", "resolved"):
            page = client.get(reverse("admin:litellm_sync_finding_changelist"), {"state": state})
            assert ("max_budget: 5 / 500" in page.text) == (state == "shown")
        for status in ("pending", "error", "dropped"):
            url = reverse("admin:litellm_sync_gatewayobject_changelist")
            assert client.get(url, {"status": status}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_operators_are_told_of_refusals_once_for_each_hour_that_has_some(operator, refused, now):
    person = UserFactory()
    for _turn in range(2):
        assert telling.tell_of_refusals(now=now)
    told = Notification.objects.get(kind="sync_problem")
    assert (told.user, told.body_text, told.link) == (operator, "no such budget", reverse("gateway_queue"))
    GatewayObject.objects.update(parked_at=refused.parked_at + timedelta(hours=1))
    telling.tell_of_refusals(now=now)
    assert Notification.objects.filter(user=operator).count() == 2
    assert not Notification.objects.filter(user=person).exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_is_told_while_the_gateway_refuses_nothing(operator, now):
    assert not telling.tell_of_refusals(now=now)
    assert not Notification.objects.exists()
