"""`python -m litemaas.stack services`: PostgreSQL and Valkey for a test or bench run, thrown away at the end.

Prints their settings as one line of JSON and stays until its standard input is closed, so that they end with whoever
asked for them, however that ends.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from litemaas.stack.backing import backing
from litemaas.stack.console import Console
from litemaas.stack.layout import Layout
from litemaas.stack.session import supervised


def serve() -> None:
    """Raises StackError."""
    folder = Path(tempfile.mkdtemp(prefix="litemaas-"))
    try:
        _serve(Layout(folder))
    finally:
        shutil.rmtree(folder)


def _serve(layout: Layout) -> None:
    with supervised(layout, Console(quiet=True)) as session:
        servers = backing(layout, lasting=False)
        servers.start(session.supervisor)
        print(json.dumps(servers.environment), flush=True)
        session.supervisor.run_until_closed(sys.stdin.fileno())
