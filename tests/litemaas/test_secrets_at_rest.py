import pytest
from django.core.exceptions import ImproperlyConfigured

from litemaas import crypto

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
    assert crypto.seal("x", bound_to="row")[1:4] == b"new"


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
