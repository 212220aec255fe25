"""Spans of time are named by what the clock shows throughout."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from usage.cubes.spans import spans_of
from usage.periods import Period


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Pacific/Chatham", date(2026, 4, 5), 26),
        ("Pacific/Chatham", date(2026, 9, 27), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kathmandu", date(2026, 10, 25), 24),
    ],
)
def test_hours_have_no_gaps_and_hold_only_what_the_clock_calls_by_their_name(zone, day, hours):
    period = Period(day, day, ZoneInfo(zone))
    spans = spans_of(period, "hour")
    assert len(spans) == hours
    assert [span.end for span in spans[:-1]] == [span.start for span in spans[1:]]
    assert (spans[0].start, spans[-1].end) == (period.start, period.end)
    for span in spans:
        for quarter in range((span.end - span.start) // timedelta(minutes=15)):
            shown = (span.start + quarter * timedelta(minutes=15)).astimezone(period.zone)
            assert f"{shown:%Y-%m-%dT%H}" == span.name[:13]
