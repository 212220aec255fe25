"""Every page in Chromium, found by itself in the URL conf: nothing that the content policy would have to forbid."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.permission_world import VISITORS, World, methods_of, routes

pytestmark = pytest.mark.django_db(transaction=True)
# Chromium tells the page, and the page tells us; this runs before anything of the page's own.
LISTEN = """
window.violations = []
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
})
"""
# What answers with a file, leaves for another site, or is the way out.
NOT_PAGES = {"/logout/", "/api/.*", "/api", "/2fa/recovery-codes/download/"}


@pytest.fixture
def world(settings):
    settings.RATE_LIMITS = {}
    made = World()
    yield made
    made.close()


def addresses(world):
    for path, pattern in routes():
        if methods_of(pattern) is None and path not in NOT_PAGES:
            yield path.format_map(_Places(world.places))
    yield "/docs"
    for model in admin.site._registry:
        opts = model._meta
        yield reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        first = model._default_manager.order_by("pk").values_list("pk", flat=True).first()
        if first is not None:
            yield reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[first])


class _Places(dict):
    def __missing__(self, name):
        return "none"


def _open(page, address):
    """None where there is nothing to see: an address that only takes forms, or that gives a file."""
    first = page.request.get(address, max_redirects=0)
    is_page = "text/html" in first.headers.get("content-type", "") and first.body()
    leads_to = first.headers.get("location", "")
    # Where an anonymous visitor ends is seen once.
    is_seen = leads_to.startswith("/login/?next=")
    return page.goto(address, wait_until="load") if is_page or (leads_to and not is_seen) else None


def walk(visit, world, who):
    """What each page violated, and which were seen as pages."""
    started = visit(signed_in=False)
    page = started.page
    page.add_init_script(LISTEN)
    if who in VISITORS[1:]:
        cookie = world._browsers[who].cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": started.address}])
    found, seen = {}, []
    for address in dict.fromkeys(addresses(world)):
        answer = _open(page, started.address + address)
        assert answer is None or answer.status < 500 or address == "/health", address
        if answer is not None and "text/html" in answer.headers.get("content-type", ""):
            seen.append(address)
            if told := page.evaluate("window.violations"):
                found[address] = told
    return found, seen


@pytest.mark.parametrize("who", ["anonymous", "admin"])
def test_no_page_asks_for_what_the_policy_forbids(visit, world, who, record_property):
    found, seen = walk(visit, world, who)
    record_property("told", f"Content policy: {len(seen)} pages as {who}, {len(found)} with violations.")
    assert found == {}
    assert len(seen) > (60 if who == "admin" else 10)


def test_the_walk_would_notice(visit):
    started = visit(signed_in=False)
    page = started.page
    page.add_init_script(LISTEN)
    page.goto(f"{started.address}/login/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))")
    page.wait_for_function("window.violations.length >= 2")
