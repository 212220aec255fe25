"""`python -m bench.ledger.asking`: how long questions take, on rollups of the size of 100 million calls.

Starts its own PostgreSQL, fills it by SQL (`bench.ledger.filling`), asks each question through the code that answers
requests, and prints a Markdown table. `--explain` shows the plan of every statement. `--database` asks one that is
filled already. `--keep` writes the measurements to a file; `--against` such a file shows how many times as long it took.
"""

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import servers
from litemaas.collector import spare_what_is_loaded

Ask = Callable[[int], Any]
# Milliseconds that 19 of 20 askings may take.
TARGETS = {"user": 30.0, "30": 60.0, "90": 100.0, "365": 200.0, "filter": 150.0, "top": 200.0}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ledger.asking", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often each question is asked (20)")
    parser.add_argument("--explain", action="store_true", help="print the plans too")
    parser.add_argument("--database", default="", help="the address of a database that is filled already")
    add_comparison(parser)
    arguments = parser.parse_args()
    with servers.backing() as environment:
        os.environ.update(environment)
        if arguments.database:
            os.environ["DATABASE_URL"] = arguments.database
        from bench.ledger import filling, world  # isort: skip  # it sets Django up
        from django.core.management import call_command

        if not arguments.database:
            started = time.monotonic()
            call_command("migrate", verbosity=0)
            world.seed()
            filling.fill()
            print(f"Filled in {time.monotonic() - started:.0f} s.", file=sys.stderr, flush=True)
        ask_all(arguments.rounds, explain=arguments.explain, keep=arguments.keep, against=arguments.against)
    return 0


def add_comparison(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", type=Path, help="write the measurements to this file")
    parser.add_argument("--against", type=Path, help="measurements of a smaller ledger, to be compared with")


@dataclass(frozen=True)
class Asked:
    """Milliseconds; `python` and `database` of processor time."""

    p50: float
    p95: float
    python: float
    database: float
    statements: int

    @property
    def work(self) -> float:
        return self.python + self.database


def ask_all(
    rounds: int, *, explain: bool = False, keep: Path | None = None, against: Path | None = None
) -> None:
    """Print a line per question; with `against` how many times the wall clock and the processor time of then."""
    before = {name: Asked(**one) for name, one in json.loads(against.read_text()).items()} if against else {}
    print(_sizes())
    asked_for = questions()
    # As the web server does, once everything is loaded.
    spare_what_is_loaded()
    heads = ["Question", "Target p95 ms", "p50 ms", "p95 ms", "CPU ms: Python", "database", "Statements"]
    heads += ["p50 ÷ smaller", "CPU ÷ smaller"] if before else []
    print(f"| {' | '.join(heads)} |\n| --- |{' ---: |' * (len(heads) - 1)}")
    found = {}
    for name, target, ask in asked_for:
        asked = found[name] = measure(ask, rounds, explain=explain)
        cells = [
            *(name, "" if target is None else f"{target:.0f}", f"{asked.p50:.1f}", f"{asked.p95:.1f}"),
            *(f"{asked.python:.1f}", f"{asked.database:.1f}", str(asked.statements)),
        ]
        if before:
            cells += _times(asked, before.get(name))
        print(f"| {' | '.join(cells)} |", flush=True)
    if keep:
        keep.write_text(json.dumps({name: asdict(one) for name, one in found.items()}, indent=1))


def _times(asked: Asked, before: Asked | None) -> list[str]:
    return [f"{asked.p50 / before.p50:.2f}", f"{asked.work / before.work:.2f}"] if before else ["", ""]


def measure(ask: Ask, rounds: int, *, explain: bool) -> Asked:
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
    return Asked(p50, p95, python, database, len(statements))


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
    listed += _pages(people[0])
    latency = queries.Query(everybody(365), ("latencyP50", "latencyP95", "latencyP99"), ("model",))
    listed.append(("latency by model, 365 days", None, lambda _turn: queries.ask(latency, now=now)))
    return listed


def _pages(person: Any) -> list[tuple[str, float | None, Ask]]:
    """The portal's pages of usage, whole."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    serve_plainly()
    operator, _made = get_user_model().objects.get_or_create(
        username="bench-operator",
        defaults={"roles": ["admin-readonly", "user"], "email": "bench@example.com"},
    )
    reader, looker = Client(), Client()
    reader.force_login(person)
    looker.force_login(operator)

    everybodys = "/operations/usage"
    return [
        ("page of one's own usage", 60.0, page(reader, "/usage")),
        ("page of one's own usage, 90 days", 60.0, page(reader, "/usage?period=90")),
        *(
            (f"page of everybody's usage, {name}", 120.0, page(looker, f"{everybodys}?{query}"))
            for name, query in (
                ("30 days", "period=30"),
                ("90 days", "period=90"),
                ("by user", "tab=user"),
                ("by model", "tab=model"),
                ("by key", "tab=key"),
                ("by day", "tab=day"),
            )
        ),
    ]


def serve_plainly() -> None:
    """Pages can be asked in this process: nobody collected the static files, and we call it localhost."""
    from django.conf import settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.ALLOWED_HOSTS = ["localhost"]


def page(client: Any, address: str) -> Ask:
    """What a request takes without the web server."""

    def ask(_turn: int) -> Any:
        answer = client.get(address, secure=True, HTTP_HOST="localhost")
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
        return b"".join(answer) if answer.streaming else answer.content

    return ask


def queries_models() -> list[str]:
    from usage.models import Series

    return list(Series.objects.values_list("model", flat=True).distinct().order_by("model"))


if __name__ == "__main__":
    sys.exit(main())
