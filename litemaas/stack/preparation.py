"""What has to be done with Django before the web server starts, each in one process to save its start-up time."""

import sys
import time
from collections.abc import Callable

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
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, clear=True, verbosity=0)


JOBS: dict[str, Callable[[], None]] = {"database": prepare_database, "static": prepare_static_files}


def main(job: str) -> None:
    started = time.monotonic()
    django.setup()
    JOBS[job]()
    print(f"{job} ready after {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1])
