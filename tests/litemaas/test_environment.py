import pytest
from django.core.exceptions import ImproperlyConfigured

from litemaas import env


def test_a_missing_required_value_is_named(monkeypatch):
    monkeypatch.delenv("SOME_SETTING", raising=False)
    with pytest.raises(ImproperlyConfigured, match="SOME_SETTING"):
        env.text("SOME_SETTING")


def test_a_secret_can_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv("SOME_SETTING_FILE", str(tmp_path / "secret"))
    assert env.text("SOME_SETTING") == "from the file"


def test_an_unreadable_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("SOME_SETTING_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="SOME_SETTING_FILE"):
        env.text("SOME_SETTING")


@pytest.mark.parametrize(("raw", "value"), [("true", True), ("0", False), ("FALSE", False), ("1", True)])
def test_flags_are_read(monkeypatch, raw, value):
    monkeypatch.setenv("SOME_FLAG", raw)
    assert env.flag("SOME_FLAG", default=False) is value


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (lambda: env.flag("SOME_SETTING", default=True), "yes"),
        (lambda: env.number("SOME_SETTING", 1), "ten"),
        (lambda: env.number("SOME_SETTING", 1, minimum=1), "0"),
        (lambda: env.choices("SOME_SETTING", names={"key"}, values={"report"}), "key=repair"),
        (lambda: env.choices("SOME_SETTING", names={"key"}, values={"report"}), "team=report"),
        (lambda: env.choices("SOME_SETTING", names={"key"}, values={"report"}), "key"),
    ],
)
def test_a_wrong_value_stops_the_start_with_the_name(monkeypatch, read, raw):
    monkeypatch.setenv("SOME_SETTING", raw)
    with pytest.raises(ImproperlyConfigured, match="SOME_SETTING"):
        read()


def test_lists_drop_blanks(monkeypatch):
    monkeypatch.setenv("SOME_LIST", "a, b,,")
    assert env.listing("SOME_LIST") == ["a", "b"]


def test_pairs_are_read(monkeypatch):
    monkeypatch.setenv("SOME_SETTING", "key=report, user=repair")
    read = env.choices("SOME_SETTING", names={"key", "user"}, values={"report", "repair"})
    assert read == {"key": "report", "user": "repair"}
