import io

import pytest
from rest_framework.exceptions import ParseError

from litemaas.api.parsing import MAX_BODY_BYTES, PayloadTooLarge, StrictJSONParser


def parse(raw):
    return StrictJSONParser().parse(io.BytesIO(raw))


@pytest.mark.parametrize("raw", [b"", b"  \n"])
def test_an_empty_body_is_an_empty_object(raw):
    assert parse(raw) == {}


def test_an_object_is_read():
    assert parse(b'{"name": "k\xc3\xa4y", "n": 1.5}') == {"name": "käy", "n": 1.5}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"{", "line 1"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": 1e400}', "too large"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b"[1]", "object"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "deep"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON"),
    ],
)
def test_what_cannot_be_meant_or_kept_is_refused_with_the_reason(raw, says):
    with pytest.raises(ParseError, match=says):
        parse(raw)


def test_a_body_over_the_limit_is_refused_without_reading_on():
    with pytest.raises(PayloadTooLarge):
        parse(b'"' + b"x" * MAX_BODY_BYTES + b'"')
