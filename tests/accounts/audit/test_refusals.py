"""Who asks for what they have no right to is in the record, once a minute."""

import pytest

from accounts.audit.models import AuditEvent
from tests.api.conftest import ApiClient
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_a_refused_act_is_recorded_once_with_what_was_missing():
    person = UserFactory.create()
    client = ApiClient(person)
    for _ in range(3):
        assert client.get("admin/audit").status_code == 403
    event = AuditEvent.objects.get(action="ACCESS_DENIED")
    assert (event.actor, event.success, event.credential) == (person, False, "jwt")
    assert (event.resource_type, event.resource_id) == ("SECURITY", "/api/v1/admin/audit")
    assert event.metadata == {"method": "GET", "requiredPermission": "admin:audit", "code": "FORBIDDEN"}


def test_the_next_address_is_another_row():
    client = ApiClient(UserFactory.create())
    client.get("admin/audit")
    client.get("admin/audit/actions")
    assert AuditEvent.objects.filter(action="ACCESS_DENIED").count() == 2


def test_nobody_and_the_unknown_leave_none():
    ApiClient().get("admin/audit")
    ApiClient(UserFactory.create()).get("api-keys/00000000-0000-4000-8000-000000000000")
    assert not AuditEvent.objects.filter(action="ACCESS_DENIED").exists()
