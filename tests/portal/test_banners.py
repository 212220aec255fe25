"""Banners are shown to whom they are meant for, while they are meant to, and every change is kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import AuditEvent
from notifications.models import Notification
from portal.models import Banner, BannerChange
from tests.api.conftest import ApiClient
from tests.factories import UserFactory

TEXT = {"content": {"en": "Maintenance tonight"}}


@pytest.fixture
def admin(db):
    return ApiClient(UserFactory(is_operator=True))


@pytest.fixture
def reader(db):
    return ApiClient(UserFactory())


def make(admin, query="", **fields):
    answer = admin.post(f"banners/admin{query}", {"name": "One", "isActive": True, **TEXT, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["banner"]


def seen_by(client):
    return [banner["name"] for banner in client.get("banners").json()]


def test_everybody_sees_an_active_banner_and_nobody_a_hidden_one(admin, reader):
    make(admin, name="Hidden", isActive=False)
    make(admin)
    assert seen_by(reader) == seen_by(ApiClient()) == ["One"]
    assert reader.get("banners")["Cache-Control"] == "no-store"


def test_a_new_banner_has_the_contracts_defaults(admin):
    banner = admin.post(
        "banners/admin", {"name": " One ", "content": {"en": " Hi ", "de": " ", "xx": "?"}}
    ).json()["banner"]
    assert banner["content"] == {"en": "Hi", "xx": "?"}
    assert (banner["name"], banner["variant"], banner["isActive"], banner["priority"]) == (
        "One",
        "info",
        False,
        0,
    )
    assert banner["targetRoles"] is banner["targetUserIds"] is banner["linkUrl"] is None


def test_showing_one_hides_the_others_unless_asked_not_to(admin, reader):
    make(admin)
    make(admin, name="Two")
    assert seen_by(reader) == ["Two"]
    make(admin, "?exclusive=false", name="Three", priority=5)
    assert seen_by(reader) == ["Three", "Two"]


@pytest.mark.django_db(transaction=True)
def test_of_banners_shown_at_the_same_moment_one_stays():
    user = UserFactory(is_operator=True)
    ids = [make(ApiClient(user), name=str(n), isActive=False)["id"] for n in range(6)]

    def show(pk):
        try:
            return ApiClient(user).patch(f"banners/admin/{pk}", {"isActive": True}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(show, ids)) == {200}
    assert Banner.objects.filter(is_active=True).count() == 1


def test_targets_choose_who_sees_it_and_none_means_everybody(admin, reader):
    other = ApiClient(UserFactory())
    make(admin, targetUserIds=[str(reader.user.pk)], targetRoles=[])
    assert (seen_by(reader), seen_by(other), seen_by(ApiClient())) == (["One"], [], [])
    make(admin, name="Admins", targetRoles=["admin"])
    assert (seen_by(admin), seen_by(reader)) == (["Admins"], [])
    make(admin, name="All", targetRoles=[], targetUserIds=[])
    assert seen_by(ApiClient()) == ["All"]


def test_it_is_shown_in_its_time_only(admin, reader):
    now = timezone.now()
    hour = timedelta(hours=1)
    make(admin, startDate=(now + hour).isoformat())
    assert seen_by(reader) == []
    make(admin, name="Past", startDate=(now - 2 * hour).isoformat(), endDate=(now - hour).isoformat())
    assert seen_by(reader) == []
    make(admin, name="Now", startDate=(now - hour).isoformat(), endDate=(now + hour).isoformat())
    assert seen_by(reader) == ["Now"]


def test_dismissing_lasts_for_its_hours_and_ends_with_a_change(admin, reader):
    banner = make(admin, isDismissible=True, dismissDurationHours=2)
    assert reader.post(f"banners/{banner['id']}/dismiss").status_code == 200
    assert reader.post(f"banners/{banner['id']}/dismiss").status_code == 200
    assert seen_by(reader) == []
    later = timezone.now() + timedelta(hours=3)
    assert [b.name for b in Banner.objects.visible_to(reader.user, later)] == ["One"]
    admin.patch(f"banners/admin/{banner['id']}", {"priority": 3})
    assert seen_by(reader) == []
    admin.patch(f"banners/admin/{banner['id']}", {"content": {"en": "Still tonight"}})
    assert seen_by(reader) == ["One"]


def test_what_was_closed_can_be_read_again_among_the_notifications(admin, reader):
    text = {"en": "Maintenance **tonight**"}
    banner = make(
        admin, isDismissible=True, variant="warning", linkUrl="https://status.example/x", content=text
    )
    for _ in range(2):
        reader.post(f"banners/{banner['id']}/dismiss")
    kept = Notification.objects.get(user=reader.user)
    assert (kept.kind, kept.variant, kept.title_text) == ("banner", "warning", "Maintenance **tonight**")
    assert kept.body_text == "https://status.example/x"
    assert kept.read_at is not None


def test_what_may_not_be_dismissed_is_not(admin, reader):
    banner = make(admin)
    answer = reader.post(f"banners/{banner['id']}/dismiss")
    assert answer.status_code == 400
    assert answer.json()["details"]["reason"] == "BANNER_NOT_DISMISSIBLE"
    assert reader.post(f"banners/{uuid4()}/dismiss").status_code == 404
    assert ApiClient().post(f"banners/{banner['id']}/dismiss").status_code == 401


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"content": {"de": "Heute"}}, "content"),
        ({"content": {"en": "  "}}, "content"),
        ({"content": {"en": "x" * 501}}, "content.en"),
        ({"content": {"en": "x", "much-too-long": "y"}}, "content"),
        ({"name": ""}, "name"),
        ({"linkUrl": "javascript:alert(1)"}, "linkUrl"),
        ({"variant": "loud"}, "variant"),
        ({"priority": -1}, "priority"),
        ({"dismissDurationHours": 0}, "dismissDurationHours"),
        ({"targetRoles": ["king"]}, "targetRoles[0]"),
        ({"startDate": "2026-02-02T00:00:00Z", "endDate": "2026-02-01T00:00:00Z"}, "endDate"),
    ],
)
def test_what_is_wrong_is_named(admin, fields, field):
    answer = admin.post("banners/admin", {"name": "One", **TEXT, **fields})
    assert answer.status_code == 400, answer.text
    assert field in [entry["field"] for entry in answer.json()["details"]["validation"]]
    assert not Banner.objects.exists()


def test_a_put_keeps_what_it_does_not_name_and_an_empty_patch_is_refused(admin):
    banner = make(admin, priority=7, linkUrl="https://example.com")
    path = f"banners/admin/{banner['id']}"
    changed = admin.put(path, {"isActive": False, "content": {"en": "New"}}).json()["banner"]
    assert (changed["priority"], changed["linkUrl"], changed["name"]) == (7, "https://example.com", "One")
    assert changed["isActive"] is False
    assert admin.put(path, {"content": {"en": "New"}}).status_code == 400
    assert admin.patch(path, {}).status_code == 400


def test_visibility_in_bulk_is_all_or_nothing(admin, reader):
    one, two = make(admin), make(admin, name="Two")
    path = "banners/admin/bulk-visibility"
    assert admin.patch(path, {one["id"]: True, two["id"]: False}).status_code == 200
    assert seen_by(reader) == ["One"]
    assert admin.patch(path, {one["id"]: True, two["id"]: True}).status_code == 400
    assert admin.patch(path, {}).status_code == 400
    assert admin.patch(path, {"one": True}).status_code == 400
    assert admin.patch(path, {one["id"]: "yes"}).status_code == 400
    assert admin.patch(path, {one["id"]: False, str(uuid4()): True}).status_code == 404
    assert seen_by(reader) == ["One"]


def test_history_and_record_outlive_the_banner(admin):
    banner = make(admin)
    path = f"banners/admin/{banner['id']}"
    admin.patch(path, {"isActive": False})
    admin.patch(path, {"content": {"en": "New"}})
    assert admin.delete(path).status_code == 200
    history = admin.get(f"{path}/audit").json()
    assert [row["action"] for row in history["auditLogs"]] == ["delete", "update", "deactivate", "create"]
    assert (history["total"], history["auditLogs"][0]["newState"]) == (4, None)
    assert AuditEvent.objects.filter(action__startswith="BANNER_").count() == 4
    assert BannerChange.objects.count() == 4
    assert admin.get(f"banners/admin/{uuid4()}/audit").status_code == 404


def test_readers_read_and_only_administrators_change(admin, reader):
    banner = make(admin)
    auditor = ApiClient(UserFactory(is_auditor=True))
    assert auditor.get("banners/admin").status_code == 200
    assert auditor.get(f"banners/admin/{banner['id']}").status_code == 200
    for client in (auditor, reader):
        assert client.post("banners/admin", {"name": "x", **TEXT}).status_code == 403
        assert client.patch(f"banners/admin/{banner['id']}", {"name": "x"}).status_code == 403
        assert client.delete(f"banners/admin/{banner['id']}").status_code == 403
        assert client.patch("banners/admin/bulk-visibility", {banner["id"]: False}).status_code == 403
    assert reader.get("banners/admin").status_code == 403
