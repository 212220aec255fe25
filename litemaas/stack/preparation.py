"""What has to be done with Django before the web server starts, each in one process to save its start-up time."""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import django


def prepare_database() -> None:
    """Tables, demo users, and the models of the gateway as far as it answers."""
    from django.conf import settings
    from django.core.management import call_command
    from django.core.management.base import CommandError

    call_command("migrate", interactive=False, verbosity=0)
    if settings.DEMO:
        call_command("seed_demo")
    try:
        call_command("sync_models")
    except CommandError as error:
        print(
            f"The models could not be read from the gateway: {error} The worker tries again every ten minutes."
        )


def prepare_static_files() -> None:
    """collectstatic, unless nothing has changed since the last one."""
    from django.conf import settings
    from django.core.management import call_command

    stamp = Path(settings.STATIC_ROOT) / ".collected-from"
    sources = _fingerprint()
    if not stamp.exists() or stamp.read_text() != sources:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(sources)


def _fingerprint() -> str:
    """Of names, sizes and times of all static files: reading them would take as long as collecting them."""
    rows = sorted(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in _static_files())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _static_files() -> Iterator[Path]:
    from django.contrib.staticfiles.finders import get_finders

    for finder in get_finders():
        for name, storage in finder.list([]):
            yield Path(storage.path(name))


JOBS: dict[str, Callable[[], None]] = {"database": prepare_database, "static": prepare_static_files}


def main(job: str) -> None:
    started = time.monotonic()
    django.setup()
    JOBS[job]()
    print(f"{job} ready after {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1])
