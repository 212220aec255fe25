"""Takes the pictures of the README and the guides from the running product.

    make run                                             # in another terminal, on fresh data
    .venv/bin/python docs/screenshots.py http://127.0.0.1:8000 THE_DEMO_PASSWORD [NAME …]

Signs in as the demo's `user`, subscribes, makes keys, calls a model with one and waits until the portal shows the cost,
so that what is seen is what happened; then looks at the operators' pages as `admin`. With names it takes these pictures,
of what is there, and makes nothing. Needs chromium.
"""

import io
import json
import re
import shutil
import sys
import time
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1280, "height": 800}
LARGEST = 100_000
MODEL = "gpt-4o-mini"
CALLS = 12
LONGEST_WAIT = 90
# Name of the picture → address; `{…}` is filled in from what was made.
USER_PICTURES = {
    "models": "/models",
    "model": "/models/{restricted}",
    "new-key": "/api-keys/new",
    "keys": "/api-keys",
    "key": "/api-keys/{key}",
    "usage": "/usage",
    "home": "/home",
}
OPERATOR_PICTURES = {
    "requests": "/operations/subscriptions",
    "manage-models": "/operations/models",
    "user": "/operations/users/{user}",
    # These three are worth a picture where something differs, waits and was refused: take them by name.
    "gateway-state": "/operations/gateway?check=now",
    "gateway": "/operations/gateway/differences",
    "gateway-queue": "/operations/gateway/queue",
    "backup": "/operations/settings/backup",
    "operations-usage": "/operations/usage",
    "audit": "/operations/audit",
    "settings": "/operations/settings",
    "django-admin": "/admin/accounts/user/",
}
ONLY_BY_NAME = {"gateway-state", "gateway", "gateway-queue"}


def main(address: str, password: str, wanted: list[str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-background-networking"]
        )
        if wanted:
            page = signed_in(browser, address, "admin", password)
            for name in wanted:
                shoot(page, {**USER_PICTURES, **OPERATOR_PICTURES}[name], name)
            return
        page = signed_in(browser, address, "user", password)
        model, restricted = models(page)
        secret, gateway, key = make_keys(page, address, password, model, restricted)
        for _ in range(CALLS):
            call(gateway, secret, model)
        wait_for_usage(page)
        here = {
            "restricted": restricted,
            "key": key,
            "user": page.request.get("/api/v1/auth/me").json()["id"],
        }
        for name, path in USER_PICTURES.items():
            shoot(page, path.format_map(here), name)
        page = signed_in(browser, address, "admin", password)
        for name, path in OPERATOR_PICTURES.items():
            if name not in ONLY_BY_NAME:
                shoot(page, path.format_map(here), name)
        browser.close()


def signed_in(browser: Browser, address: str, name: str, password: str) -> Page:
    page = browser.new_context(viewport=SIZE, base_url=address, reduced_motion="reduce").new_page()
    page.goto("/home")
    page.get_by_label("Username or email").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile(r"/home"))
    return page


def models(page: Page) -> tuple[str, str]:
    """A priced chat model that anybody may use and a restricted one, by what the API says."""
    answer = page.request.get("/api/v1/models?limit=100").json()["data"]
    free = [
        m["id"]
        for m in answer
        if not m.get("restrictedAccess") and m.get("inputCostPerToken") and not m.get("tpm")
    ]
    restricted = [m["id"] for m in answer if m.get("restrictedAccess")]
    return (MODEL if MODEL in free else free[0]), (restricted or free)[0]


def make_keys(page: Page, address: str, password: str, model: str, restricted: str) -> tuple[str, str, str]:
    """The secret of a key for the model, made through the API with a token, the gateway's address, and the key's id.
    Also what makes lists worth seeing: a request for the restricted model, and a second key with a budget."""
    signed_in = ask(
        f"{address}/api/auth/token", {"grantType": "password", "username": "user", "password": password}
    )
    token = signed_in["accessToken"]
    if not page.request.get("/api/v1/subscriptions").json()["data"]:
        for wanted in (model, restricted):
            ask(f"{address}/api/v1/subscriptions", {"modelId": wanted}, token)
    batch = {"name": "Nightly batch", "modelIds": [model], "maxBudget": 20, "budgetDuration": "monthly"}
    ask(f"{address}/api/v1/api-keys", batch, token)
    key = ask(f"{address}/api/v1/api-keys", {"name": "Notebook", "modelIds": [model]}, token)
    gateway: str = page.request.get("/api/v1/config").json()["litellmApiUrl"]
    return key["key"], gateway, key["id"]


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
        if not page.get_by_text("No usage in this period").count():
            return
        time.sleep(3)
    raise SystemExit("The usage did not arrive. Does the worker run?")


def shoot(page: Page, path: str, name: str) -> None:
    """As WebP, as good as fits."""
    page.goto(path, wait_until="networkidle")
    picture = Image.open(io.BytesIO(page.screenshot()))
    IMAGES.mkdir(exist_ok=True)
    for quality in (90, 80, 70, 60, 50):
        packed = io.BytesIO()
        picture.save(packed, "WEBP", quality=quality, method=6)
        if packed.tell() < LARGEST:
            break
    (IMAGES / f"{name}.webp").write_bytes(packed.getvalue())


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3:])
