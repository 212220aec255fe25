"""When the gateway means the same as we do."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from litellm_sync.differences import Difference, differences, is_same

MOMENT = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, False),
        (False, None),
        ([], None),
        (None, {}),
        ("", None),
        (Decimal("0.1"), 0.1),
        (Decimal("5.0000000000"), 5),
        (10, Decimal("10.0")),
        (Decimal("0.3"), 0.30000000000000004),
        (["b", "a"], ["a", "b"]),
        (MOMENT, "2026-12-01T00:00:03.546000+00:00"),
        (MOMENT, "2026-12-01T00:00:00"),
        ({"a": "1", "b": None}, {"a": "1"}),
        ({"per_model": {"x": 5}}, {"per_model": {"x": Decimal(5)}}),
    ],
)
def test_spellings_of_the_same(wanted, found):
    assert is_same(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (0, None),
        (None, 0),
        (Decimal(0), None),
        (True, False),
        (True, None),
        (Decimal("0.1"), 0.1001),
        (1, True),
        (["a"], ["a", "b"]),
        (["a"], []),
        ("a", "A"),
        (MOMENT, None),
        (None, "2026-12-01T00:00:00Z"),
        (MOMENT, "2026-12-01T00:00:09Z"),
        (MOMENT, "soon"),
        ({"a": "1"}, {"a": "1", "b": "2"}),
        ({"a": "1"}, "a"),
    ],
)
def test_what_is_not_the_same(wanted, found):
    assert not is_same(wanted, found)


def test_only_named_fields_are_compared_and_both_values_told():
    wanted = {"max_budget": Decimal(5), "user_id": "u", "blocked": False}
    found = {"max_budget": 7, "user_id": "u", "spend": 3}
    assert differences(wanted, found) == [Difference("max_budget", Decimal(5), 7)]


def test_an_expiry_may_be_a_little_late_and_not_more():
    assert is_same(MOMENT, (MOMENT + timedelta(seconds=5)).isoformat())
    assert not is_same(MOMENT, (MOMENT + timedelta(seconds=6)).isoformat())
