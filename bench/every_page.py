"""`python -m bench.every_page`: how long the server takes for each page, beside 10,000 users, 20,000 keys, the calls of
a ledger and a million rows of the record of acts.

Starts its own PostgreSQL and fills it. `--database` asks one that is filled already, and adds to it what it lacks;
`--small` leaves out most of the ledger and of the record. Pages are found as the tests do (`tests.walk`): by the URL
conf, by links, and in Django admin's registry. They are asked within a transaction that is taken back.
"""

import argparse
import logging
import os
import re
import sys
from collections.abc import Iterator
from html import unescape
from typing import Any

from bench import servers
from bench.ledger import asking

# Milliseconds that 19 of 20 askings may take.
USER, OPERATOR = 60.0, 120.0
SUBSCRIPTIONS = 50_000
_OPERATORS = re.compile(r"^/(operations|admin)/")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.every_page", description=__doc__)
    parser.add_argument("--database", default="", help="the address of a database that is filled already")
    parser.add_argument("--audit", type=int, default=1_000_000, help="rows of the record of acts (1,000,000)")
    parser.add_argument("--rounds", type=int, default=20, help="how often each page is asked (20)")
    parser.add_argument("--small", action="store_true", help="few calls, and 10,000 rows of the record")
    parser.add_argument("--only", default="", help="a regular expression that the address has to fit")
    parser.add_argument("--explain", action="store_true", help="print the plans too")
    arguments = parser.parse_args()
    with servers.backing() as environment:
        os.environ.update(environment)
        # Nobody waits here for a gateway that is not there.
        os.environ.update(GATEWAY_INLINE_DEADLINE="0.01", DEMO="false")
        if arguments.database:
            os.environ["DATABASE_URL"] = arguments.database
        import django

        django.setup()
        logging.disable(logging.CRITICAL)
        add_what_lacks(
            audit_rows=10_000 if arguments.small else arguments.audit, has_calls=not arguments.small
        )
        return _ask(arguments)


def add_what_lacks(*, audit_rows: int, has_calls: bool) -> None:
    """People, keys, models, subscriptions, calls and acts, each if there are fewer than there should be."""
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from accounts.models import AuditEvent, User
    from bench import audit, data
    from bench.ledger import filling, world
    from catalog.models import Model
    from subscriptions.models import Subscription
    from usage.models import Series

    call_command("migrate", verbosity=0)
    now = timezone.now()
    if User.objects.count() < world.USERS:
        _tell("People, teams and keys …")
        world.seed()
    Model.objects.bulk_create(data._models(now), ignore_conflicts=True)
    if (lacking := SUBSCRIPTIONS - Subscription.objects.count()) > 0:
        _tell("Subscriptions …")
        people, models = list(User.objects.order_by("pk")[: world.USERS]), list(Model.objects.order_by("pk"))
        rows = (
            data._subscription(people[n % len(people)], models[(n // len(people) * 7 + n) % len(models)], now)
            for n in range(lacking)
        )
        Subscription.objects.bulk_create(rows, batch_size=2_000, ignore_conflicts=True)
    if has_calls and not Series.objects.exists():
        _tell("Calls …")
        filling.fill()
    if AuditEvent.objects.order_by()[:audit_rows].count() < audit_rows:
        _tell("Acts …")
        audit.seed(audit_rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _ask(arguments: argparse.Namespace) -> int:
    """Print a line per page, the slowest first; 1 if one is over its target or fails."""
    from tests.api.test_statements import grow
    from tests.permission_world import World, undone

    asking.serve_plainly()
    slow, found = [], []
    with undone():
        world = World()
        grow(world, range(10))
        for who, address, client in _pages(world):
            if re.search(arguments.only, address):
                page = asking.page(client, address)
                _tell(f"{who} {address}")
                asked = asking.measure(page, arguments.rounds, explain=arguments.explain)
                found.append((who, address, asked))
        world.close()
    found.sort(key=lambda line: -line[2].p95)
    print("| Page | As | Target p95 ms | p50 ms | p95 ms | CPU ms: Python | database | Statements | |")
    print("| --- | --- |" + " ---: |" * 6 + " --- |")
    for who, address, asked in found:
        target = OPERATOR if _OPERATORS.match(address) else USER
        # What a busy machine adds is not the page's: its own work tells.
        over = "over" if asked.p95 > target else ""
        over = "over by its own work" if asked.work > target else over
        slow += [address] if over else []
        print(
            f"| `{address}` | {who} | {target:.0f} | {asked.p50:.1f} | {asked.p95:.1f} | {asked.python:.1f} "
            f"| {asked.database:.1f} | {asked.statements} | {over} |"
        )
    print(f"{len(found)} pages, {len(slow)} over their target.")
    return 1 if slow else 0


def _pages(world: Any) -> Iterator[tuple[str, str, Any]]:
    """Who, which address, and the browser to ask it with: a seeded person's, a user's and an administrator's."""
    from django.contrib import admin
    from django.test import Client
    from django.urls import reverse

    from accounts.models import User
    from tests.walk.pages import addresses, inside, kind_of, parts_of

    person = Client(headers={"referer": ""})
    person.force_login(User.objects.filter(username="person00000").get(), backend=_BACKEND)
    browsers = {"person": person, "owner": world._browsers["owner"], "admin": world._browsers["admin"]}
    for who, client in browsers.items():
        waiting, seen = [address for _pattern, address in addresses(world)], set()
        while waiting:
            address = waiting.pop(0)
            kind = kind_of(address)
            # What both sorts of people see is asked as a user; administrators have pages of their own.
            if kind is None or kind in seen or (who == "admin") != bool(_OPERATORS.match(address)):
                continue
            seen.add(kind)
            answer = _opened(client, address)
            if answer is None:
                continue
            yield who, address, client
            links = (inside(address, link) for link in parts_of(answer).links if "?" not in address)
            waiting += [target for target in links if target and not target.startswith(("/static/", "/api/"))]
    for model in admin.site._registry:
        listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        text = _opened(browsers["admin"], listed) or ""
        yield "admin", listed, browsers["admin"]
        yield "admin", f"{listed}?q=person042", browsers["admin"]
        if row := re.search(rf'href="({listed}[^"]+/change/[^"]*)"', text):
            yield "admin", unescape(row[1]), browsers["admin"]


_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _opened(client: Any, address: str) -> str | None:
    """The page's text; None where it is none, or not for this reader. Raises RuntimeError where it fails."""
    answer = client.get(address, secure=True, HTTP_HOST="localhost")
    if answer.status_code >= 500:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    is_page = answer.status_code == 200 and "text/html" in answer.get("Content-Type", "")
    return answer.text if is_page else None


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
