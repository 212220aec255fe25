"""Have the static files changed since they were collected? Answered without Django, which takes seconds to load."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from litemaas.stack.layout import PROJECT, Layout


def are_collected(layout: Layout) -> bool:
    """Whether the last collection was made from what is there now."""
    stamp = _stamp(layout)
    return (_target() / "staticfiles.json").exists() and stamp.exists() and stamp.read_text() == _sources()


def note_collected(layout: Layout) -> None:
    _stamp(layout).write_text(_sources())


def forget_collected(layout: Layout) -> None:
    """Before a collection: if it fails half-way, the next start makes another."""
    _stamp(layout).unlink(missing_ok=True)


def _stamp(layout: Layout) -> Path:
    return layout.run / "static-files"


def _target() -> Path:
    """As in the settings."""
    return Path(os.environ.get("STATIC_ROOT") or PROJECT / "staticfiles")


def _sources() -> str:
    """Names, sizes and times of our files; the packages' own change only with the environment."""
    return hashlib.sha256("\n".join(sorted(_facts())).encode()).hexdigest()


def _facts() -> Iterator[str]:
    installed = PROJECT / ".venv" / "installed-from"
    settings = PROJECT / "litemaas" / "settings.py"
    ours = (path for folder in _folders() for path in folder.rglob("*") if path.is_file())
    for path in (*(file for file in (installed, settings) if file.exists()), *ours):
        facts = path.stat()
        yield f"{path} {facts.st_size} {facts.st_mtime_ns}"


def _folders() -> list[Path]:
    return [PROJECT / "static", PROJECT / "docs" / "images", *PROJECT.glob("*/static")]
