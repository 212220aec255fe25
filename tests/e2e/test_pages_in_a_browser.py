"""The pages of users with something on them: no finding of axe, nothing sideways on a phone, no complaint."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from apikeys import services
from apikeys.models import ApiKey
from litellm_sync.models import GatewaySpend
from portal.models import Banner
from subscriptions.models import Subscription
from teams.models import Invitation, Member
from tests.factories import PASSWORD, ModelFactory, SubscriptionFactory, TeamFactory, UserFactory

PAGES = [
    "/home",
    "/models",
    "/models/lab/open",
    "/models/lab/mine",
    "/models/lab/shut",
    "/models/lab/denied",
    "/models/lab/gone",
    "/subscriptions",
    "/subscriptions/{subscription}/cancel",
    "/subscriptions/{denied}/review",
    "/api-keys",
    "/api-keys/new",
    "/api-keys/{key}",
    "/api-keys/{key}/revoke",
    "/usage",
    "/teams",
    "/teams/{team}",
    "/teams/{team}/members",
    "/teams/{team}/members/{person}/change",
    "/teams/{team}/members/{person}/remove",
    "/teams/{team}/invitations",
    "/teams/{team}/invitations/new",
    "/teams/{team}/invitations/{invitation}/revoke",
    "/teams/{team}/keys",
    "/teams/{team}/usage",
    "/teams/{team}/settings",
    "/teams/{team}/delete",
    "/invitations/{offer}",
    "/models/nothing",
]


# How wide the page is with all that sticks out, and how far down it opens.
WIDTH_AND_PLACE = """
() => [document.documentElement, document.body, document.querySelector(".pf-v6-c-page__main-container")]
  .reduce(([width, top], one) => [Math.max(width, one?.scrollWidth ?? 0), top + (one?.scrollTop ?? 0)], [0, 0])
"""


def make_banner(text):
    now = timezone.now()
    Banner.objects.create(name="Work", content={"en": text}, is_active=True, created_at=now, updated_at=now)


@pytest.fixture
def scene():
    """Call it after `visit` has made its person: something of every kind is theirs."""

    def build():
        user = User.objects.get(username="alice")
        ModelFactory.create(id="lab/open", capabilities=["chat", "vision", "tool_choice"])
        ModelFactory.create(id="lab/gone", availability="unavailable", unavailable_since=timezone.now())
        mine = SubscriptionFactory.create(user=user, model__id="lab/mine")
        SubscriptionFactory.create(
            user=user, model__id="lab/shut", model__restricted_access=True, status="pending"
        )
        denied = SubscriptionFactory.create(
            user=user, model__id="lab/denied", status=Subscription.Status.DENIED, status_reason="Not now."
        )
        key = services.issue_api_key(actor=user, model_ids=["lab/mine"], now=timezone.now()).key
        return {"subscription": mine.pk, "denied": denied.pk, "key": key.pk} | team_scene(user)

    return build


def team_scene(user):
    """A team that this person looks after, with somebody in it and somebody invited, and an offer to join another."""
    person = UserFactory.create(full_name="Isaac Newton")
    team = TeamFactory.create(name="Physics", max_budget=10, soft_budget=8, budget_window="monthly")
    team.allowed_models.add("lab/mine")
    Member.objects.create(team=team, user=user, role="admin")
    Member.objects.create(team=team, user=person, role="member", max_budget=2)
    GatewaySpend.objects.create(
        kind="team", gateway_id=str(team.pk), object_id=team.pk, spend="9", as_of=timezone.now()
    )
    days = {"expires_at": timezone.now() + timedelta(days=7)}
    invitation = Invitation.objects.create(team=team, email="guest@example.com", token_hash="1", **days)
    offer = Invitation.objects.create(
        team=TeamFactory.create(name="Chemistry"),
        user=user,
        invited_by=person,
        message="Join us",
        token_hash="2",
        **days,
    )
    return {"team": team.pk, "person": person.pk, "invitation": invitation.pk, "offer": offer.pk}


def test_axe_finds_nothing_on_a_phone_in_the_dark_and_no_page_is_too_wide(visit, scene):
    """With something in every list; `tests/walk` opens all pages in both themes."""
    started = visit(theme="dark", viewport={"width": 390, "height": 844})
    ids = scene()
    make_banner(
        "The gateway is serviced on Friday, from six to seven in the evening. Calls may fail meanwhile."
    )
    for address in PAGES:
        page = started.open(address.format(**ids))
        found = Axe().run(page).response["violations"]
        assert [(finding["id"], [node["html"] for node in finding["nodes"]]) for finding in found] == [], (
            address
        )
        assert page.evaluate(WIDTH_AND_PLACE) == [390, 0], address
    # The browser itself notes the page that is not there; anything else would be ours.
    assert [text for text in started.complaints if "404" not in text] == []


def test_a_filter_swaps_the_list_and_the_address_and_back_restores_both(visit, scene):
    started = visit()
    scene()
    page = started.open("/models")
    page.get_by_label("Search models").fill("lab/mine")
    expect(page.get_by_role("link", name="lab/open", exact=True)).to_be_hidden()
    assert "search=lab%2Fmine" in page.url
    page.go_back()
    expect(page.get_by_role("link", name="lab/open", exact=True)).to_be_visible()
    assert started.complaints == []


def test_revoking_works_in_a_dialog(visit, scene):
    started = visit()
    ids = scene()
    page = started.open(f"/api-keys/{ids['key']}")
    page.get_by_role("link", name="Revoke key").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_label("Messages").get_by_text("is revoked")).to_be_visible()
    assert ApiKey.objects.get().is_revoked


def test_the_whole_way_to_a_key_works_without_script(visit, scene):
    started = visit(java_script_enabled=False)
    scene()
    alice = User.objects.get(username="alice")
    alice.set_password(PASSWORD)
    alice.save()
    started.page.context.clear_cookies()
    page = started.open("/models/lab/open")
    page.get_by_label("Username or email").fill("alice")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("link", name="Create key with this model").click()
    page.get_by_label("Name", exact=True).fill("plain")
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("#secret").text_content().strip()
    assert secret.startswith("sk-")
    page.get_by_role("link", name="Details of the key").click()
    assert secret not in page.content()
    page.get_by_role("link", name="Revoke key").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("API keys")
    assert ApiKey.objects.get(name="plain").is_revoked
