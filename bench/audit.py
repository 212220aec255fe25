"""`python -m bench.audit`: what the audit record costs: writers, the sealer, and verification of a long chain.

Starts its own PostgreSQL and Valkey. Prints lines for docs/security.md.
"""

import argparse
import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from bench import servers

_BATCH = 50_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the chain (1,000,000)")
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each run of writers (8)")
    arguments = parser.parse_args()
    with servers.backing() as environment:
        os.environ.update(environment)
        _measure(arguments.rows, arguments.writers, arguments.seconds)
    return 0


def _measure(rows: int, writers: int, seconds: float) -> None:
    # The settings are read when Django starts, so nothing of it is imported before the environment is set.
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.audit import partitions, sealing, verifying

    call_command("migrate", verbosity=0)
    stopped = threading.Event()
    for name, act in _acts(stopped).items():
        rate, slowest = _hammer(act, writers, seconds)
        _say(f"{name}, {writers} writers: {rate:,.0f} acts per second, slowest {slowest * 1000:.0f} ms")
    stopped.set()
    sealing.seal_new_rows(timezone.now())
    seed(rows)
    begun, used = time.monotonic(), time.process_time()
    sealed = sealing.seal_new_rows(timezone.now())
    _say(f"sealed {sealed:,} rows in {_took(begun, used)}")
    partitions.gather_statistics()
    _search(seconds)
    begun, used = time.monotonic(), time.process_time()
    report = verifying.verify()
    _say(f"verified {report.rows:,} rows in {_took(begun, used)}, {len(report.findings)} findings")


def _took(begun: float, used: float) -> str:
    """By the clock, and of our own processor time, which hardly depends on who else uses the machine."""
    return (
        f"{time.monotonic() - begun:.1f} s ({time.process_time() - used:.1f} s of processor time of its own)"
    )


def _search(seconds: float) -> None:
    """Milliseconds of the database for a page and its total, one at a time: rare terms, frequent ones, and none."""
    from accounts.audit import queries

    cases = {
        "no filter": lambda _turn: queries.Filter(),
        "one action": lambda _turn: queries.Filter(actions=("LOGIN",)),
        "one person": lambda turn: queries.Filter(user_id=UUID(_mark(turn))),
        "a rare term": lambda turn: queries.Filter(search=_mark(turn * 7)[:12]),
        "a term of some thousand rows": lambda turn: queries.Filter(search=f"lab/model-{turn % 300}"),
        "a term of 100,000s rows": lambda _turn: queries.Filter(search="API_KEY"),
    }
    for name, asked in cases.items():
        turn, begun = 0, time.monotonic()
        while time.monotonic() - begun < seconds / 2:
            queries.total(asked(turn))
            queries.page(asked(turn), limit=20, offset=0)
            turn += 1
        _say(f"{name}: {1000 * (time.monotonic() - begun) / turn:.2f} ms for a page and its total")


def _mark(number: int) -> str:
    """As the seed makes it of a number."""
    return hashlib.md5(str(number).encode()).hexdigest()  # noqa: S324


def _acts(stopped: threading.Event) -> dict[str, Callable[[int], None]]:
    """A small change of a row of one's own: bare, with its audit row, and with that while a sealer runs."""
    from django.db import transaction
    from django.utils import timezone

    from accounts import audit
    from accounts.models import User

    people = User.objects.bulk_create(
        User(username=f"writer{number}", email=f"writer{number}@example.com", password="!")  # noqa: S106
        for number in range(256)
    )

    def change(number: int) -> User:
        user = people[number % len(people)]
        User.objects.filter(pk=user.pk).update(full_name=f"Name {time.monotonic_ns()}")
        return user

    def bare(number: int) -> None:
        with transaction.atomic():
            change(number)

    def audited(number: int) -> None:
        with transaction.atomic():
            user = change(number)
            old, new = {"fullName": "Before"}, {"fullName": f"After {number}"}
            audit.record("USER_UPDATE", actor=user, obj=user, at=timezone.now(), old=old, new=new)

    return {
        "without audit": bare,
        "with audit": audited,
        "with audit and the sealer": _sealed_beside(audited, stopped),
    }


def _sealed_beside(act: Callable[[int], None], stopped: threading.Event) -> Callable[[int], None]:
    """The same act; its first call starts a sealer that runs every second until the run ends."""
    started = threading.Event()

    def seal() -> None:
        from django.db import connection
        from django.utils import timezone

        from accounts.audit import sealing

        while not stopped.wait(1):
            sealing.seal_new_rows(timezone.now())
        connection.close()

    def run(number: int) -> None:
        if not started.is_set():
            started.set()
            threading.Thread(target=seal, daemon=True).start()
        act(number)

    return run


def _hammer(act: Callable[[int], None], writers: int, seconds: float) -> tuple[float, float]:
    """Acts per second of all writers, and the longest that one took, in seconds."""
    from django.db import connection

    counts, slowest = [0] * writers, [0.0] * writers
    ready, end = threading.Barrier(writers + 1), time.monotonic() + 3600

    def work(place: int) -> None:
        act(place)
        ready.wait()
        while time.monotonic() < deadline[0]:
            begun = time.monotonic()
            act(place + counts[place] * writers)
            slowest[place] = max(slowest[place], time.monotonic() - begun)
            counts[place] += 1
        connection.close()

    deadline = [end]
    threads = [threading.Thread(target=work, args=(place,)) for place in range(writers)]
    for thread in threads:
        thread.start()
    deadline[0] = time.monotonic() + seconds + 1
    ready.wait()
    begun = time.monotonic()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begun), max(slowest)


def seed(rows: int) -> None:
    """Rows as the portal writes them, spread over the last three months."""
    from django.db import connection
    from django.utils import timezone

    from accounts.audit.partitions import ensure_month

    now = timezone.now()
    for days in (0, 31, 62, 93):
        ensure_month(now - timedelta(days=days))
    with connection.cursor() as cursor:
        # Filled in one go afterwards: row by row it takes longer than everything else.
        cursor.execute("SELECT pg_get_indexdef('audit_search'::regclass)")
        (made_by,) = cursor.fetchone()
        cursor.execute("DROP INDEX audit_search")
        for first in range(0, rows, _BATCH):
            cursor.execute(_SEED, [now, rows, first, min(first + _BATCH, rows) - 1])
        cursor.execute(made_by.replace(" ON ONLY ", " ON "))
        cursor.execute("VACUUM ANALYZE audit_logs")


_SEED = """
INSERT INTO audit_logs (at, actor_id, actor_name, credential, action, resource_type, resource_id, success,
    error_message, metadata, old_values, new_values, ip_address, user_agent, request_id)
SELECT %s - make_interval(secs => 7776000.0 * (%s - n) / 1000000), md5((n %% 9973)::text)::uuid, 'person' || n %% 9973,
    (ARRAY['session', 'jwt', 'api-key'])[1 + n %% 3],
    (ARRAY['LOGIN', 'API_KEY_CREATE', 'API_KEY_RETRIEVE_FULL', 'SUBSCRIPTION_CREATE', 'USER_UPDATE', 'MODELS_SYNC',
           'API_KEY_REVOKE', 'TEAM_INVITE_SENT', 'LOGOUT', 'AUTH_FAILED'])[1 + n %% 10],
    (ARRAY['AUTH', 'API_KEY', 'API_KEY', 'SUBSCRIPTION', 'USER', 'MODEL', 'API_KEY', 'TEAM', 'AUTH', 'AUTH']
        )[1 + n %% 10],
    gen_random_uuid()::text, n %% 10 <> 9, CASE WHEN n %% 10 = 9 THEN 'Wrong credentials' ELSE '' END,
    jsonb_build_object('reason', 'because of ' || md5(n::text), 'model', 'lab/model-' || n %% 300),
    jsonb_build_object('status', 'pending'), jsonb_build_object('status', 'active'),
    ('10.' || n %% 250 || '.' || n / 250 %% 250 || '.7')::inet, 'Mozilla/5.0 (X11; Linux x86_64)', gen_random_uuid()::text
FROM generate_series(%s::int, %s::int) AS n
"""


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
