"""Every page as it is served to everybody: valid, small, with links that lead somewhere and few statements.

A new address is found by itself. One that shows nobody anything has no example: `permission_world` lacks what stands in
its place. How many statements a page makes is recorded, and may only be exceeded when that is meant:

    RECORD=1 .venv/bin/pytest -n 0 tests/walk/test_served_pages.py
"""

import gzip
import json
import logging
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection
from django.test import override_settings
from django.urls import Resolver404, resolve

from tests.api.test_statements import grow
from tests.permission_world import VISITORS, World, undone
from tests.walk.pages import ONLY_ON_THE_WAY, Parts, addresses, inside, kind_of, parts_of

pytestmark = pytest.mark.django_db
RECORDED = Path(__file__).with_name("statements.json")
MOST_STATEMENTS = 15
# That its reader is there, and what a process keeps for some seconds, is written and read with whatever page comes then.
NOW_AND_THEN = 3
# Bytes on a later page: all that is not in the browser's cache yet, which is the document.
LARGEST = 40_000
# What an answer that sends to the sign-in counts as.
SIGN_IN = 401
# Another page is there, or would be if its reader might.
THERE = {200, 301, 302, 403, 405}


@dataclass
class Page:
    who: str
    pattern: str
    address: str
    status: int
    text: str
    statements: int
    parts: Parts


class Walk:
    """Whoever may look at whatever, and what they saw. `statuses` holds every address that was asked for."""

    def __init__(self, world: World, roles: tuple[str, ...] = VISITORS, *, follows: bool = True) -> None:
        self._world, self._follows = world, follows
        self.pages: list[Page] = []
        self.statuses: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self.dead: list[str] = []
        for who in roles:
            self._walk(who)

    def _walk(self, who: str) -> None:
        seen = {}
        waiting = [(pattern, address, "") for pattern, address in addresses(self._world)]
        while waiting:
            pattern, address, found_on = waiting.pop(0)
            kind = kind_of(address)
            if kind in seen:
                continue
            page = self._open(who, pattern, address)
            seen[kind] = page.status
            self.statuses[pattern][who].add(page.status)
            if found_on and page.status not in THERE | {SIGN_IN}:
                self.dead.append(f"{who}: {address} ({page.status}), linked on {found_on}")
            if page.text:
                self.pages.append(page)
            for link in dict.fromkeys(page.parts.links if self._follows else ()):
                target = inside(address, link)
                # What a query changes is alike for all who see the page, and on top of another query.
                if target and "?" in target and (who not in {"owner", "admin"} or "?" in address):
                    continue
                if target and not target.startswith(("/static/", "/api/", "/logout/")):
                    if link.startswith("#") and link[1:] not in page.parts.ids:
                        self.dead.append(f"{who}: {link} on {address}")
                    waiting.append((self._pattern(target), target, address))

    def _pattern(self, address: str) -> str:
        try:
            return "/" + resolve(address.partition("?")[0]).route
        except Resolver404:
            return address

    def _open(self, who: str, pattern: str, address: str) -> Page:
        statements = []

        def note(execute, sql, params, many, context):
            statements.append(sql)
            return execute(sql, params, many, context)

        client = self._world._browsers[who]
        cookies = client.cookies.copy()
        with undone(), connection.execute_wrapper(note):
            answer = client.get(address)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        client.cookies = cookies
        status = SIGN_IN if answer.get("Location", "").startswith("/login/") else answer.status_code
        is_page = answer.status_code not in {301, 302} and "text/html" in answer.get("Content-Type", "")
        text = body.decode() if is_page else ""
        return Page(who, pattern, address, status, text, len(statements), parts_of(text))


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    options = override_settings(RATE_LIMITS={}, GATEWAY_INLINE_DEADLINE=0.01)
    with django_db_blocker.unblock(), undone(), options:
        logging.disable(logging.CRITICAL)
        made = World()
        grow(made, range(3))
        yield made
        made.close()
        logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def walk(world):
    return Walk(world)


def test_every_address_shows_somebody_something(walk):
    nothing = [
        pattern
        for pattern, by_role in walk.statuses.items()
        if not ONLY_ON_THE_WAY.match(pattern) and not any(statuses & THERE for statuses in by_role.values())
    ]
    assert nothing == [], "give these an example in tests/permission_world.py"


def test_no_page_fails(walk):
    failed = {
        f"{who}: {pattern}"
        for pattern, by_role in walk.statuses.items()
        for who, statuses in by_role.items()
        if any(status >= 500 for status in statuses) and not pattern.startswith("/health")
    }
    assert failed == set()


def test_every_link_leads_somewhere(walk):
    assert walk.dead == []


def test_no_page_has_script_or_style_of_its_own(walk):
    assert {(page.pattern, fault) for page in walk.pages for fault in page.parts.faults} == set()


def test_every_page_is_valid_html(walk, validating):
    faults, seen = defaultdict(set), set()
    for page in walk.pages:
        # What is built of the same parts is as valid.
        built = (page.pattern, frozenset(page.parts.kinds))
        if built not in seen:
            seen.add(built)
            for fault in validating.faults(page.text):
                faults[fault].add(page.pattern)
    assert {fault: sorted(patterns)[:3] for fault, patterns in faults.items()} == {}


def test_every_page_is_small(walk):
    sizes = {(page.pattern, page.who): len(gzip.compress(page.text.encode(), 6)) for page in walk.pages}
    assert {page: size for page, size in sizes.items() if size > LARGEST} == {}


def test_no_page_makes_more_statements_than_recorded(walk):
    found = {}
    for page in walk.pages:
        if page.status == 200:
            name = f"{page.pattern} {page.who}"
            found[name] = max(found.get(name, 0), page.statements)
    if os.environ.get("RECORD"):
        RECORDED.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n")
    recorded = json.loads(RECORDED.read_text())
    more = {n: count for n, count in found.items() if count > recorded.get(n, MOST_STATEMENTS) + NOW_AND_THEN}
    assert more == {}


def test_pages_make_as_many_statements_for_many_rows_as_for_few(walk, world):
    roles = ("owner", "admin")
    few = {(page.who, page.address): page.statements for page in walk.pages}
    with undone():
        grow(world, range(3, 50))
        many = {(page.who, page.address): page.statements for page in Walk(world, roles, follows=False).pages}
    more = {page: (few[page], n) for page, n in many.items() if page in few and n > few[page] + NOW_AND_THEN}
    assert more == {}
