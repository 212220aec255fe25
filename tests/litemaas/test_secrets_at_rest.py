import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured

from litemaas import crypto
from litemaas.crypto.sealing import rewrapped

OLD, NEW = crypto.new_key("old"), crypto.new_key("new")


@pytest.fixture
def ring(settings):
    def use(*keys):
        settings.ENCRYPTION_KEYS = list(keys)

    use(OLD)
    return use


def test_a_sealed_secret_opens_again(ring):
    assert crypto.open_sealed(crypto.seal("sk-secret", bound_to="row 1"), bound_to="row 1") == "sk-secret"


def test_the_same_secret_is_sealed_differently_each_time(ring):
    assert crypto.seal("sk-secret", bound_to="row") != crypto.seal("sk-secret", bound_to="row")


def test_nothing_of_the_secret_is_readable(ring):
    assert b"sk-secret" not in crypto.seal("sk-secret", bound_to="row")


def test_a_sealed_secret_of_another_row_does_not_open(ring):
    sealed = crypto.seal("sk-secret", bound_to="row 1")
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(sealed, bound_to="row 2")


def test_a_changed_secret_does_not_open(ring):
    sealed = bytearray(crypto.seal("sk-secret", bound_to="row"))
    sealed[-1] ^= 1
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(bytes(sealed), bound_to="row")


def test_a_new_key_in_front_still_opens_what_the_old_one_sealed(ring):
    sealed = crypto.seal("sk-secret", bound_to="row")
    ring(NEW, OLD)
    assert crypto.open_sealed(sealed, bound_to="row") == "sk-secret"
    assert crypto.key_name_of(crypto.seal("x", bound_to="row")) == "new"


def test_what_the_first_format_sealed_still_opens(ring):
    """The master key itself encrypted it, without a data key in between."""
    key = AESGCM(base64.b64decode(OLD.partition(":")[2]))
    sealed = b"\x03old" + b"n" * 12 + key.encrypt(b"n" * 12, b"sk-secret", b"row")
    assert crypto.open_sealed(sealed, bound_to="row") == "sk-secret"
    assert crypto.key_name_of(sealed) == "old"
    ring(NEW, OLD)
    renewed = rewrapped(sealed, bound_to="row")
    ring(NEW)
    assert crypto.open_sealed(renewed, bound_to="row") == "sk-secret"


def test_a_key_is_turned_without_touching_the_secret(ring):
    sealed = crypto.seal("sk-secret", bound_to="row")
    ring(NEW, OLD)
    renewed = rewrapped(sealed, bound_to="row")
    assert renewed[-25:] == sealed[-25:]
    assert crypto.key_name_of(renewed) == "new"
    assert rewrapped(renewed, bound_to="row") is None


@pytest.mark.parametrize("junk", [b"", b"\x00", b"\x00\x02", b"\x00\x02\x03old", b"\xffabc"])
def test_junk_does_not_open(ring, junk):
    with pytest.raises(crypto.CannotOpen):
        crypto.open_sealed(junk, bound_to="row")


def test_a_retired_key_opens_nothing_and_says_so(ring):
    sealed = crypto.seal("sk-secret", bound_to="row")
    ring(NEW)
    with pytest.raises(crypto.CannotOpen, match="ENCRYPTION_KEYS"):
        crypto.open_sealed(sealed, bound_to="row")


@pytest.mark.parametrize("entry", ["nameless", ":abcd", "short:YWJj", "bad:***"])
def test_a_malformed_ring_is_refused_by_name(ring, entry):
    ring(entry)
    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS"):
        crypto.seal("x", bound_to="row")
