"""Taking personal data out of the record, over the API and on the page."""

import pytest
from django.utils import timezone

from accounts import audit
from accounts.audit import sealing, verifying
from accounts.models import AuditEvent
from tests.api.conftest import ApiClient
from tests.factories import UserFactory
from tests.portal.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin():
    return UserFactory.create(username="boss", is_operator=True)


@pytest.fixture
def event(admin):
    made = audit.record(
        "PROFILE_UPDATE", actor=admin, obj=admin, at=timezone.now(), metadata={"note": "born 1815"},
        old={"fullName": "Ada Byron"}, new={"fullName": "Ada Lovelace"},
    )  # fmt: skip
    sealing.seal_new_rows(timezone.now())
    return made


def test_fields_are_gone_the_chain_holds_and_the_act_is_in_the_record(admin, event):
    wish = {"fields": ["metadata", "oldValues"], "reason": "She asked for it."}
    answer = ApiClient(admin).post(f"admin/audit/{event.pk}/redact", wish)
    assert answer.status_code == 200, answer.text
    assert answer.json()["redactedFields"] == ["metadata", "oldValues"]
    event.refresh_from_db()
    assert (event.metadata, event.old_values, event.new_values) == ({}, None, {"fullName": "Ada Lovelace"})
    told = AuditEvent.objects.get(action="AUDIT_REDACT")
    assert (told.actor, told.metadata["reason"]) == (admin, "She asked for it.")
    sealing.seal_new_rows(timezone.now())
    report = verifying.verify()
    assert (report.is_sound, report.redacted) == (True, 1)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"fields": ["metadata"]}, "reason"),
        ({"fields": ["metadata"], "reason": " "}, "reason"),
        ({"fields": [], "reason": "x"}, "fields"),
        ({"fields": ["action"], "reason": "x"}, "fields"),
        ({"reason": "x"}, "fields"),
    ],
)
def test_what_is_wrong_is_named(admin, event, wish, field):
    answer = ApiClient(admin).post(f"admin/audit/{event.pk}/redact", wish)
    assert answer.status_code == 400
    assert answer.json()["details"]["validation"][0]["field"].partition("[")[0] == field


def test_nobody_but_administrators_may_and_what_is_not_there_is_not_found(admin, event):
    wish = {"fields": ["metadata"], "reason": "x"}
    auditor = ApiClient(UserFactory.create(is_auditor=True))
    assert auditor.post(f"admin/audit/{event.pk}/redact", wish).status_code == 403
    assert ApiClient(admin).post("admin/audit/999999999/redact", wish).status_code == 404
    assert (
        signed_in(UserFactory.create(is_auditor=True)).get(f"/operations/audit/{event.pk}/redact").status_code
        == 403
    )


def test_on_the_page_only_what_holds_something_can_be_chosen(admin, event):
    browser = signed_in(admin)
    page = f"/operations/audit/{event.pk}/redact"
    shown = browser.get(page)
    offered = {name for name, _label in shown.context["form"].fields["fields_to_empty"].choices}
    assert offered - {"ip_address"} == {"actor_name", "resource_id", "metadata", "old_values", "new_values"}
    assert browser.post(page, {"fields_to_empty": ["metadata"], "reason": ""}).status_code == 200
    assert browser.post(page, {"fields_to_empty": ["metadata"], "reason": "asked"}).status_code == 302
    again = browser.post(page, {"fields_to_empty": ["old_values"], "reason": "asked"})
    assert "was redacted before" in again.text


def test_django_admin_leads_there(admin, event):
    body = {"action": "redact", "_selected_action": [event.pk]}
    assert (
        signed_in(admin).post("/admin/accounts/auditevent/", body).url
        == f"/operations/audit/{event.pk}/redact"
    )
