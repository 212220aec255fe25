"""JSON of gateways: fast, and with every digit that was written."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litemaas import loose_json


@given(st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=20) | st.decimals(0, 1, places=9))
def test_no_digit_is_lost(number):
    found = loose_json.loads(f'{{"cost": {number:f}, "text": "3.14159265358979323846"}}'.encode())["cost"]
    assert Decimal(str(found)) == number


@given(st.lists(st.floats(0, 1e15), min_size=1))
def test_what_programs_write_of_floats_is_read_fast_and_exactly(numbers):
    raw = json.dumps(numbers).encode()
    assert loose_json.loads(raw) == numbers
    assert loose_json._fits_floats(raw)


@pytest.mark.parametrize(
    "text",
    ["0.1234567890123456789", "1234567.12345678901", "0.12345678901234567", "1.2345678901234567891e-7"],
)
def test_more_digits_than_a_float_holds_come_as_decimals(text):
    assert loose_json.loads(f"[{text}]".encode()) == [Decimal(text)]


def test_what_is_no_json_is_told():
    for raw in (b"", b"[1,", b"\xff", b"[" * 200_000):
        with pytest.raises(ValueError):
            loose_json.loads(raw)
    assert str(loose_json.loads(b"[NaN]")[0]) == "nan"
