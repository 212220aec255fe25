"""The catalogues of translations: `locale/<language>/LC_MESSAGES/django.po`, compiled at set-up into what Django reads.

`python frontend/translations.py renew` (`make messages`) brings the .po files up to the sources; it needs GNU gettext.
What is then missing or fuzzy has to be translated: tests/litemaas/test_translations.py says so.
"""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOCALE = PROJECT / "locale"
# Texts of people only: what is extracted from elsewhere is of no use to a translator.
IGNORED = ("node_modules", ".venv", "tests", "bench", "var", "build", "docs")


def catalogues() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def are_current() -> bool:
    """Whether every catalogue was compiled after its last change. Needs nothing but the standard library."""
    return all(_is_current(source) for source in catalogues())


def compile_all() -> None:
    import polib  # part of the environment, which may not have been there when this module was imported

    for source in catalogues():
        if not _is_current(source):
            polib.pofile(str(source)).save_as_mofile(str(source.with_suffix(".mo")))


def renew() -> None:
    """Extract the marked texts of the sources into every catalogue."""
    languages = [part for source in catalogues() for part in ("--locale", source.parent.parent.name)]
    ignored = [part for name in IGNORED for part in ("--ignore", name)]
    command = [sys.executable, "-m", "django", "makemessages", *languages, *ignored]
    subprocess.run(
        [*command, "--no-obsolete", "--add-location", "file", "--no-wrap"], cwd=PROJECT, check=True
    )


def _is_current(source: Path) -> bool:
    made = source.with_suffix(".mo")
    return made.exists() and made.stat().st_mtime_ns >= source.stat().st_mtime_ns


if __name__ == "__main__":
    if sys.argv[1:] == ["renew"]:
        renew()
    compile_all()
