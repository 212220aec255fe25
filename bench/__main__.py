"""`make bench`: how fast the portal answers, on a data set of real size, with production settings.

Starts its own PostgreSQL, Valkey and web server, seeds them, loads them with wrk and prints a Markdown table. No gateway
is there: a read that asked it would fail.
"""

import argparse
import os
import shutil
import sys

from bench import load, report, servers


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="length of each run (8)")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        print(
            "make bench needs wrk (https://github.com/wg/wrk, `apt install wrk`). It is not on the PATH.",
            file=sys.stderr,
        )
        return 1
    with servers.backing() as environment:
        os.environ.update(environment)
        return _measure(arguments.seconds)


def _measure(seconds: int) -> int:
    # The settings are read when Django starts, so nothing of it is imported before the environment is set.
    from bench import data

    print("Seeding …", file=sys.stderr, flush=True)
    seeded = data.seed()
    statements = data.count_statements(seeded)
    rows = []
    with servers.web() as web:
        for case in seeded.cases:
            load.run(web.url, case, seeded.tokens, connections=4, seconds=1)
            for connections in (1, 32):
                used = web.cpu_seconds()
                result = load.run(web.url, case, seeded.tokens, connections=connections, seconds=seconds)
                cpu = 1000 * (web.cpu_seconds() - used) / max(result.requests, 1)
                rows.append(report.Row(case, connections, result, statements[case.name], cpu))
                print(f"{case.name}, {connections}: {result.per_second:.0f}/s", file=sys.stderr, flush=True)
        print(report.table(rows, web.memory(), seeded.description))
    return 1 if any(row.result.failed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
