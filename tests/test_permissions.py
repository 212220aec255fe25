"""Who gets what at every address (`permission_table`). An address that is not in the table fails."""

import logging

import pytest
from django.test import override_settings

from tests.permission_table import API, BODIES, PAGES
from tests.permission_world import CALLERS, VISITORS, World, methods_of, routes, undone

pytestmark = pytest.mark.django_db
# What answers when nothing else matches.
_LEFTOVERS = {"/api/.*", "/api"}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    # There is no gateway, and nobody has to wait for one.
    with django_db_blocker.unblock(), undone(), override_settings(GATEWAY_INLINE_DEADLINE=0.01):
        made = World()
        yield made
        made.close()


@pytest.fixture(autouse=True)
def _quiet_and_unlimited(settings):
    settings.RATE_LIMITS = {}
    settings.GATEWAY_INLINE_DEADLINE = 0.01
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def named(row, columns):
    return dict(zip(columns, row.split(), strict=True))


@pytest.mark.parametrize("route", API)
def test_the_api_lets_in_whom_the_table_says(world, route):
    assert named(world.api(route, BODIES.get(route)), CALLERS) == named(API[route], CALLERS)


@pytest.mark.parametrize("route", PAGES)
def test_pages_let_in_whom_the_table_says(world, route):
    assert named(world.pages(route, BODIES.get(route)), VISITORS) == named(PAGES[route], VISITORS)


def test_every_address_is_in_the_table(world):
    """The message holds the lines that are missing, as the addresses answer now."""
    missing = []
    for path, pattern in routes():
        methods = methods_of(pattern)
        table, ask = (API, world.api) if methods else (PAGES, world.pages)
        for route in (f"{method} {path}" for method in methods or ("GET", "POST")):
            if route in table or path in _LEFTOVERS:
                continue
            row = ask(route, BODIES.get(route))
            # Pages are functions: which methods they know shows in what they answer.
            if set(row.split()) != {"405"}:
                missing.append(f'    "{route}": "{row}",')
    assert not missing, "\n" + "\n".join(missing)


def test_the_table_holds_no_address_that_is_gone():
    there = {path for path, _pattern in routes()}
    assert [route for route in (*API, *PAGES) if route.partition(" ")[2] not in there] == []


@pytest.mark.parametrize("route", [route for route in API if not route.startswith("GET ")])
def test_a_session_without_its_csrf_token_changes_nothing(world, route):
    """Whoever is open to everybody looks at no session, nor does what wants the gateway's own credential."""
    if API[route].split()[0] == "401" and set(API[route].split()) != {"401"}:
        assert world.forged(route) in {"403", "404", "405"}


def test_nobody_reads_only_and_writes():
    """Read-only administrators change nothing that is not their own."""
    for route, row in API.items():
        method, _, path = route.partition(" ")
        if (
            method != "GET"
            and named(row, CALLERS)["stranger"] in {"403", "404"}
            and path not in _ASKS_BY_POST
        ):
            assert named(row, CALLERS)["auditor"] in {"403", "404"}, route


# Queries whose filters don't fit into an address.
_ASKS_BY_POST = {"/api/v1/api-keys/validate", "/api/v1/teams/{team_id}/analytics"} | {
    route.partition(" ")[2]
    for route in API
    if route.startswith(("POST /api/v1/admin/usage/by-", "POST /api/v1/admin/usage/analytics"))
    or route == "POST /api/v1/admin/usage/export"
}
