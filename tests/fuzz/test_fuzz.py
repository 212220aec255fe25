"""A short run of `make fuzz`, always the same: each role, a few seconds for what is at the edge of each parameter, and
a few for chains of making, reading, changing and deleting.
"""

import os
import subprocess
import sys


def test_nothing_breaks_and_nothing_of_others_is_shown():
    # Servers of its own: the test run's must not be taken for them.
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    phases = ("--seconds", "6", "--chains", "6", "--phases", "coverage,stateful")
    # What the document says of requests is for the long run: how far a few seconds reach depends on the machine.
    left = (
        "not_a_server_error,object_level_authorization,positive_data_acceptance,negative_data_rejection,"
        "unsupported_method,allow_header_conformance,missing_required_header,status_code_conformance,"
        "ensure_resource_availability"
    )
    command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz", *phases, "--exclude", left]
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, _found(done.stdout) + done.stderr[-2000:]


def _found(text: str) -> str:
    """What was found and the end of the report, without the pages of warnings between them."""
    _before, mark, after = text.partition(" FAILURES ")
    return f"{mark}{after[:6000]} […] {text[-1500:]}"
