"""`python -m bench.ledger.asking`: how long questions take, on rollups of the size of 100 million calls.

Starts its own PostgreSQL, fills it by SQL (`bench.ledger.filling`), asks each question through the code that answers
requests, and prints a Markdown table. `--explain` shows the plan of every statement.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import servers

Ask = Callable[[int], Any]
# Milliseconds that 19 of 20 askings may take.
TARGETS = {"user": 30.0, "30": 60.0, "90": 100.0, "365": 200.0, "filter": 150.0, "top": 200.0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ledger.asking", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often each question is asked (20)")
    parser.add_argument("--explain", action="store_true", help="print the plans too")
    arguments = parser.parse_args()
    with servers.backing() as environment:
        os.environ.update(environment)
        from bench.ledger import filling, world  # isort: skip
        from django.core.management import call_command

        started = time.monotonic()
        call_command("migrate", verbosity=0)
        world.seed()
        filling.fill()
        print(f"Filled in {time.monotonic() - started:.0f} s.", file=sys.stderr, flush=True)
        print(_sizes())
        print(
            "| Question | Target p95 ms | p50 ms | p95 ms | CPU ms: Python | database | Statements |\n"
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
        )
        for name, target, ask in questions():
            print(_measure(name, target, ask, arguments.rounds, explain=arguments.explain), flush=True)
    return 0


def _measure(name: str, target: float | None, ask: Ask, rounds: int, *, explain: bool) -> str:
    with _counted(explain) as statements:
        ask(0)
    ask(0)
    times = []
    python, database = time.process_time(), _database_ms()
    for turn in range(1, rounds + 1):
        started = time.perf_counter()
        ask(turn)
        times.append((time.perf_counter() - started) * 1000)
    python, database = (time.process_time() - python) * 1000 / rounds, (_database_ms() - database) / rounds
    times.sort()
    p50, p95 = times[len(times) // 2], times[min(int(len(times) * 0.95), len(times) - 1)]
    return (
        f"| {name} | {'' if target is None else f'{target:.0f}'} | {p50:.1f} | {p95:.1f} | {python:.1f}"
        f" | {database:.1f} | {len(statements)} |"
    )


def _database_ms() -> float:
    """Processor time of this connection's server process; it starts no others."""
    from django.db import connection

    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


@contextmanager
def _counted(explain: bool) -> Any:
    from django.db import connection

    found: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append(sql)
        if explain and sql.lstrip().startswith("SELECT"):
            with connection.connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) " + sql, params)
                print("\n".join(f"    {row[0]}" for row in cursor.fetchall()), file=sys.stderr)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield found


def _sizes() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_live_tup, pg_size_pretty(pg_total_relation_size(relid)) FROM pg_stat_user_tables"
            " WHERE relname LIKE 'usage%%' AND n_live_tup > 1000 ORDER BY 1"
        )
        return "\n".join(f"{name}: {rows:,} rows, {size}" for name, rows, size in cursor.fetchall())


def questions() -> list[tuple[str, float | None, Ask]]:
    from django.utils import timezone

    from accounts.models import User
    from usage import breakdowns, queries
    from usage.breakdowns import Slice
    from usage.cubes.answers import Order, ranking, total
    from usage.overviews import overview, own_overview
    from usage.periods import last_days, read_zone
    from usage.questions import Filters, Question
    from usage.scopes import Scope

    now = timezone.now()
    people = list(User.objects.order_by("pk")[:2000])
    names = queries_models()
    chance = random.Random(7)
    part = Slice(Order("total_tokens"), 50)

    def everybody(days: int) -> Question:
        return Question(Scope(), last_days(days, now))

    def mine(turn: int) -> Any:
        person = people[turn * 37 % len(people)]
        return own_overview(person, Question(Scope.of(person), last_days(30, now)), now=now)

    def some(_turn: int) -> Any:
        filters = Filters(
            user=[person.pk for person in chance.sample(people, 50)], model=chance.sample(names, 10)
        )
        return total(Question(Scope(), last_days(90, now), filters), now=now)

    listed: list[tuple[str, float | None, Ask]] = [
        ("the floor: one row", None, lambda _turn: User.objects.filter(pk=people[0].pk).exists()),
        ("a user's 30 days, all figures", TARGETS["user"], mine),
        ("50 users × 10 models, 90 days", TARGETS["filter"], some),
        (
            "top users of a year",
            TARGETS["top"],
            lambda _turn: ranking(everybody(365), "user", now=now, order=Order("cost"), limit=10),
        ),
    ]
    splits: dict[str, Any] = {
        "user": breakdowns.by_user,
        "model": breakdowns.by_model,
        "provider": breakdowns.by_provider,
        "key": breakdowns.by_key,
        "team": breakdowns.by_team,
        "day": breakdowns.by_day,
    }
    for days in (30, 90, 365):
        target = TARGETS[str(days)]
        listed.append((f"totals, {days} days", target, lambda _turn, d=days: total(everybody(d), now=now)))
        for name, split in splits.items():
            listed.append(
                (
                    f"by {name}, {days} days",
                    target,
                    lambda _turn, d=days, s=split: s(everybody(d), part, now=now),
                )
            )
    listed += [
        (
            f"operator's analytics object, {days} days",
            None,
            lambda _turn, d=days: overview(everybody(d), total_users=len(people), now=now),
        )
        for days in (30, 90)
    ]
    years = Question(Scope(), last_days(36 * 30, now))
    listed += [
        ("totals, 36 months", None, lambda _turn: total(years, now=now)),
        ("by model, 36 months", None, lambda _turn: breakdowns.by_model(years, part, now=now)),
        ("by user, 36 months", None, lambda _turn: breakdowns.by_user(years, part, now=now)),
    ]
    foreign = last_days(365, now, read_zone("Asia/Kathmandu"))
    listed.append(
        ("totals of a year in Asia/Kathmandu", None, lambda _turn: total(Question(Scope(), foreign), now=now))
    )
    latency = queries.Query(everybody(365), ("latencyP50", "latencyP95", "latencyP99"), ("model",))
    listed.append(("latency by model, 365 days", None, lambda _turn: queries.ask(latency, now=now)))
    return listed


def queries_models() -> list[str]:
    from usage.models import Series

    return list(Series.objects.values_list("model", flat=True).distinct().order_by("model"))


if __name__ == "__main__":
    sys.exit(main())
