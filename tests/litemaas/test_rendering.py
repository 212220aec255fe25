from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from litemaas.api.rendering import dumps


@pytest.mark.parametrize(
    ("amount", "wire"),
    [
        ("0.0000001500", b"0.00000015"),
        ("0E-18", b"0"),
        ("1E+3", b"1000"),
        ("0.00069000000000000010", b"0.0006900000000000001"),
    ],
)
def test_money_is_a_plain_number_with_every_digit_it_has(amount, wire):
    assert dumps({"cost": Decimal(amount)}) == b'{"cost":' + wire + b"}"


@pytest.mark.parametrize("number", [10**300, 2**64, -(2**63) - 1])
def test_whole_numbers_of_any_length_keep_their_digits(number):
    assert dumps({"notes": [{"n": number, "cost": Decimal("0.10")}]}) == (
        b'{"notes":[{"n":%d,"cost":0.1}]}' % number
    )


def test_times_are_utc_with_z_and_ids_are_text():
    value = {"at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "id": UUID(int=1)}
    assert dumps(value) == b'{"at":"2026-01-02T03:04:05Z","id":"00000000-0000-0000-0000-000000000001"}'
