"""The days of the rollups follow the reporting time zone, however it came to be another one."""

import pytest

from accounts import options
from accounts.models import SYSTEM
from jobs.models import Job
from jobs.running import run_job
from tests.factories import NOW
from tests.usage.conftest import log_row
from usage.ledger import write_rows
from usage.operators import follow_zone
from usage.zones import rollup_zone

pytestmark = pytest.mark.django_db


def run_all() -> None:
    for job in Job.objects.open().order_by("created_at"):
        run_job(job.pk)


def test_another_zone_of_the_deployment_is_noticed_once(settings):
    write_rows([log_row(n) for n in range(5)], now=NOW)
    assert follow_zone(NOW) is None
    settings.REPORTING_TIME_ZONE = "Asia/Tokyo"
    assert follow_zone(NOW)
    # Two beats start one job.
    assert follow_zone(NOW) is None
    run_all()
    assert rollup_zone() == "Asia/Tokyo"
    assert follow_zone(NOW) is None


def test_of_two_changes_the_last_one_holds_in_whatever_order_their_jobs_run():
    write_rows([log_row(n) for n in range(5)], now=NOW)
    for zone in ("Asia/Tokyo", "Europe/Berlin"):
        options.change_options(
            actor=SYSTEM, values={"reportingTimeZone": zone}, action="SETTINGS_UPDATE", now=NOW
        )
    first, second = Job.objects.all()
    run_job(second.pk)
    run_job(first.pk)
    assert rollup_zone() == "Europe/Berlin"
