"""Takes the README's pictures from the running product.

    make run                                             # in another terminal
    .venv/bin/python docs/screenshots.py http://127.0.0.1:8000 THE_DEMO_PASSWORD

Signs in as the demo's `user`, subscribes, makes a key, calls the model with it and waits until the portal shows the
cost, so that what is seen is what happened. Needs chromium.
"""

import json
import re
import shutil
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
MODEL = "gpt-4o-mini"
CALLS = 12
LONGEST_WAIT = 90


def main(address: str, password: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800}, base_url=address)
        sign_in(page, password)
        model = first_model(page)
        shoot(page, "/models", "models")
        secret, gateway = make_key(page, address, password, model)
        for _ in range(CALLS):
            call(gateway, secret, model)
        wait_for_usage(page)
        shoot(page, "/usage", "usage")
        browser.close()


def sign_in(page: Page, password: str) -> None:
    page.goto("/home")
    page.get_by_label("Username or email").fill("user")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile(r"/home"))


def first_model(page: Page) -> str:
    """A priced chat model that anybody may use, by what the API says."""
    answer = page.request.get("/api/v1/models?limit=100").json()["data"]
    found = [
        m["id"]
        for m in answer
        if not m.get("restrictedAccess") and m.get("inputCostPerToken") and not m.get("tpm")
    ]
    return MODEL if MODEL in found else found[0]


def make_key(page: Page, address: str, password: str, model: str) -> tuple[str, str]:
    """A key for the model, through the API with a token, and the gateway's address."""
    signed_in = ask(
        f"{address}/api/auth/token", {"grantType": "password", "username": "user", "password": password}
    )
    token = signed_in["accessToken"]
    if not page.request.get("/api/v1/subscriptions").json()["data"]:
        ask(f"{address}/api/v1/subscriptions", {"modelId": model}, token)
    key = ask(f"{address}/api/v1/api-keys", {"name": "Notebook", "modelIds": [model]}, token)
    gateway: str = page.request.get("/api/v1/config").json()["litellmApiUrl"]
    return key["key"], gateway


def call(gateway: str, secret: str, model: str) -> None:
    question = {"role": "user", "content": "Tell me about self-service in three sentences."}
    ask(f"{gateway}/v1/chat/completions", {"model": model, "messages": [question]}, secret)


def ask(url: str, body: dict[str, object], token: str | None = None) -> dict[str, str]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  the address is ours
    with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310
        found: dict[str, str] = json.load(answer)
        return found


def wait_for_usage(page: Page) -> None:
    """The worker pulls each 15 seconds."""
    deadline = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < deadline:
        page.goto("/usage")
        if page.get_by_text("Notebook").count() or page.get_by_text("$0.0").count():
            return
        time.sleep(3)
    raise SystemExit("The usage did not arrive. Does the worker run?")


def shoot(page: Page, path: str, name: str) -> None:
    page.goto(path, wait_until="networkidle")
    IMAGES.mkdir(exist_ok=True)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(sys.argv[1].rstrip("/"), sys.argv[2])
