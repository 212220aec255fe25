"""The main job from the sign-in to the bill: the way of somebody who has never been here before."""

import json
import re
import subprocess
import time
from datetime import timedelta
from decimal import Decimal

import requests
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import SYSTEM
from catalog.models import Model
from catalog.sync import sync_models
from tests.factories import PASSWORD, UserFactory
from usage.models import UsageLog
from usage.services import pull_usage

_MOST_SECONDS = 90


def test_from_sign_in_to_the_cost_of_a_call(some_gateway, tell):
    UserFactory.create(username="newcomer", full_name="Nora Newcomer", signs_in=True)
    sync_models(actor=SYSTEM, trigger="test")
    model = Model.objects.available().filter(model_type="chat", restricted_access=False,
                                             input_cost_per_token__gt=0, tpm=None).earliest("pk")  # fmt: skip
    page = sign_in(tell)
    subscribe(page, model.pk)
    secret = create_key(page, model.pk)
    answer = call_as_shown(page, secret)
    assert answer["choices"][0]["message"]["content"]
    assert some_gateway in page.locator("#snippet-chat-curl-code").inner_text()
    log = wait_for_usage(model.pk)
    assert log.total_tokens == answer["usage"]["total_tokens"]
    assert log.cost is not None
    assert log.cost > 0
    see_usage(page, model.pk, log)
    ask_the_api(tell, log)


def sign_in(tell):
    page = tell.open("/models")
    page.get_by_label("Username or email").fill("newcomer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    return page


def subscribe(page, model):
    page.get_by_label("Search models").fill(model)
    page.get_by_role("link", name=model, exact=True).click()
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_text("You are subscribed to this model")).to_be_visible()


def create_key(page, model):
    """Made in the portal; the gateway knows it when the page says so."""
    page.get_by_role("link", name="Create key with this model").click()
    page.get_by_label("Name", exact=True).fill("first key")
    expect(page.get_by_label(model, exact=True)).to_be_checked()
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("#secret")
    expect(secret).to_have_text(re.compile("^sk-"))
    expect(page.get_by_text("It works now.")).to_be_visible()
    return secret.inner_text()


def call_as_shown(page, secret):
    """The example on the page as it stands, with the key put in by the browser."""
    codes = {name: page.locator(f"#snippet-chat-{name}-code") for name in ("curl", "python", "javascript")}
    before = {name: code.text_content() for name, code in codes.items()}
    assert not any(secret in text for text in before.values())
    switch = page.get_by_role("switch", name="Insert my key")
    switch.check(force=True)
    expect(codes["curl"]).to_contain_text(f'"Authorization: Bearer {secret}"')
    expect(codes["python"]).to_contain_text(f'api_key="{secret}"')
    expect(codes["javascript"]).to_contain_text(f'apiKey: "{secret}"')
    assert secret not in page.url
    command = codes["curl"].text_content()
    switch.uncheck(force=True)
    assert {name: code.text_content() for name, code in codes.items()} == before
    done = subprocess.run(["bash", "-ec", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_for_usage(model):
    """A gateway writes its log a while after the answer: read it until the call is there."""
    deadline = time.monotonic() + _MOST_SECONDS
    while time.monotonic() < deadline:
        pull_usage(timezone.now() + timedelta(seconds=1))
        if log := UsageLog.objects.filter(model=model, status="success", user_id__isnull=False).first():
            return log
        time.sleep(0.5)
    raise AssertionError("The gateway did not log the call.")


def see_usage(page, model, log):
    page.get_by_role("link", name="Usage", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Usage")
    expect(page.get_by_role("rowheader", name=model).first).to_be_visible()
    assert exact(log.cost) in page.content()
    page.get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_text("First steps")).to_be_hidden()


def exact(cost):
    return format(cost.normalize(), "f")


def ask_the_api(tell, log):
    """The same figures from the API, with a token of one's own."""
    grant = {"grantType": "password", "username": "newcomer", "password": PASSWORD}
    token = requests.post(f"{tell.address}/api/auth/token", json=grant, timeout=30).json()["access_token"]
    day = log.started_at.date().isoformat()
    address = f"{tell.address}/api/v1/usage/summary?startDate={day}&endDate={day}"
    answer = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 200, answer.text
    totals = answer.json()["totals"]
    assert totals["requests"] == 1
    assert Decimal(str(totals["cost"])).quantize(Decimal("1e-12")) == log.cost.quantize(Decimal("1e-12"))
