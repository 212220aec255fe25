"""The beat starts tasks that exist, and the rare ones at a time of day."""

from celery.schedules import crontab

from litemaas.celery import app
from litemaas.schedule import SCHEDULE


def test_every_entry_names_a_task_that_exists():
    app.loader.import_default_modules()
    assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)


def test_what_runs_once_a_day_has_a_time_of_day():
    """Counted in seconds from the start, a beat that is restarted daily would never get there."""
    assert all(isinstance(e["schedule"], crontab) or e["schedule"] <= 3600 for e in SCHEDULE.values())
