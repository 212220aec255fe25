"""Every page in Chromium, found by itself: accessible in both themes, quiet under the content policy, of this origin
alone, nothing cut off at 320 pixels, and nothing that moves while it loads.

One browser, one sign-in for each role. What a page of somebody else is built of has been seen is not opened again.
"""

import gzip
import logging
from contextlib import suppress
from dataclasses import dataclass, field

import brotli
import pytest
from playwright.sync_api import Error

from tests.api.test_statements import grow
from tests.permission_world import World
from tests.walk import axe
from tests.walk.pages import addresses, inside, kind_of, parts_of

pytestmark = pytest.mark.django_db(transaction=True)
ROLES = ("anonymous", "owner", "head", "admin", "auditor")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 900}
MOST_SHIFT = 0.05
# Bytes as they travel: files by Brotli, which the image packs them with, pages by gzip. On an empty cache, without and
# with the charts' library, and what comes on top of what is kept.
FIRST_PAGE, FIRST_WITH_CHARTS, LATER_PAGE = 160 * 1024, 300 * 1024, 40 * 1024
# The library comes after the page, and once; the guides' pictures as one scrolls to them.
LIBRARY, PICTURES = "echarts.min.js", "/static/guide/"
# Chromium tells the page, and the page tells us; this runs before anything of the page's own.
LISTEN = """
window.violations = []
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)
})
window.shift = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value
}).observe({type: 'layout-shift', buffered: true})
"""
SIDEWAYS = """
() => {
  const scrolls = (element) => element && element.scrollWidth - element.clientWidth > 1
  const main = document.querySelector('main')
  const holder = main && main.closest('.pf-v6-c-page__main-container, body')
  return scrolls(document.scrollingElement) || scrolls(holder)
}
"""
# A library's own page: not ours to make accessible. Django admin is, but for what its wide tables do on a telephone, and
# for what it and its select boxes name by title only.
NOT_OURS = ("/docs",)
LIBRARY_RULES = ("label-title-only", "aria-input-field-name")


@dataclass
class Seen:
    opened: list[str] = field(default_factory=list)
    # By address; what the page that is open asked for.
    sizes: dict[str, int] = field(default_factory=dict)
    asked: list = field(default_factory=list)
    heaviest: int = 0
    heaviest_whole: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)

    def note(self, address: str, *faults: str) -> None:
        if faults:
            self.faults.setdefault(address, []).extend(faults)


@pytest.fixture
def world(settings):
    settings.RATE_LIMITS = {}
    logging.disable(logging.CRITICAL)
    settings.GATEWAY_INLINE_DEADLINE = 0.01
    made = World()
    grow(made, range(3))
    yield made
    made.close()
    logging.disable(logging.NOTSET)


def planned(world, who, known):
    """The addresses that show this role something new, by what they are built of."""
    client = world._browsers[who]
    waiting, seen = [address for _pattern, address in addresses(world)], set()
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if kind in seen or kind is None:
            continue
        seen.add(kind)
        answer = client.get(address)
        if answer.status_code in {301, 302} or "text/html" not in answer.get("Content-Type", ""):
            continue
        parts = parts_of(answer.text)
        waiting += [
            target
            for link in parts.links
            # A query on top of another query shows nothing new.
            if not ("?" in link and "?" in address)
            and (target := inside(address, link))
            and not target.startswith(("/static/", "/api/", "/logout/"))
        ]
        if "html" in {kind[2] for kind in parts.kinds} and not parts.kinds <= known:
            known |= parts.kinds
            yield address


def look(started, path, seen):
    page = started.page
    # What the page before still waits for ends with it, and is not taken for this one's.
    page.goto("about:blank")
    started.complaints.clear()
    seen.asked.clear()
    page.set_viewport_size(WIDE)
    page.goto(started.address + path, wait_until="load")
    seen.opened.append(path)
    seen.note(path, *weigh(seen, path))
    seen.note(path, *page.evaluate("window.violations"))
    # Before axe, which reads style sheets by elements of its own.
    seen.note(path, *(said for said in started.complaints if "the server responded with" not in said))
    if any(path.startswith(other) for other in NOT_OURS):
        return
    is_admin = path.startswith("/admin/")
    if (shift := page.evaluate("window.shift")) > MOST_SHIFT:
        seen.note(path, f"layout shift {shift:.3f}")
    seen.note(
        path, *(fault for fault in axe.findings(page) if not (is_admin and fault.startswith(LIBRARY_RULES)))
    )
    if is_admin:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    else:
        page.evaluate("document.documentElement.classList.add('pf-v6-theme-dark')")
    seen.note(path, *(f"dark: {fault}" for fault in axe.findings(page, ["color-contrast"])))
    page.set_viewport_size(NARROW)
    if not is_admin and page.evaluate(SIDEWAYS):
        seen.note(path, "scrolls sideways at 320 pixels")


def weigh(seen, path):
    """Whether the page is too heavy on an empty cache, or with all at hand that pages before it needed."""
    if path.startswith(NOT_OURS):
        return
    before = set(seen.sizes)
    for answer in seen.asked:
        # What the page before asked for when it was left belongs to nobody.
        with suppress(Error):
            seen.sizes[answer.url] = seen.sizes.get(answer.url) or _travelling(answer)
    asked = {answer.url for answer in seen.asked if PICTURES not in answer.url}
    urls = {url for url in asked if LIBRARY not in url}
    # Which page is the first to need a font or an icon is chance; all are kept from then on.
    kept = before | {url for url in urls if "/fonts/" in url or "/icons" in url}
    first, later = (sum(seen.sizes.get(url, 0) for url in some) for some in (urls, urls - kept))
    seen.heaviest = max(seen.heaviest, first)
    if first > FIRST_PAGE:
        yield f"{first:,} bytes on an empty cache"
    if (whole := sum(seen.sizes.get(url, 0) for url in asked)) > FIRST_WITH_CHARTS:
        yield f"{whole:,} bytes on an empty cache, with the charts"
    seen.heaviest_whole = max(seen.heaviest_whole, whole)
    # The very first page has nothing at hand, nor the first of Django admin, whose frame is another.
    if later > LATER_PAGE and before and not path.startswith("/admin/"):
        yield f"{later:,} bytes later"


def test_every_page_is_accessible_quiet_and_whole(visit, world, record_property):
    seen, known = Seen(), set()
    for who in ROLES:
        started = visit(signed_in=False, reduced_motion="reduce")
        page, foreign = started.page, []
        axe.prepare(page.context)
        page.add_init_script(LISTEN)
        page.on("response", lambda answer: seen.asked.append(answer))
        page.on(
            "request", lambda request, f=foreign, home=started.address: f.extend(_outside(request.url, home))
        )
        if who != "anonymous":
            cookie = world._browsers[who].cookies["sessionid"].value
            page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": started.address}])
        for address in planned(world, who, known):
            look(started, address, seen)
        assert foreign == []
    heaviest = f"{seen.heaviest:,} bytes, with charts {seen.heaviest_whole:,}"
    record_property(
        "told", f"Walk: {len(seen.opened)} pages in Chromium; the heaviest on an empty cache {heaviest}."
    )
    assert seen.faults == {}
    assert len(seen.opened) > 60


def _outside(address, home):
    return [] if address.startswith((home, "data:", "blob:")) else [address]


def _travelling(answer):
    """Bytes of an answer as it leaves the image; fonts and pictures travel as they are."""
    if answer.status >= 300:
        return 0
    packed = answer.header_value("content-type") or ""
    body = answer.body()
    if packed.startswith(("font/", "image/png", "image/webp")):
        return len(body)
    return len(brotli.compress(body)) if "/static/" in answer.url else len(gzip.compress(body, 6))


def test_the_walk_would_notice(visit):
    started = visit(signed_in=False)
    page = started.page
    axe.prepare(page.context)
    page.add_init_script(LISTEN)
    page.goto(f"{started.address}/login/")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p><img src=x.png>')"
    )
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))")
    page.wait_for_function("window.violations.length >= 2")
    assert any(fault.startswith("image-alt") for fault in axe.findings(page))
    page.evaluate("document.querySelector('main').style.width = '3000px'")
    page.set_viewport_size(NARROW)
    assert page.evaluate(SIDEWAYS)
