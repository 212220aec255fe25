"""Budgets are watched: each threshold once per window, told in the portal, by mail and by webhook."""

import hashlib
import hmac
import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core import mail
from django.db import connections
from django.utils.translation import trans_real

from accounts.models import User
from litellm_sync.spend import Spend, record_spend
from litemaas.errors import Forbidden, NotFound
from litemaas.outbound import AddressNotAllowed
from notifications import mailing
from notifications.models import Notification
from teams.models import Member
from tests.factories import NOW, TeamFactory, UserFactory
from tests.usage.conftest import log_row
from usage.budgets import alerting, delivering, services
from usage.budgets.forecasting import (
    coverage,
    forecast,
    forecast_budgets,
    forget_forecasts,
    settle_forecasts,
)
from usage.budgets.windows import window_of
from usage.ledger import write_rows
from usage.models import AlertDelivery, BudgetAlert, BudgetForecast, BudgetKind, Webhook

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def spend(amount, *, number=0, at=NOW - timedelta(hours=2), key="hash-1"):
    write_rows([log_row(number, api_key=key, spend=Decimal(amount), at=at)], now=NOW)


@pytest.fixture
def ada(make_key):
    user = UserFactory(email="ada@example.com", max_budget=10, budget_window="monthly")
    make_key("hash-1", owner=user)
    return user


def raised():
    return sorted(BudgetAlert.objects.values_list("kind", "threshold"))


def test_each_threshold_alerts_once_per_window(ada):
    spend("4.99")
    assert alerting.watch_budgets(now=NOW) == 0
    spend("3.5", number=1)
    assert alerting.watch_budgets(now=NOW) == 2
    assert alerting.watch_budgets(now=NOW + timedelta(minutes=1)) == 0
    spend("2", number=2)
    assert alerting.watch_budgets(now=NOW + timedelta(minutes=2)) == 1
    assert raised() == [("user", 50), ("user", 80), ("user", 100)]
    notes = {note.parameters["percent"]: note for note in Notification.objects.filter(user=ada)}
    # 50 and 80 were passed at once: one message.
    assert set(notes) == {"80", "100"}
    assert notes["100"].variant == "danger"


def test_a_new_window_begins_with_nothing_spent(ada):
    spend("9")
    alerting.watch_budgets(now=NOW)
    december = datetime(2026, 12, 3, tzinfo=UTC)
    assert alerting.watch_budgets(now=december) == 0
    write_rows([log_row(5, api_key="hash-1", spend=Decimal(6), at=december)], now=december)
    assert alerting.watch_budgets(now=december + timedelta(hours=1)) == 1


def test_keys_and_teams_have_budgets_of_their_own_and_soft_ones(make_key):
    owner, chief = UserFactory(), UserFactory()
    team = TeamFactory(max_budget=100, soft_budget=5, budget_window="weekly")
    Member.objects.create(team=team, user=chief, role="admin")
    make_key("hash-7", owner=owner, team=team, max_budget=8, budget_window="daily")
    spend("6.5", key="hash-7")
    alerting.watch_budgets(now=NOW)
    assert raised() == [("key", 50), ("key", 80), ("team", 0)]
    assert {note.user_id for note in Notification.objects.all()} == {owner.pk, chief.pk}


def test_own_thresholds_take_the_place_of_the_usual_ones(ada):
    services.set_thresholds(actor=ada, kind=BudgetKind.USER, object_id=ada.pk, percents=[95, 30, 30], now=NOW)
    spend("8.5")
    alerting.watch_budgets(now=NOW)
    assert raised() == [("user", 30)]
    with pytest.raises(NotFound):
        services.set_thresholds(
            actor=UserFactory(), kind=BudgetKind.USER, object_id=ada.pk, percents=[1], now=NOW
        )
    with pytest.raises(Forbidden):
        services.set_thresholds(
            actor=UserFactory(is_auditor=True), kind=BudgetKind.USER, object_id=ada.pk, percents=[1], now=NOW
        )


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_raise_each_alert_once(ada):
    spend("8.5")
    counts = []

    def work():
        try:
            counts.append(alerting.watch_budgets(now=NOW))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(counts) == 2
    assert raised() == [("user", 50), ("user", 80)]
    assert Notification.objects.count() == 1


def test_the_gateways_reset_time_sets_the_window(ada):
    User.objects.filter(pk=ada.pk).update(budget_window="10d")
    reset = NOW + timedelta(days=3)
    record_spend("user", [Spend(str(ada.pk), ada.pk, Decimal(1), reset.replace(hour=0, minute=0))], as_of=NOW)
    spend("9", at=NOW - timedelta(days=9))
    assert alerting.watch_budgets(now=NOW) == 0
    spend("6", number=1, at=NOW - timedelta(days=5))
    assert alerting.watch_budgets(now=NOW) == 1


@pytest.mark.parametrize(
    ("word", "start", "end"),
    [
        ("daily", "2026-11-20", "2026-11-21"),
        ("weekly", "2026-11-16", "2026-11-23"),
        ("monthly", "2026-11-01", "2026-12-01"),
        ("30d", "2026-11-01", "2026-12-01"),
        ("yearly", "2026-01-01", "2027-01-01"),
        ("3mo", "2026-10-01", "2027-01-01"),
        ("10d", "2026-11-11", "2026-11-21"),
    ],
)
def test_windows_follow_the_calendar_as_the_gateways_do(word, start, end):
    since = datetime(2026, 10, 2, tzinfo=UTC)
    window = window_of(word, now=NOW, resets_at=None, since=since)
    assert (f"{window.start:%Y-%m-%d}", f"{window.end:%Y-%m-%d}") == (start, end)


def test_a_budget_without_a_window_counts_from_the_beginning():
    since = datetime(2026, 10, 2, 7, 8, 9, tzinfo=UTC)
    window = window_of("", now=NOW, resets_at=None, since=since)
    assert (window.start, window.end) == (since.replace(minute=0, second=0), None)


# --- forecasts


def test_a_steady_spender_is_forecast_exactly_and_nobody_from_too_few_days():
    made = forecast(Decimal(30), [Decimal(1)] * 28, left=timedelta(days=10))
    assert (made.low, made.expected, made.high) == (40, 40, 40)
    assert forecast(Decimal(3), [Decimal(1)] * 2, left=timedelta(days=1)) is None


def test_the_interval_never_goes_below_what_is_spent_and_its_coverage_is_counted(ada):
    for day in range(1, 12):
        spend(str(day % 3), number=day, at=NOW - day * DAY)
    for _ in range(2):
        forecast_budgets(now=NOW)
    made = BudgetForecast.objects.get()
    assert made.low <= made.expected <= made.high
    assert made.expected > 11
    assert coverage(now=NOW) is None
    later = NOW + timedelta(days=20)
    assert (settle_forecasts(now=later), settle_forecasts(now=later)) == (1, 0)
    made.refresh_from_db()
    assert made.actual == 12
    held = float(made.low <= 12 <= made.high)
    assert coverage(now=later) == held
    # The tally outlives the forecasts, and one that fails takes its part of it.
    BudgetForecast.objects.update(actual=None, low=0, expected=1, high=2)
    settle_forecasts(now=later)
    assert coverage(now=later) == held / 2
    assert forget_forecasts(now=later + timedelta(days=200)) == 1
    assert coverage(now=later) == held / 2


# --- delivery


@pytest.fixture
def receiver(settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    calls, answers = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            calls.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, format, *args):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", calls, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_alert_is_mailed_and_posted_with_a_signature_until_it_arrives(ada, receiver):
    url, calls, answers = receiver
    hook, secret = services.add_webhook(actor=UserFactory(is_operator=True), url=url, now=NOW)
    spend("6")
    alerting.watch_budgets(now=NOW)
    answers.append(503)
    assert delivering.deliver_due(now=NOW) == 0
    assert mailing.send_due(now=NOW) == 1
    assert [m.to for m in mail.outbox] == [["ada@example.com"]]
    assert "50 %" in mail.outbox[0].subject
    assert delivering.deliver_due(now=NOW + timedelta(seconds=30)) == 0
    assert delivering.deliver_due(now=NOW + timedelta(seconds=61)) == 1
    assert delivering.deliver_due(now=NOW + DAY) == 0
    headers, body = calls[1]
    stamp, signature = (part.split("=")[1] for part in headers["X-LiteMaaS-Signature"].split(","))
    expected = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert signature == expected
    first, second = (json.loads(call[1]) for call in calls)
    assert first == second
    assert (second["data"]["spend"], second["data"]["threshold"]) == ("6", 50)
    assert secret.encode() not in bytes(Webhook.objects.get(pk=hook.pk).sealed_secret)


def test_mails_are_in_the_readers_language_and_only_for_those_who_want_them(ada, settings, tmp_path):
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    text = 'msgid "%(percent)s %% of your budget is used"\nmsgstr "%(percent)s %% verbraucht"\n'
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (folder / "django.po").write_text(header + text)
    subprocess.run(["msgfmt", folder / "django.po", "-o", folder / "django.mo"], check=True)
    settings.LOCALE_PATHS = [tmp_path]
    trans_real._translations.clear()
    User.objects.filter(pk=ada.pk).update(preferences={"language": "de"})
    spend("6")
    alerting.watch_budgets(now=NOW)
    mailing.send_due(now=NOW)
    trans_real._translations.clear()
    assert [m.subject for m in mail.outbox] == ["50 % verbraucht"]
    User.objects.filter(pk=ada.pk).update(preferences={"notifications": {"budgetMail": False}})
    spend("3", number=1)
    assert alerting.watch_budgets(now=NOW) == 1
    mailing.send_due(now=NOW)
    assert len(mail.outbox) == 1
    assert not AlertDelivery.objects.exists()


def test_what_never_arrives_is_given_up_and_says_why(ada, receiver):
    url, calls, answers = receiver
    services.add_webhook(actor=UserFactory(is_operator=True), url=url, now=NOW)
    spend("6")
    alerting.watch_budgets(now=NOW)
    answers += [500] * 20
    for hours in range(0, 24 * 10, 6):
        delivering.deliver_due(now=NOW + timedelta(hours=hours))
    lost = AlertDelivery.objects.get()
    assert (lost.attempts, lost.due_at, lost.delivered_at) == (8, None, None)
    assert lost.last_error == "It answered 500."
    assert len(calls) == 8


def test_private_addresses_are_refused_when_they_are_set_and_again_when_they_are_called(ada, settings):
    admin = UserFactory(is_operator=True)
    with pytest.raises(AddressNotAllowed):
        services.add_webhook(actor=admin, url="http://127.0.0.1:9/x", now=NOW)
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    services.add_webhook(actor=admin, url="http://127.0.0.1:9/x", now=NOW)
    settings.OUTBOUND_ALLOWED_NETWORKS = []
    spend("6")
    alerting.watch_budgets(now=NOW)
    delivering.deliver_due(now=NOW)
    assert "not allowed" in AlertDelivery.objects.get().last_error
    with pytest.raises(Forbidden):
        services.add_webhook(actor=UserFactory(is_auditor=True), url="https://8.8.8.8/", now=NOW)
