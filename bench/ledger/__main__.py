"""`make bench-usage`: how fast usage goes into the ledger, and what it takes on disk. ARGS="--rows 10000000".

`--ask` asks the questions of `bench.ledger.asking` about these calls; `--keep` and `--against` compare two sizes.
"""

import argparse
import os
import sys
import time

from bench import servers
from bench.ledger import asking


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-usage", description=__doc__)
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="calls of the two years before (1,000,000)"
    )
    parser.add_argument(
        "--burst",
        type=int,
        default=10,
        help="calls in a row of one key in these (10; 1 lets few calls reach every key)",
    )
    parser.add_argument("--ingest", type=int, default=400_000, help="calls to ingest by each way (400,000)")
    parser.add_argument("--at-once", type=int, default=100_000, help="calls in one transaction of the pull")
    parser.add_argument("--ask", action="store_true", help="ask the questions about these calls")
    parser.add_argument("--rounds", type=int, default=20, help="how often each question is asked (20)")
    asking.add_comparison(parser)
    arguments = parser.parse_args()
    with servers.backing() as environment:
        os.environ.update(environment)
        return _measure(arguments)


def _measure(arguments: argparse.Namespace) -> int:
    from django.core.management import call_command

    from bench.ledger import (
        fill,
        ingest,
        world,  # sets Django up
    )

    call_command("migrate", verbosity=0)
    world.seed()
    floor = _floor()
    print(f"Floor: ten million additions in Python take {floor:.2f} s of processor time.")
    seconds = fill.fill(arguments.rows, burst=arguments.burst, tell=lambda text: print(text, file=sys.stderr))
    sizes = fill.sizes()
    print(f"Filled with {arguments.rows:,} calls and their rollups in {seconds:.0f} s.")
    for name, size in sizes.items():
        print(
            f"Disk, {name}: {size / 2**20:,.0f} MiB, {size / arguments.rows * 1e6 / 2**20:,.0f} MiB per million calls"
        )
    if arguments.ask:
        asking.ask_all(arguments.rounds, keep=arguments.keep, against=arguments.against)
    if not arguments.ingest:
        return 0
    print()
    print("| Way | Calls | Calls/s | Python µs | Database µs | Peak MiB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    done = ingest.measure(arguments.ingest, arguments.at_once)
    for line in done:
        print(
            f"| {line.way} | {line.rows:,} | {line.rate:,.0f} | {line.python_us:.0f} | {line.database_us:.0f}"
            f" | {line.resident_mib:.0f} |"
        )
    whole, plain = (line.python_us + line.database_us for line in (done[0], done[2]))
    print(f"\nThe rollups are {100 * (whole - plain) / whole:.0f} % of the pull's processor time.")
    return 0


def _floor() -> float:
    begun, total = time.process_time(), 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - begun


if __name__ == "__main__":
    sys.exit(main())
