"""static/vendor: is it what the manifest of hashes says, and if not, fetch and build it. Standard library only.

`python frontend/assets.py renew`, after a change of package.json or of the build, writes the manifest anew.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MANIFEST = PROJECT / "frontend" / "assets.json"
VENDOR = PROJECT / "static" / "vendor"
NODE_REQUIREMENTS = PROJECT / "requirements" / "node.txt"
OLDEST_NODE = 20


class BuildError(Exception):
    """The assets could not be built; `output` is what the failing program said."""

    def __init__(self, message: str, output: "subprocess.CompletedProcess[str]") -> None:
        super().__init__(message)
        self.output = output


def are_current() -> bool:
    """Whether static/vendor holds exactly what the manifest lists."""
    return _listed("files") == _built()


def build(python: Path) -> None:
    """Fetch with npm, build with esbuild, check. `python` makes Node's environment if need be. Raises BuildError."""
    _require_manifest_of_these_inputs()
    _make(python)
    if not are_current():
        raise BuildError(_differences(), _nothing_said())


def renew(python: Path) -> None:
    """Build, and take the result as the new manifest. Raises BuildError."""
    _make(python, "--renew")


def _make(python: Path, *flags: str) -> None:
    with node_environment(python) as environment:
        _run("The front-end packages could not be fetched", ["npm", "ci", "--ignore-scripts"], environment)
        _run("The front-end assets could not be built", ["node", "frontend/build.mjs", *flags], environment)


@contextmanager
def node_environment(python: Path) -> "Iterator[dict[str, str]]":
    """An environment in which `node` and `npm` are found: the system's, or a throw-away one from the wheel."""
    if _system_node_is_usable():
        yield dict(os.environ)
        return
    with tempfile.TemporaryDirectory(prefix="litemaas-node-") as folder:
        venv.create(folder, symlinks=True, with_pip=True)
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run(
            "Node.js could not be fetched",
            [*pip, "--require-hashes", "-r", str(NODE_REQUIREMENTS)],
            dict(os.environ),
        )
        yield {**os.environ, "PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}"}


def _system_node_is_usable() -> bool:
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", version)
    return found is not None and int(found[1]) >= OLDEST_NODE


def _run(what: str, command: "list[str]", environment: "dict[str, str]") -> None:
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    done = subprocess.run(
        [program, *command[1:]], env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildError(what, done)


def _require_manifest_of_these_inputs() -> None:
    changed = [name for name, digest in _listed("inputs").items() if _sha256(PROJECT / name) != digest]
    if changed:
        raise BuildError(
            f"{', '.join(changed)} changed since frontend/assets.json was written: look at the change, then "
            "renew it with `make assets`",
            _nothing_said(),
        )


def _differences() -> str:
    listed, built = _listed("files"), _built()
    names = sorted(name for name in {*listed, *built} if listed.get(name) != built.get(name))
    return f"The built assets are not what frontend/assets.json says: {', '.join(names)}"


def _listed(kind: str) -> "dict[str, str]":
    """Hash by file name, as the manifest has it."""
    return dict(json.loads(MANIFEST.read_text())[kind])


def _built() -> "dict[str, str]":
    return {str(path.relative_to(VENDOR)): _sha256(path) for path in VENDOR.rglob("*") if path.is_file()}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _nothing_said() -> "subprocess.CompletedProcess[str]":
    return subprocess.CompletedProcess([], 1, "", "")


if __name__ == "__main__":
    if sys.argv[1:] != ["renew"]:
        sys.exit(__doc__)
    renew(Path(sys.executable))
