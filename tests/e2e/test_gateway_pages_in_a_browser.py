"""The operators' pages about the gateway, in both themes and on a phone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from litellm_sync.models import Finding, GatewayObject


@pytest.fixture
def scene():
    """Call it after `visit` has made its person, who decides here: something of every kind differs or waits."""

    def build():
        user = User.objects.get(username="alice")
        User.objects.filter(pk=user.pk).update(roles=["admin"])
        now = timezone.now()
        times = {"found_at": now, "seen_at": now}
        edited = Finding.objects.create(
            kind="user", gateway_id=str(user.pk), object_id=user.pk, verdict="different", **times,
            differences=[
                {"field": "max_budget", "portal": "5", "gateway": None},
                {"field": "metadata", "portal": {"portal": "litemaas"}, "gateway": {"a_long_name": "x" * 60}},
            ],
        )  # fmt: skip
        stranger = Finding.objects.create(
            kind="key", gateway_id="ab" * 32, verdict="unknown", label="by hand", **times
        )
        for attempts in (0, 3):
            wait = {"dirty_since": now - timedelta(minutes=9), "not_before": now, "attempts": attempts}
            GatewayObject.objects.create(kind="key", object_id=uuid4(), **wait)
        reason = "Budget has a value that LiteLLM does not take (status 400, type bad_request_error)"
        wait["parked_at"] = now
        GatewayObject.objects.create(kind="user", object_id=user.pk, last_error=reason, **wait)
        return [f"/operations/gateway/{row.pk}" for row in (edited, stranger)]

    return build


def test_axe_finds_nothing_on_a_phone_in_the_dark_and_no_page_is_too_wide(visit, scene):
    """With something in every list; `tests/walk` opens all pages in both themes."""
    started = visit(theme="dark", viewport={"width": 390, "height": 844})
    pages = scene()
    for address in (
        "/operations/gateway",
        "/operations/gateway/differences",
        "/operations/gateway/queue",
        *pages,
    ):
        page = started.open(address)
        found = Axe().run(page).response["violations"]
        assert [(finding["id"], [node["html"] for node in finding["nodes"]]) for finding in found] == [], (
            address
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
    assert started.complaints == []


def test_a_refused_change_is_chosen_and_given_up(visit, scene):
    started = visit()
    scene()
    page = started.open("/operations/gateway/queue?state=refused")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Give up chosen").click()
    expect(page.get_by_label("Messages").get_by_text("1 change was given up")).to_be_visible()
    assert GatewayObject.objects.get(kind="user").dropped_at is not None
    assert started.complaints == []
