"""Operators set limits, the portal's behaviour and the currency; read-only administrators look."""

import re

import pytest
from django.utils import timezone

from accounts import options
from accounts.models import AuditEvent, User
from apikeys.key_policy import key_policy
from apikeys.models import ApiKey
from jobs.models import Job
from jobs.running import run_job
from portal import bulk_limits
from tests.factories import UserFactory
from tests.portal.conftest import issue, signed_in, subscribe
from tests.portal.test_every_page import MOST_STATEMENTS, statements

pytestmark = pytest.mark.django_db
HERE = "/operations/settings"
TABS = ("limits", "portal", "banners", "branding", "currency", "backup", "sync")


@pytest.fixture
def console(operator):
    return signed_in(operator)


@pytest.fixture
def auditor(db):
    return signed_in(UserFactory(is_auditor=True))


def fields_of(page, form_id=""):
    """What a browser would send: the values of all fields of a page's forms."""
    return dict(re.findall(r'<input type="hidden" name="(version)" value="([^"]*)"', page.text))


def test_the_tab_of_the_address_is_shown_and_the_former_address_leads_there(console):
    assert console.get(HERE)["Location"] == f"{HERE}/limits"
    assert console.get(f"{HERE}?tab=banners")["Location"] == f"{HERE}/banners"
    assert console.get(f"{HERE}?tab=models")["Location"] == f"{HERE}/sync"
    former = console.get("/admin/tools?tab=backup")
    assert (former.status_code, former["Location"]) == (301, f"{HERE}?tab=backup")


@pytest.mark.parametrize("tab", TABS)
def test_read_only_administrators_see_a_tab_and_can_press_nothing_in_it(auditor, tab):
    page = auditor.get(f"{HERE}/{tab}")
    assert page.status_code == 200
    main = page.text.partition("<main")[2].partition("</main>")[0]
    assert "Only administrators may change this" in main
    assert not re.findall(r'<button type="submit"(?![^>]*aria-disabled)', main)
    enabled = [
        tag for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", main) if "disabled" not in tag
    ]
    assert [tag for tag in enabled if 'type="hidden"' not in tag] == []


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_costs_few_statements(console, tab):
    # The synchronisation tells of runs, waiting changes, differences and the subscriptions that keys carry.
    most = MOST_STATEMENTS + 2 * (tab == "sync")
    assert statements(console, f"{HERE}/{tab}") <= most


def test_new_users_get_what_was_set_and_empty_falls_back_to_the_deployment(console, settings):
    settings.USER_DEFAULTS = {**settings.USER_DEFAULTS, "userTpmLimit": 1234}
    assert "1,234" in console.get(f"{HERE}/limits").text
    sent = {"part": "users", "user_max_budget": "12.50", "user_tpm_limit": "", "user_rpm_limit": "1,000"}
    assert console.post(f"{HERE}/limits", sent).status_code == 302
    found = options.limits_of_a_new_account()
    assert (str(found["max_budget"]), found["tpm_limit"], found["rpm_limit"]) == ("12.50", 1234, 1000)
    assert AuditEvent.objects.filter(action="UPDATE_USER_DEFAULTS").count() == 1


def test_a_wrong_number_is_said_at_its_field_and_kept(console):
    page = console.post(f"{HERE}/limits", {"part": "users", "user_rpm_limit": "-1"})
    assert "Enter 0 or more." in page.text
    assert 'value="-1"' in page.text


def keys(**values):
    return {"part": "keys", **values}


def test_a_lower_maximum_clears_the_default_above_it_and_says_so(console):
    console.post(f"{HERE}/limits", keys(default_tpm_limit="500", maximum_tpm_limit="1000"))
    page = console.post(f"{HERE}/limits", keys(default_tpm_limit="500", maximum_tpm_limit="100"), follow=True)
    assert "were above the new maximum and were taken away: Tokens per minute" in page.text
    assert key_policy().defaults["tpmLimit"] is None
    assert key_policy().maximums["tpmLimit"] == 100


def test_a_new_default_above_the_maximum_is_refused_at_its_field(console):
    page = console.post(f"{HERE}/limits", keys(default_rpm_limit="20", maximum_rpm_limit="10"))
    assert "must not be above the maximum" in page.text
    assert key_policy().maximums["rpmLimit"] is None


def test_choices_of_days_above_the_maximum_are_not_offered(console):
    console.post(f"{HERE}/limits", keys(maximum_expiration_days="90"))
    page = console.get(f"{HERE}/limits").text
    usual = page.partition('name="default_expiration_days"')[2].partition("</select>")[0]
    assert "60 days" in usual
    assert "180 days" not in usual


def test_keys_above_a_maximum_are_counted_before_and_after_it_is_set(console, person):
    subscribe(person, "lab/one")
    ApiKey.objects.filter(pk=issue(person, "big", "lab/one").pk).update(max_budget=50)
    asked = keys(maximum_max_budget="10")
    page = console.post(f"{HERE}/limits", {**asked, "act": "count"})
    assert "1 existing key is above this maximum" in page.text
    assert key_policy().maximums["maxBudget"] is None
    assert "1 existing key is above it" in console.post(f"{HERE}/limits", asked, follow=True).text


def test_who_saves_over_somebody_elses_change_is_told_both_values_and_may_save_again(console, operator):
    opened = fields_of(console.get(f"{HERE}/portal"))
    options.change_options(
        actor=operator,
        values={"maxActiveKeysPerUser": 7},
        action="UPDATE_PORTAL_SETTINGS",
        now=timezone.now(),
    )
    sent = {
        **opened, "key_reveal_mode": "encrypted", "reveal_max_age_seconds": "28800", "max_active_keys_per_user": "20",
        "reporting_time_zone": "UTC", "audit_retention_days": "730", "sync_safety_percent": "20",
    }  # fmt: skip
    refused = console.post(f"{HERE}/portal", sent)
    assert "Somebody changed this meanwhile" in refused.text
    assert "Saved meanwhile" in refused.text
    assert options.value("maxActiveKeysPerUser") == 7
    again = console.post(f"{HERE}/portal", {**sent, **fields_of(refused)})
    assert again.status_code == 302
    assert options.value("maxActiveKeysPerUser") == 20


def test_only_what_differs_is_written_into_the_record(console):
    sent = {
        "key_reveal_mode": "once", "reveal_max_age_seconds": "28800", "max_active_keys_per_user": "10",
        "reporting_time_zone": "Europe/Vienna", "audit_retention_days": "730", "sync_safety_percent": "20",
        "users_may_create_teams": "on",
    }  # fmt: skip
    assert console.post(f"{HERE}/portal", sent).status_code == 302
    event = AuditEvent.objects.get(action="UPDATE_PORTAL_SETTINGS")
    assert event.new_values == {
        "keyRevealMode": "once",
        "reportingTimeZone": "Europe/Vienna",
        "usersMayCreateTeams": True,
    }


def test_the_currency_shows_in_every_amount_and_in_the_readers_way(console):
    preview = console.post(f"{HERE}/currency/preview", {"currency": "EUR"}).text
    assert "€1,234.56" in preview
    assert "1.234,56" in preview
    assert console.post(f"{HERE}/currency/preview", {"currency": "XXX"}).status_code == 400
    assert console.post(f"{HERE}/currency", {"currency": "GBP"}).status_code == 302
    options.forget_recent()
    assert "£1,234.56" in console.get(f"{HERE}/currency").text
    assert console.get("/api/v1/config").json()["currency"]["code"] == "GBP"


# --- one change for many


MANY = f"{HERE}/limits/everybody"


def test_one_sees_first_whom_it_is_for_and_few_are_changed_after_a_plain_yes(console, person):
    sent = {"whom": "named", "people": person.username, "rpm_limit": "5"}
    asked = console.post(MANY, sent)
    assert "Change the limits of 1 user?" in asked.text
    assert "Type the number" not in asked.text
    assert not Job.objects.exists()
    console.post(MANY, {**sent, "sure": "yes"})
    job = Job.objects.get(kind=bulk_limits.JOB)
    run_job(job.pk)
    person.refresh_from_db()
    assert person.rpm_limit == 5
    assert "Changed" in console.get(f"{HERE}/limits").text


def test_more_than_fifty_are_confirmed_by_typing_their_number(console):
    UserFactory.create_batch(51)
    count = User.objects.active().filter(is_service=False).count()
    sent = {"whom": "all", "max_budget": "0", "sure": "yes"}
    asked = console.post(MANY, {**sent, "confirm": "50"})
    assert f"It is for {count} users now" in asked.text
    assert "The first 20 of" in asked.text
    assert not Job.objects.exists()
    assert console.post(MANY, {**sent, "confirm": str(count)})["Location"] == f"{HERE}/limits"
    job = Job.objects.get(kind=bulk_limits.JOB)
    assert (job.total, job.arguments["limits"]) == (count, {"maxBudget": "0"})


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"whom": "all"}, "Give at least one limit."),
        ({"whom": "role", "rpm_limit": "1"}, "Choose a role."),
        ({"whom": "named", "rpm_limit": "1"}, "Name at least one user."),
        ({"whom": "named", "people": "nobody", "rpm_limit": "1"}, "There is no active user “nobody”."),
        ({"whom": "role", "role": "readonly", "rpm_limit": "1"}, "Nobody fits."),
    ],
)
def test_what_is_missing_is_said_at_its_field(console, sent, said):
    page = console.post(MANY, sent)
    assert said in page.text
    assert not Job.objects.exists()


def test_those_that_failed_are_named(console, operator):
    now = timezone.now()
    failed = {"userId": "x", "username": "gone.away", "error": "This user is not active any more."}
    Job.objects.create(
        kind=bulk_limits.JOB, state="succeeded", created_by=operator, created_at=now, started_at=now,
        finished_at=now, result={"totalUsers": 2, "successCount": 1, "failedCount": 1, "errors": [failed]},
    )  # fmt: skip
    page = console.get(f"{HERE}/limits").text
    assert "gone.away" in page
    assert "not active any more" in page
