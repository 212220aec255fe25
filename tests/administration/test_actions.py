"""Django admin acts through the use cases, and only for whom they let."""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from apikeys.models import ApiKey
from apikeys.services import issue_api_key
from catalog.models import Deployment, Model, Price, SyncRun
from litellm_sync import outbox
from litellm_sync.models import GatewayObject
from subscriptions.models import Subscription
from teams.models import Member, Team
from tests.factories import ModelFactory, SubscriptionFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


@pytest.fixture
def keys(now):
    """A few keys with their history around them."""
    issued = []
    for _ in range(4):
        subscription = SubscriptionFactory.create()
        issued.append(
            issue_api_key(actor=subscription.user, model_ids=[subscription.model_id], now=timezone.now())
        )
        Deployment.objects.create(id=subscription.model_id, model=subscription.model, last_seen_at=now)
        Price.objects.create(model=subscription.model, valid_from=now)
        Member.objects.create(team=TeamFactory.create(), user=subscription.user)
    SyncRun.objects.create(started_at=now)
    return issued


def list_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def row_url(model, pk):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


def test_an_ordinary_user_does_not_get_in(client):
    client.force_login(UserFactory.create())
    assert client.get(list_url(Model), follow=True).status_code == 403


def test_the_sign_in_leads_on_to_what_was_wanted(client, operator):
    wanted = list_url(Team)
    sent = client.get(wanted, follow=True).redirect_chain[-1][0]
    assert sent == f"{reverse('account_login')}?next={wanted}"
    client.force_login(operator)
    assert client.get(sent, follow=True).redirect_chain[-1][0] == wanted


def test_the_sign_in_leads_to_no_other_site(client, operator):
    client.force_login(operator)
    answer = client.get(reverse("admin:login"), {"next": "https://elsewhere.example/"})
    assert answer["Location"] == reverse("admin:index")


def test_an_auditor_has_no_actions_and_changes_nothing(client):
    client.force_login(UserFactory.create(is_auditor=True))
    row = SubscriptionFactory.create(status="pending")
    page = client.get(list_url(Subscription))
    assert 'name="action"' not in page.text
    client.post(list_url(Subscription), {"action": "approve", "_selected_action": [str(row.pk)]})
    row.refresh_from_db()
    assert row.status == "pending"
    assert client.post(reverse("admin:catalog_syncrun_now")).status_code == 403
    team = TeamFactory.create()
    assert client.post(row_url(type(team), team.pk), {"name": "mine"}).status_code == 403


def act(client, model, action, row, **more):
    """Ask for an action; `confirmed` on its page, if it has one."""
    body = {"action": action, "_selected_action": [str(row.pk)], **more}
    return client.post(list_url(model), body, follow=True)


YES = {"confirmed": "yes"}


@pytest.mark.django_db(transaction=True)
class TestActions:
    def test_a_request_is_approved(self, client, operator):
        client.force_login(operator)
        row = SubscriptionFactory.create(status="pending")
        assert "Done for 1 row" in act(client, Subscription, "approve", row).text
        row.refresh_from_db()
        assert (row.status, row.status_changed_by) == ("active", operator)

    def test_a_denial_asks_for_its_reason_first(self, client, operator):
        client.force_login(operator)
        row = SubscriptionFactory.create(status="pending")
        assert 'name="reason"' in act(client, Subscription, "deny", row).text
        row.refresh_from_db()
        assert row.status == "pending"
        assert "This field is required" in act(client, Subscription, "deny", row, **YES, reason=" ").text
        act(client, Subscription, "deny", row, **YES, reason="Too dear.")
        row.refresh_from_db()
        assert (row.status, row.status_reason) == ("denied", "Too dear.")

    def test_a_refusal_is_told_and_is_no_error(self, client, operator):
        client.force_login(operator)
        row = SubscriptionFactory.create()
        assert "The status of this subscription is “Active”" in act(client, Subscription, "approve", row).text

    def test_keys_are_blocked_unblocked_and_revoked(self, client, operator, keys):
        client.force_login(operator)
        key = keys[0].key
        act(client, ApiKey, "block", key, **YES, reason="Leaked.")
        key.refresh_from_db()
        assert (key.is_blocked, key.blocked_reason) == (True, "Leaked.")
        act(client, ApiKey, "unblock", key)
        asked = act(client, ApiKey, "revoke", key)
        assert str(key) in asked.text
        act(client, ApiKey, "revoke", key, **YES, reason="Leaked.")
        key.refresh_from_db()
        assert (key.is_blocked, key.is_revoked, key.current_secret.sealed) == (False, True, None)

    def test_models_are_restricted_and_opened(self, client, operator):
        client.force_login(operator)
        model = ModelFactory.create()
        act(client, Model, "restrict", model, **YES)
        model.refresh_from_db()
        assert model.restricted_access
        act(client, Model, "open_to_all", model, **YES)
        model.refresh_from_db()
        assert not model.restricted_access

    def test_people_are_deactivated_but_not_the_last_administrator(self, client, operator):
        client.force_login(operator)
        user = UserFactory.create()
        act(client, type(user), "deactivate", user, **YES, reason="Left.")
        user.refresh_from_db()
        assert not user.is_active
        refused = act(client, type(user), "deactivate", operator, **YES, reason="Left.")
        assert "last active administrator" in refused.text

    def test_somebodys_sessions_are_ended(self, client, operator):
        client.force_login(operator)
        user = UserFactory.create()
        act(client, type(user), "end_sessions", user, **YES)
        assert AuditEvent.objects.filter(action="SESSIONS_REVOKE", actor=operator).count() == 1

    def test_a_subscription_is_suspended_and_resumed_and_cancelled(self, client, operator):
        client.force_login(operator)
        row = SubscriptionFactory.create()
        for action, status in (("suspend", "suspended"), ("resume", "active"), ("cancel", "inactive")):
            act(client, Subscription, action, row, **YES, reason="Because.")
            row.refresh_from_db()
            assert row.status == status

    def test_more_rows_than_one_waits_for_are_refused(self, client, operator, monkeypatch):
        monkeypatch.setattr("litemaas.administration.acting.MOST_ROWS", 1)
        client.force_login(operator)
        rows = [SubscriptionFactory.create(status="pending") for _ in range(2)]
        body = {"action": "approve", "_selected_action": [str(row.pk) for row in rows], "select_across": "1"}
        assert "at most 1 row" in client.post(list_url(Subscription), body, follow=True).text
        assert set(Subscription.objects.values_list("status", flat=True)) == {"pending"}

    def test_parked_objects_are_retried(self, client, operator):
        client.force_login(operator)
        with transaction.atomic():
            outbox.mark_dirty("user", operator.pk, now=timezone.now())
        row = GatewayObject.objects.get()
        GatewayObject.objects.update(parked_at=timezone.now())
        act(client, GatewayObject, "retry", row)
        row.refresh_from_db()
        assert row.parked_at is None

    def test_a_sync_that_fails_is_told(self, client, operator):
        client.force_login(operator)
        page = client.post(reverse("admin:catalog_syncrun_now"), follow=True)
        assert "gateway" in page.text
        assert SyncRun.objects.get().state == "failed"
