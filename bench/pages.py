"""What pages weigh and how soon they are there, in Chromium, against a running portal:

    make run                                                     # in another terminal
    .venv/bin/python -m bench.pages http://127.0.0.1:8000 THE_DEMO_PASSWORD

Each page is opened on an empty cache and once more on a full one. Bytes are those that travel; LCP and CLS are what
Chromium measures on this machine, so nothing else should run on it.
"""

import shutil
import sys

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PAGES = (
    *("/home", "/models", "/subscriptions", "/api-keys", "/api-keys/new", "/teams", "/playground", "/usage"),
    *(
        "/settings",
        "/operations/usage",
        "/operations/models",
        "/operations/subscriptions",
        "/operations/users",
    ),
    *("/operations/audit", "/operations/settings", "/admin/accounts/user/"),
)
_LISTEN = """
window.seen = {lcp: 0, cls: 0}
new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.seen.lcp = entry.startTime })
  .observe({type: 'largest-contentful-paint', buffered: true})
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.cls += entry.value
}).observe({type: 'layout-shift', buffered: true})
"""
_SERVER = "performance.getEntriesByType('navigation')[0].responseStart"


def main(address: str, password: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        cookies = _cookies(browser, address, password)
        print("| Page | Bytes, empty cache | Bytes, later | First byte, ms | LCP, ms | CLS |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for path in PAGES:
            context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
            context.add_cookies(cookies)
            print(_row(context, path))
            context.close()
        browser.close()


def _cookies(browser: Browser, address: str, password: str) -> list[dict[str, object]]:
    page = browser.new_page(base_url=address)
    page.goto("/home")
    page.get_by_label("Username or email").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/home")
    return page.context.cookies()


def _row(context: BrowserContext, path: str) -> str:
    first, seen, server = _open(context, path)
    later, _seen, _server = _open(context, path)
    return f"| `{path}` | {first:,} | {later:,} | {server:.0f} | {seen['lcp']:.0f} | {seen['cls']:.3f} |"


def _open(context: BrowserContext, path: str) -> tuple[int, dict[str, float], float]:
    page: Page = context.new_page()
    page.add_init_script(_LISTEN)
    network, sizes = context.new_cdp_session(page), []
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto(path, wait_until="networkidle")
    seen, server = page.evaluate("window.seen"), page.evaluate(_SERVER)
    page.close()
    return int(sum(sizes)), seen, server


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(sys.argv[1].rstrip("/"), sys.argv[2])
