import pytest

from litemaas.redaction import MASK, redact, redact_text

SECRET = "sk-0123456789abcdefghij"


@pytest.mark.parametrize(
    "text",
    [
        f"key {SECRET} is blocked",
        "Authorization: Bearer abc.def.ghi123",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "ltm_admin_abcdefghijkl",
    ],
)
def test_whatever_looks_like_a_credential_is_masked_in_text(text):
    hidden = redact_text(text)
    assert MASK in hidden
    assert not any(part in hidden for part in (SECRET, "abc.def", "c2lnbmF0dXJl", "abcdefghijkl"))


def test_values_under_secret_names_are_masked_at_any_depth():
    assert redact({"a": [{"password": "hunter2", "name": "x"}]}) == {"a": [{"password": MASK, "name": "x"}]}


def test_a_missing_secret_stays_missing():
    assert redact({"password": None}) == {"password": None}


def test_ordinary_data_is_left_alone():
    data = {"model": "gpt-4o", "count": 3, "nested": {"ok": True}}
    assert redact(data) == data
