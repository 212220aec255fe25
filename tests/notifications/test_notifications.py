"""What the portal tells its people: with the event or not at all, once, in the reader's language."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone, translation

from notifications import services
from notifications.models import Notification
from tests.api.conftest import ApiClient
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def tell(*users, **parts):
    told = {
        "kind": "test",
        "title": "Approved: %(model)s",
        "parameters": {"model": "gpt-4"},
        "now": timezone.now(),
    }
    with transaction.atomic():
        services.notify(user_ids=[user.pk for user in users], **(told | parts))


def test_ones_own_are_listed_newest_first_with_the_number_of_unread():
    user = UserFactory()
    now = timezone.now()
    tell(user, now=now - timedelta(hours=1))
    tell(user, UserFactory(), title="Newer", parameters={}, link="/subscriptions", now=now)
    answer = ApiClient(user).get("notifications").json()
    assert [row["title"] for row in answer["data"]] == ["Newer", "Approved: gpt-4"]
    assert (answer["unreadCount"], answer["pagination"]["total"]) == (2, 2)
    assert answer["data"][0]["link"] == "/subscriptions"
    assert answer["data"][1]["body"] is None


def test_an_event_is_told_once_to_each():
    first, second = UserFactory(), UserFactory()
    tell(first, once="subscription:1:approved")
    tell(first, second, once="subscription:1:approved")
    assert list(Notification.objects.values_list("user", flat=True).order_by("user")) == sorted(
        [first.pk, second.pk]
    )


def test_percent_signs_in_what_is_filled_in_are_left_alone():
    user = UserFactory()
    tell(user, parameters={"model": "100%(x)s"})
    assert Notification.objects.get().title_text == "Approved: 100%(x)s"


def test_reading_marking_all_and_removing():
    user, other = UserFactory(), UserFactory()
    for _ in range(3):
        tell(user)
    client, rows = ApiClient(user), list(Notification.objects.all())
    assert client.post(f"notifications/{rows[0].pk}/read").status_code == 204
    assert client.get("notifications", {"unread": "true"}).json()["pagination"]["total"] == 2
    assert client.delete(f"notifications/{rows[1].pk}").status_code == 204
    assert client.post("notifications/read-all").status_code == 204
    assert client.get("notifications").json()["unreadCount"] == 0
    for method, path in (("post", f"{rows[0].pk}/read"), ("delete", str(rows[0].pk))):
        assert getattr(ApiClient(other), method)(f"notifications/{path}").status_code == 404


def test_what_is_old_is_forgotten():
    tell(UserFactory())
    assert services.forget_old(now=timezone.now() + timedelta(days=89)) == 0
    assert services.forget_old(now=timezone.now() + timedelta(days=91)) == 1


def test_a_translation_that_lost_a_place_does_not_hide_the_message(monkeypatch):
    user = UserFactory()
    tell(user)
    monkeypatch.setattr("notifications.models.gettext", lambda text: "Genehmigt: %(modell)s")
    with translation.override("de"):
        assert Notification.objects.get().title_text == "Approved: gpt-4"


@pytest.mark.parametrize("count", [1, 50])
def test_a_page_costs_the_same_for_one_and_for_fifty(django_assert_num_queries, count):
    user = UserFactory()
    for _ in range(count):
        tell(user)
    client = ApiClient(user)
    with django_assert_num_queries(4):
        assert client.get("notifications", {"limit": 100}).status_code == 200
