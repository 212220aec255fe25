"""`make bench`: how fast the portal answers, on a data set of real size, with production settings.

Starts its own PostgreSQL, Valkey and web server, seeds them, loads them with wrk and prints a Markdown table. For the
reads no gateway is there: one that asked it would fail. `--group operators` measures what operators read, and writes.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from bench import load, report, servers

if TYPE_CHECKING:
    from bench import data


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="length of each run (8)")
    parser.add_argument(
        "--group", choices=["reads", "operators"], default="reads", help="what is measured (reads)"
    )
    parser.add_argument("--audit-rows", type=int, default=1_000_000, help="for operators (1,000,000)")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        print(
            "make bench needs wrk (https://github.com/wg/wrk, `apt install wrk`). It is not on the PATH.",
            file=sys.stderr,
        )
        return 1
    with servers.backing() as environment:
        os.environ.update(environment)
        if arguments.group == "operators":
            from bench import operators

            return operators.measure(arguments.seconds, arguments.audit_rows)
        return _measure(arguments.seconds)


def _measure(seconds: int) -> int:
    # The settings are read when Django starts, so nothing of it is imported before the environment is set.
    from bench import data

    print("Seeding …", file=sys.stderr, flush=True)
    seeded = data.seed()
    statements = data.count_statements(seeded)
    with servers.web() as web:
        return measured(web, seeded, statements, seconds)


def measured(
    web: servers.Web,
    seeded: "data.Seeded",
    statements: dict[str, int],
    seconds: int,
    *,
    first: int = 0,
    before: Callable[[load.Case], None] = lambda _case: None,
) -> int:
    """Run every case and print the table; 1 if a request failed. Bodies are made from number `first` on."""
    rows = []
    for case in seeded.cases:
        before(case)
        load.run(web.url, case, seeded.tokens, connections=4, seconds=1, first=first)
        first += load.bodies_of(1)
        for connections in (1, 32):
            used = web.cpu_seconds()
            result = load.run(
                web.url, case, seeded.tokens, connections=connections, seconds=seconds, first=first
            )
            first += load.bodies_of(seconds)
            cpu = 1000 * (web.cpu_seconds() - used) / max(result.requests, 1)
            rows.append(report.Row(case, connections, result, statements[case.name], cpu))
            print(f"{case.name}, {connections}: {result.per_second:.0f}/s", file=sys.stderr, flush=True)
    print(report.table(rows, web.memory(), seeded.description))
    return 1 if any(row.result.failed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
