"""Every text that the sources mark is there in every language, and says what it has to say of placeholders."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation import to_locale

sys.path.insert(0, str(settings.BASE_DIR / "frontend"))
import translations

LOCALES = [to_locale(code) for code, _name in settings.LANGUAGES if code != "en"]
# Placeholders, tags and addresses have to come through a translation as they are; their order may change.
MARKS = re.compile(r"%\(\w+\)[sd]|%%|\{\w*\}|</?\w+[^>]*>|https?://\S+")


def catalogue(locale: str) -> polib.POFile:
    return polib.pofile(str(translations.LOCALE / locale / "LC_MESSAGES" / "django.po"))


def identity(entry: polib.POEntry) -> tuple[str | None, str, str]:
    return entry.msgctxt, entry.msgid, entry.msgid_plural


@pytest.fixture(scope="session")
def extracted(tmp_path_factory) -> set[tuple[str | None, str, str]]:
    """What `make messages` would find in the sources now."""
    folder = tmp_path_factory.mktemp("sources")
    tracked = subprocess.run(
        ["git", "ls-files", "*.py", "*.html", "*.txt"],
        cwd=settings.BASE_DIR,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in tracked.stdout.split():
        if Path(name).parts[0] not in translations.IGNORED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(settings.BASE_DIR / name, folder / name)
    (folder / "locale").mkdir()
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "--locale", "de"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return {identity(entry) for entry in polib.pofile(str(folder / "locale/de/LC_MESSAGES/django.po"))}


def test_there_is_a_catalogue_for_each_language():
    assert {source.parent.parent.name for source in translations.catalogues()} == set(LOCALES)


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_missing_and_nothing_uncertain(locale, extracted):
    entries = catalogue(locale)
    done = {identity(entry) for entry in entries if entry.translated()}
    assert extracted - done == set(), "run `make messages` and translate what is new"
    assert [entry.msgid for entry in entries if entry.fuzzy or entry.obsolete] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_come_through(locale):
    entries = catalogue(locale)
    forms = int(re.search(r"nplurals=(\d)", entries.metadata["Plural-Forms"])[1])
    for entry in entries:
        if entry.msgid_plural:
            assert len(entry.msgstr_plural) == forms, entry.msgid
            # The last form is for many; the others may say "one" in words.
            assert marks(entry.msgstr_plural[forms - 1]) == marks(entry.msgid_plural), entry.msgid
            for text in entry.msgstr_plural.values():
                assert set(marks(text)) <= set(marks(entry.msgid_plural)), entry.msgid
        else:
            assert marks(entry.msgstr) == marks(entry.msgid), entry.msgid
            assert entry.msgid.endswith("\n") == entry.msgstr.endswith("\n"), entry.msgid


def marks(text: str) -> list[str]:
    return sorted(MARKS.findall(text))


@pytest.mark.parametrize("locale", LOCALES)
def test_django_reads_what_was_compiled(locale):
    translations.compile_all()
    compiled = polib.mofile(str(translations.LOCALE / locale / "LC_MESSAGES" / "django.mo"))
    assert len(compiled) == len(catalogue(locale).translated_entries())
