"""Programs of npm that tests run beside them: fetched when they are not there, each in a folder with its lock file."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@contextmanager
def fetched(folder: Path) -> Iterator[dict[str, str]]:
    """The environment to run `node` in, with the packages of `folder` there."""
    sys.path.insert(0, str(PROJECT / "frontend"))
    import assets

    with assets.node_environment(Path(sys.executable)) as environment:
        _fetch(folder, environment)
        yield environment


def _fetch(folder: Path, environment: dict[str, str]) -> None:
    """`npm ci` unless what is there comes from this very lock file. Two test workers at once: one of them fetches."""
    stamp = folder / "node_modules" / "installed-from"
    wanted = (folder / "package-lock.json").read_text()
    with open(folder / "package.json") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        shutil.copy(PROJECT / ".npmrc", folder / ".npmrc")
        subprocess.run(
            ["npm", "ci", "--ignore-scripts"], cwd=folder, env=environment, check=True, capture_output=True
        )
        stamp.write_text(wanted)
