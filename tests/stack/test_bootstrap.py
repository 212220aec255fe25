"""The set-up from nothing: what it says when it can't go on, and that it does nothing twice."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack.programs import PROJECT
from tests.stack.test_refusals import with_namespaces

NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the set-up needs, without packages to install and with its assets built."""
    return lay_out(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that is set up already."""
    project = lay_out(tmp_path_factory.mktemp("finished"))
    assert set_up(project).returncode == 0
    return project


@pytest.fixture
def ready(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "project", symlinks=True))


def lay_out(project: Path) -> Path:
    for name in ("bootstrap.py", "package.json", "package-lock.json", ".npmrc"):
        shutil.copy(PROJECT / name, project / name)
    shutil.copytree(PROJECT / "frontend", project / "frontend")
    (project / "requirements").mkdir()
    for name in ("app.txt", "dev.txt", "bootstrap.txt", "node.txt"):
        (project / "requirements" / name).touch()
    give_assets(project)
    return project


def give_assets(project: Path) -> None:
    """One small file in place of the real ones, as the manifest says."""
    vendor = project / "static" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "icons.svg").write_text("<svg/>")
    manifest = json.loads((project / "frontend/assets.json").read_text())
    manifest["files"] = {"icons.svg": hashlib.sha256(b"<svg/>").hexdigest()}
    (project / "frontend/assets.json").write_text(json.dumps(manifest))


def set_up(project: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(project),
        "PIP_CONFIG_FILE": os.devnull,
        **environment,
    }
    return subprocess.run(
        [base_python(), "bootstrap.py"],
        cwd=project,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def base_python() -> str:
    return os.path.realpath(sys.executable)


def require_package(project: Path) -> None:
    hashed = f"six==1.17.0 --hash=sha256:{'0' * 64}\n"
    (project / "requirements/app.txt").write_text(hashed)


def test_it_makes_the_environment_once_and_then_has_nothing_to_do(project: Path) -> None:
    first = set_up(project, PIP_INDEX_URL=NOWHERE)
    assert first.returncode == 0, first.stderr
    assert "Making the environment" in first.stdout
    second = set_up(project, PIP_INDEX_URL=NOWHERE)
    assert (second.returncode, second.stdout) == (0, "")
    third = subprocess.run([project / ".venv/bin/python", "-c", "import bootstrap"], cwd="/", check=False)
    assert third.returncode == 0


def test_a_changed_requirement_is_installed_again_and_a_registry_out_of_reach_is_named(ready: Path) -> None:
    require_package(ready)
    done = set_up(
        ready, PIP_INDEX_URL=NOWHERE, UV_DEFAULT_INDEX=NOWHERE, PIP_RETRIES="0", UV_HTTP_RETRIES="0"
    )
    assert done.returncode == 1
    assert "the package registry is out of reach. Check the network" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_broken_environment_is_made_again(ready: Path) -> None:
    (ready / ".venv/bin/python").unlink()
    done = set_up(ready)
    assert "Making the environment" in done.stdout
    assert done.returncode == 0


def test_an_old_python_is_refused_by_its_number(project: Path) -> None:
    code = "import sys; sys.version_info = (3, 9, 2, 'final', 0); exec(open('bootstrap.py').read())"
    done = subprocess.run(
        [base_python(), "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "LiteMaaS needs Python 3.11 or newer, and this is Python 3.9." in done.stderr


def test_a_python_without_venv_gets_the_name_of_the_package(project: Path) -> None:
    stub = project / "stub"
    stub.mkdir()
    (stub / "ensurepip.py").write_text(
        "raise ModuleNotFoundError('No module named ensurepip', name='ensurepip')"
    )
    done = set_up(project, PYTHONPATH=str(stub))
    assert done.returncode == 1
    assert "the module ensurepip is missing" in done.stderr
    assert "apt install python3-venv" in done.stderr


@with_namespaces
def test_a_full_disk_is_said_before_anything_is_made(project: Path) -> None:
    inside = f"mount -t tmpfs -o size=9m none {project}/small && cp -r {project}/[!s]* {project}/small/"
    (project / "small").mkdir()
    command = f"{inside} && cd {project}/small && exec {base_python()} bootstrap.py"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "The disk is full: " in done.stderr


def test_assets_that_were_changed_are_built_again_and_an_npm_registry_out_of_reach_is_named(
    ready: Path,
) -> None:
    (ready / "static/vendor/icons.svg").write_text("<svg>changed</svg>")
    settings = {
        "npm_config_registry": NOWHERE,
        "npm_config_fetch_retries": "0",
        "npm_config_prefer_online": "true",
    }
    done = set_up(ready, **settings, npm_config_cache=str(ready / "cache"))
    assert done.returncode == 1
    assert "The front-end packages could not be fetched: the package registry is out of reach." in done.stderr


def test_a_changed_build_needs_a_renewed_manifest(ready: Path) -> None:
    (ready / "frontend/icons.json").write_text("{}")
    (ready / "static/vendor/icons.svg").unlink()
    done = set_up(ready)
    assert done.returncode == 1
    assert "frontend/icons.json changed since frontend/assets.json was written" in done.stderr
    assert "`make assets`" in done.stderr


def test_no_lock_file_holds_a_download_address() -> None:
    names = [
        "package-lock.json",
        ".npmrc",
        *(f"requirements/{path.name}" for path in PROJECT.glob("requirements/*.txt")),
    ]
    assert len(names) == 6
    for name in names:
        text = (PROJECT / name).read_text()
        assert '"resolved"' not in text
        assert not any(
            line.startswith(("--index-url", "--extra-index-url", "--find-links"))
            for line in text.splitlines()
        )


def test_the_committed_manifest_is_of_the_committed_build() -> None:
    listed = json.loads((PROJECT / "frontend/assets.json").read_text())["inputs"]
    assert listed == {name: hashlib.sha256((PROJECT / name).read_bytes()).hexdigest() for name in listed}


def test_the_sprite_has_every_icon_of_the_list() -> None:
    sprite = (PROJECT / "static/vendor/icons.svg").read_text()
    missing = [
        name
        for name in json.loads((PROJECT / "frontend/icons.json").read_text())
        if f'id="{name}"' not in sprite
    ]
    assert missing == []
