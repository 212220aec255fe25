"""Sets the project up, with nothing but Python's standard library: environment, packages, front-end assets.

`python3 bootstrap.py` is what every `make` target does first. It does nothing where nothing has changed. Package
clients read the environment's own configuration (pip's, uv's, npm's); no address is ever written to a file here.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  this very check is what tells users of older versions
    sys.exit(
        "LiteMaaS needs Python 3.11 or newer, and this is Python %d.%d. "  # noqa: UP031  must parse anywhere
        "Install a newer one, then name it: `make run PYTHON=python3.12`." % sys.version_info[:2]
    )

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed-from"
REQUIREMENTS = [PROJECT / "requirements" / name for name in ("app.txt", "dev.txt")]
INSTALLER = PROJECT / "requirements" / "bootstrap.txt"
# What environment, packages, Node's folder and the built assets need, in bytes.
LEAST_FREE_SPACE = 1500 * 1024 * 1024
# "from versions: none" is what pip says of a pinned package when its index does not answer at all.
_UNREACHABLE = re.compile(
    "from versions: none|Failed to establish a new connection|Connection refused|Could not connect|Max retries"
    "|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|name resolution|dns error|timed out"
    r"|error sending request|client error \(Connect\)",
    re.IGNORECASE,
)


class SetupError(Exception):
    """A plain-word message: what is wrong and what helps."""


def set_up() -> None:
    """Bring everything up to date. Raises SetupError."""
    with only_one():
        packages_are_current = installed_from() == wanted()
        if not packages_are_current:
            check_space()
            make_environment()
            install_packages()
            STAMP.write_text(wanted())
        prepare_assets()
        compile_translations()


def wanted() -> str:
    """What the environment has to be made from: the interpreter and the requirement files."""
    contents = b"".join(path.read_bytes() for path in (*REQUIREMENTS, INSTALLER))
    return "{}.{} {}".format(*sys.version_info[:2], hashlib.sha256(contents).hexdigest())


def installed_from() -> "str | None":
    """What a working environment was made from, or None."""
    if not STAMP.exists() or not runs(PYTHON):
        return None
    return STAMP.read_text()


def make_environment() -> None:
    """A virtual environment of this interpreter's version, in place of one that is broken or of another version."""
    version = "import sys; print('%d.%d' % sys.version_info[:2])"
    if runs(PYTHON) and said([str(PYTHON), "-c", version]) == "%d.%d" % sys.version_info[:2]:  # noqa: UP031
        return
    try:
        import ensurepip  # noqa: F401  missing where a distribution has split it off
        import venv
    except ImportError as error:
        raise SetupError(
            f"This Python ({sys.executable}) can't make virtual environments: the module {error.name} is missing. On "
            "Debian and Ubuntu: `apt install python3-venv`; elsewhere use a complete Python, `make run PYTHON=…`."
        ) from error
    tell("Making the environment .venv")
    venv.create(VENV, clear=True, symlinks=True, with_pip=True)


def install_packages() -> None:
    """By uv, which takes seconds; by pip where uv can't be had or can't reach what pip reaches."""
    tell("Installing the Python packages (uv: seconds, pip: about a minute)")
    hashed = ["--require-hashes", *(part for path in REQUIREMENTS for part in ("-r", str(path)))]
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    have_uv = attempt([*pip, "--require-hashes", "-r", str(INSTALLER)])
    if have_uv.returncode == 0:
        uv = [
            str(PYTHON),
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(PYTHON),
        ]
        if attempt([*uv, *hashed], as_pip_is_configured()).returncode == 0:
            return make_importable()
    installed = attempt([*pip, *hashed])
    if installed.returncode != 0:
        raise SetupError(explained("The Python packages could not be installed", installed))
    return make_importable()


def as_pip_is_configured() -> "dict[str, str]":
    """uv does not read pip's settings, so they are handed to it, except where uv has its own."""
    # pip takes a version from whichever index has it; uv would stop at the first one that knows the name. What may
    # come from where is settled by the hashes.
    alike = {"UV_INDEX_STRATEGY": "unsafe-best-match"} if "UV_INDEX_STRATEGY" not in os.environ else {}
    listed = said([str(PYTHON), "-m", "pip", "config", "list"])
    found = dict(re.findall(r"^(?:global|install|user|site|:env:)\.([\w-]+)='(.*)'$", listed, re.MULTILINE))
    names = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
    return alike | {uv: found[pip] for pip, uv in names.items() if pip in found and uv not in os.environ}


def make_importable() -> None:
    """So that pytest, celery and the rest find the project from wherever they are called."""
    folder = said([str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    (Path(folder) / "litemaas.pth").write_text(f"{PROJECT}\n")


def prepare_assets() -> None:
    """static/vendor, fetched and built when it is not what frontend/assets.json says."""
    sys.path.insert(0, str(PROJECT / "frontend"))
    import assets

    if assets.are_current():
        return
    tell("Fetching and building the front-end assets")
    check_space()
    try:
        assets.build(PYTHON)
    except assets.BuildError as error:
        raise SetupError(explained(str(error), error.output)) from error


def compile_translations() -> None:
    """locale/*/LC_MESSAGES/django.mo, where the catalogue is newer."""
    import translations

    if not translations.are_current():
        subprocess.run([str(PYTHON), translations.__file__], check=True)


@contextlib.contextmanager
def only_one() -> "Iterator[None]":
    """Two set-ups in one folder would spoil each other; the second waits."""
    with open(PROJECT / "requirements" / "app.txt") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def check_space() -> None:
    free = shutil.disk_usage(PROJECT).free
    if free < LEAST_FREE_SPACE:
        raise SetupError(
            f"The disk is full: {free // 1024**2} MB are left in {PROJECT}, and the set-up needs about "
            f"{LEAST_FREE_SPACE // 1024**2} MB. Make room and start again."
        )


def attempt(
    command: "list[str]", extra: "dict[str, str] | None" = None
) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **(extra or {})}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=PROJECT)


def explained(what: str, failed: "subprocess.CompletedProcess[str]") -> str:
    """The cause in plain words where it is one of the usual ones, and what the client said last."""
    output = f"{failed.stdout}\n{failed.stderr}".strip()
    last = "\n".join(f"  {line}" for line in output.splitlines()[-12:])
    if "No space left on device" in output or "ENOSPC" in output:
        return f"{what}: the disk is full. Make room and start again."
    if _UNREACHABLE.search(output):
        return (
            f"{what}: the package registry is out of reach. Check the network and the settings of pip and npm "
            f"(index, proxy), then start again. The client said:\n{last}"
        )
    return f"{what}. The client said:\n{last}"


def runs(python: Path) -> bool:
    return python.exists() and attempt([str(python), "-c", ""]).returncode == 0


def said(command: "list[str]") -> str:
    return attempt(command).stdout.strip()


def tell(text: str) -> None:
    print(f"[set-up] {text} …", flush=True)


if __name__ == "__main__":
    try:
        set_up()
    except SetupError as problem:
        sys.exit(f"\n{problem}")
    except OSError as problem:
        if problem.errno != errno.ENOSPC:
            raise
        sys.exit("\nThe disk is full. Make room and start again.")
