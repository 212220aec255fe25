"""The first page: one's own standing, and what operators watch."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from apikeys.models import ApiKey
from catalog.models import SyncRun
from litellm_sync.client import gateway
from notifications.services import notify
from subscriptions.models import Subscription
from tests.portal.conftest import issue, signed_in, subscribe
from tests.portal.test_every_page import MOST_STATEMENTS, statements
from tests.usage.conftest import log_row
from usage.ledger import write_rows
from usage.models import UsageTrust


def used(key, *, cost=0.25, **changes):
    token = key.secrets.get().token_hash
    now = timezone.now()
    write_rows([log_row(1, api_key=token, spend=cost, model_group="lab/one", at=now, **changes)], now=now)


def test_somebody_new_is_led_through_the_first_steps(browser):
    page = browser.get("/home").content.decode()
    assert "First steps" in page
    assert "Nothing was used in these days." in page
    assert "No notifications" in page
    assert "Operations" not in page


def test_the_next_step_is_one_click_away(person, browser):
    assert browser.get("/home").text.count("Browse models") == 1
    subscribe(person, "lab/one")
    assert 'href="/api-keys/new"' in browser.get("/home").text
    key = issue(person, "first", "lab/one")
    assert f'href="/api-keys/{key.pk}#snippets"' in browser.get("/home").text


def test_a_week_that_the_gateway_sums_up_differently_is_marked(person, browser):
    subscribe(person, "lab/one")
    key = issue(person, "first", "lab/one")
    used(key)
    now = timezone.now()
    for address in ("/home", f"/api-keys/{key.pk}"):
        assert "Differs from the gateway" not in browser.get(address).text
    sums = {"requests": 1, "gateway_requests": 2, "cost": 1, "gateway_cost": 2}
    UsageTrust.objects.create(day=now.date(), state="differs", checked_at=now, **sums)
    for address in ("/home", f"/api-keys/{key.pk}"):
        assert "Differs from the gateway" in browser.get(address).text


def test_the_first_steps_go_when_they_are_done(person, browser):
    subscribe(person, "lab/one")
    used(issue(person, "first", "lab/one"))
    assert "First steps" not in browser.get("/home").content.decode()


def test_the_budget_and_the_week_are_told_from_the_ledger(person, browser):
    person.max_budget, person.budget_window = Decimal(1), "monthly"
    person.save()
    subscribe(person, "lab/one")
    used(issue(person, "first", "lab/one"))
    answer = browser.get("/home")
    money = answer.context["money"]
    assert (money.spent, money.total) == (Decimal("0.25"), Decimal("0.25"))
    page = answer.content.decode()
    assert 'aria-valuetext="$0.25 of $1.00, 25%"' in page
    assert "<polyline" in page
    assert page.count("$0.25") > 2  # the table twin of the line, too


def test_what_waits_and_what_expires_is_named(person, browser):
    subscribe(person, "lab/one")
    key = issue(person, "soon gone", "lab/one")
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() + timedelta(days=3))
    row = subscribe(person, "lab/asked")
    Subscription.objects.filter(pk=row.pk).update(status="pending")
    page = browser.get("/home").content.decode()
    assert "1 key expires within 14 days" in page
    assert f'href="/api-keys/{key.pk}"' in page
    assert f'href="/subscriptions/{row.pk}"' in page


def test_the_last_five_messages_are_shown_newest_first(person, browser):
    now = timezone.now()
    for n in range(7):
        at = now + timedelta(seconds=n)
        notify(user_ids=[person.pk], kind="job_finished", title=f"Message {n}", link="/usage", now=at)
    shown = [message.title for message in browser.get("/home").context["messages_latest"]]
    assert shown == [f"Message {n}" for n in (6, 5, 4, 3, 2)]


def test_operators_see_requests_the_gateway_and_failed_readings(person, operator):
    subscribe(person, "lab/one")
    Subscription.objects.update(status="pending")
    now = timezone.now()
    for ago, state in ((1, "failed"), (2, "stopped"), (48, "failed")):
        at = now - timedelta(hours=ago)
        SyncRun.objects.create(started_at=at, finished_at=at, state=state, finding="It did not answer.")
    # Whatever tests before this one did to the gateway.
    gateway().breaker._breaker.close()
    answer = signed_in(operator).get("/home")
    page = answer.content.decode()
    assert '<a href="/operations/subscriptions">1</a>' in page
    assert "2 failed in the last 24 hours" in page
    assert answer.context["operations"].is_gateway_up
    gateway().breaker._breaker.open()
    try:
        assert "Does not answer" in signed_in(operator).get("/home").content.decode()
    finally:
        gateway().breaker._breaker.close()


def test_an_operators_page_costs_the_same_however_much_waits(person, operator):
    few = statements(signed_in(operator), "/home")
    for n in range(30):
        subscribe(person, f"lab/{n}")
    Subscription.objects.update(status="pending")
    assert statements(signed_in(operator), "/home") == few <= MOST_STATEMENTS + 6
