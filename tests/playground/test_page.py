"""The playground's page in a real browser, under the strict content policy."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from apikeys.services import issue_api_key
from catalog.models import Model
from portal.models import SavedConversation, SavedPreset, SavedPrompt
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory
from tests.playground.conftest import CHAT, CONVERTER, EMBEDDING
from tests.portal.conftest import signed_in
from tests.web.conftest import visit as visit

OTHER = "gpt-4o"
_MODELS = {
    CHAT: Model.Type.CHAT,
    OTHER: Model.Type.CHAT,
    EMBEDDING: Model.Type.EMBEDDINGS,
    CONVERTER: Model.Type.CONVERT,
}
_RICH = """**bold** <img src="https://elsewhere.example/x.png" onerror="document.title='broken'">

![a picture](https://elsewhere.example/y.png) [bad](javascript:alert(1)) [good](https://good.example/)

```python
x = 1 < 2
```"""


def give_models(user, drain, *names):
    for name in names:
        SubscriptionFactory(user=user, model=ModelFactory(id=name, model_type=_MODELS[name]))
    issue_api_key(actor=user, name="Mine", model_ids=list(names), now=timezone.now())
    drain()


@pytest.fixture
def start(visit, gateway, drain):
    """Open the page as somebody with a key."""

    def run(path="/playground", **options):
        started = visit(**options)
        give_models(User.objects.get(username="alice"), drain, *_MODELS)
        started.open(path)
        return started

    return run


def say(page, words):
    page.get_by_label("Message", exact=True).fill(words)
    page.get_by_label("Message", exact=True).press("Enter")


def test_a_talk_is_shown_measured_changed_and_cleared(start):
    started = start(f"/playground?model={CHAT}")
    page, log = started.page, started.page.get_by_role("log")
    page.get_by_label("System prompt").fill("Be brief.")
    say(page, _RICH)
    answer = log.locator("article").last
    expect(answer).to_contain_text("First token")
    expect(answer).to_contain_text("$0.")
    # What a model writes becomes text, and nothing is fetched from where it points.
    expect(answer.locator("strong")).to_have_text("bold")
    assert page.title().startswith("Playground")
    assert answer.locator("img").count() == 0
    links = [link.get_attribute("href") for link in answer.locator(".lm-message__text a").all()]
    assert links == ["https://elsewhere.example/y.png", "https://good.example/"]
    expect(answer.locator("pre code").first).to_have_text("x = 1 < 2")
    answer.get_by_text("Raw response").click()
    expect(answer.locator("pre").last).to_contain_text('"litemaas"')
    # In sentences, for those who listen.
    expect(page.locator("[data-speaker]")).to_contain_text("This is the simulated gateway")
    say(page, "And again")
    expect(log.get_by_text("You wrote: And again")).to_be_visible()
    log.get_by_role("button", name="Regenerate").last.click()
    expect(log.locator("article")).to_have_count(4)
    expect(log.locator("article").last).to_contain_text("First token")
    log.get_by_role("button", name="Edit").first.click()
    expect(page.get_by_label("Message", exact=True)).to_have_value(re.compile("bold"))
    say(page, "Something else")
    expect(log.locator("article")).to_have_count(2)
    expect(log).to_contain_text("You wrote: Something else")
    expect(log.locator("article").last).to_contain_text("First token")
    with page.expect_download() as saved:
        page.get_by_text("Conversations", exact=True).click()
        page.get_by_role("button", name="JSON").click()
    exported = json.loads(saved.value.path().read_text())
    assert [one["role"] for one in exported["messages"]] == ["user", "assistant"]
    assert exported["system"] == "Be brief."
    page.get_by_role("button", name="Clear").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Cancel").click()
    expect(log.locator("article")).to_have_count(2)
    page.get_by_role("button", name="Clear").click()
    dialog.get_by_role("button", name="Clear").click()
    expect(log).to_contain_text("Nothing was said yet.")
    assert "sk-" not in page.content()
    assert started.complaints == []


def test_two_models_stand_side_by_side_and_stopping_keeps_what_was_said(start, gateway):
    started = start(f"/playground?model={CHAT}&model={OTHER}")
    page, logs = started.page, started.page.get_by_role("log")
    expect(logs).to_have_count(2)
    say(page, "Compare yourselves")
    for at, name in enumerate((CHAT, OTHER)):
        expect(logs.nth(at)).to_contain_text(f"answering as {name}. You wrote: Compare yourselves")
    table = page.get_by_role("table", name="What the last answers took")
    expect(table.get_by_role("columnheader")).to_have_text([CHAT, OTHER])
    expect(table.get_by_role("row", name=re.compile("Cost"))).to_contain_text("best")
    assert "columns=2" in page.url
    page.set_viewport_size({"width": 320, "height": 800})
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 1280, "height": 900})
    gateway.faults.add("pace", "/v1/chat/completions", seconds=0.2)
    say(page, "word " * 60)
    expect(logs.nth(1)).to_contain_text("You wrote: word")
    page.get_by_role("button", name="Stop").click()
    for log in logs.all():
        expect(log).to_contain_text("Stopped.")
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    gateway.faults.clear()
    page.get_by_role("button", name="Keep this one").nth(1).click()
    expect(logs).to_have_count(1)
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value(OTHER)
    expect(logs.locator("article").nth(1)).to_contain_text(f"answering as {OTHER}")
    page.get_by_label("Show the answer as it is written").uncheck()
    say(page, "In one piece")
    expect(logs).to_contain_text("You wrote: In one piece")
    expect(logs.locator("article").last).to_contain_text("Tokens per second")
    assert started.complaints == []


def test_an_error_says_why_and_can_be_tried_again(start, gateway):
    gateway.faults.add("status", "/v1/chat/completions", status=500)
    page = start().page
    say(page, "Hello")
    log = page.get_by_role("log")
    expect(log).to_contain_text("The model could not answer.")
    gateway.faults.clear()
    page.get_by_role("button", name="Try again").click()
    expect(log.locator("article")).to_have_count(2)
    expect(log).to_contain_text("You wrote: Hello")
    gateway.faults.add("status", "/v1/chat/completions", status=429)
    say(page, "More")
    expect(log).to_contain_text(re.compile(r"Try again in \d+ seconds\."))
    expect(page.get_by_role("button", name="Try again")).to_be_disabled()
    gateway.faults.clear()
    # The session ends; after a sign-in in another tab the talk goes on here, with that one's token.
    session = [one for one in page.context.cookies() if "session" in one["name"]]
    page.context.clear_cookies()
    say(page, "Still there?")
    expect(page.get_by_role("link", name="Sign in again")).to_be_visible()
    page.context.add_cookies(session)
    page.get_by_role("button", name="Try again").last.click()
    expect(log).to_contain_text("You wrote: Still there?")


def test_presets_prompts_and_conversations_are_kept_and_a_link_holds_no_key(start):
    started = start()
    page = started.page
    page.get_by_label("Temperature").fill("0.2")
    page.get_by_label("Stop at").fill("END")
    page.get_by_text("Presets", exact=True).click()
    page.get_by_label("Name of the preset").fill("Exact")
    page.get_by_role("button", name="Save these settings").click()
    expect(page.get_by_role("button", name="Exact", exact=True)).to_be_visible()
    kept = SavedPreset.objects.get()
    assert (kept.settings["temperature"], kept.settings["stop"]) == (0.2, ["END"])
    page.get_by_role("button", name="Copy a link to them").click()
    page.wait_for_url("**#settings=*")
    shared = page.url
    page.get_by_label("Temperature").fill("1.5")
    page.get_by_role("button", name="Exact", exact=True).click()
    expect(page.get_by_label("Temperature")).to_have_value("0.2")
    page.get_by_text("Prompts and examples", exact=True).click()
    page.get_by_role("button", name="Summarise").click()
    page.get_by_label("Name of the prompt").fill("Mine to keep")
    page.get_by_role("button", name="Save the message as a prompt").click()
    expect(page.get_by_role("button", name="Mine to keep", exact=True)).to_be_visible()
    assert SavedPrompt.objects.get().text.startswith("Summarise")
    say(page, "Not to be kept")
    expect(page.get_by_role("log")).to_contain_text("Cost")
    assert not SavedConversation.objects.exists()
    page.get_by_text("Conversations", exact=True).click()
    page.get_by_label("Save my conversations").check()
    expect(page.locator("#announce")).to_have_text("Saved.")
    say(page, "To be kept")
    expect(page.get_by_role("button", name="Not to be kept", exact=True)).to_be_visible()
    assert len(SavedConversation.objects.get().messages) == 4
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("button", name="Not to be kept", exact=True)).to_have_count(0)
    assert not SavedConversation.objects.exists()
    user = User.objects.get(username="alice")
    assert user.preferences["playground"]["keepConversations"] is True
    page.goto("about:blank")
    page.goto(shared)
    expect(page.get_by_label("Temperature")).to_have_value("0.2")
    assert str(user.api_keys.get().pk) not in shared
    assert started.complaints == []


def test_texts_become_vectors_and_are_compared(start):
    started = start("/playground?tab=embeddings")
    page = started.page
    page.get_by_label("Text", exact=True).fill("A cat")
    page.get_by_role("button", name="Make vectors").click()
    expect(page.get_by_text("1,536", exact=True)).to_be_visible()
    expect(page.get_by_text("Similarity (cosine)")).to_be_hidden()
    page.get_by_label("Text to compare with").fill("A cat")
    page.get_by_role("button", name="Make vectors").click()
    expect(page.get_by_text("1.0000")).to_be_visible()
    assert started.complaints == []


def test_a_document_is_converted_and_shown(start, gateway):
    started = start("/playground?tab=convert")
    page = started.page
    page.get_by_label("Address of the document").fill("https://papers.example/one.pdf")
    page.get_by_role("button", name="Convert").click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("heading")).to_have_text("A simulated document")
    expect(preview.get_by_role("cell", name="as placeholders")).to_be_visible()
    expect(preview.get_by_text("A picture, which is not shown")).to_be_visible()
    assert preview.locator("a, img").count() == 1  # the address, which became a link
    expect(page.get_by_text("Cost: N/A")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    gateway.faults.add("status", "/docling/*", status=500)
    page.get_by_role("button", name="Convert").click()
    expect(page.get_by_role("region", name="Result")).to_contain_text("The model could not answer.")
    gateway.faults.clear()
    gateway.faults.add("hang", "/docling/*")
    page.get_by_role("button", name="Convert").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped.", exact=True)).to_be_visible()
    # The browser notes the 502 itself.
    assert [one for one in started.complaints if "502" not in one] == []


def test_without_a_key_there_is_a_way_to_one(db):
    assert "Create key" in signed_in(UserFactory()).get("/playground").content.decode()


def test_who_may_only_look_is_told_so(db):
    page = signed_in(UserFactory(roles=["readonly"])).get("/playground").text
    assert "Your role lets you look" in page
    assert "Create key" not in page


def test_a_key_without_a_fitting_model_says_what_it_opens(gateway, drain, db):
    user = UserFactory()
    give_models(user, drain, EMBEDDING)
    page = signed_in(user).get("/playground").text
    assert "None of your keys opens a chat model" in page
    assert "Mine opens: Embeddings." in page
    assert "Make vectors" in signed_in(user).get("/playground?tab=embeddings").text


def test_ones_own_defaults_are_filled_in(gateway, drain, db):
    wishes = {"temperature": 1.5, "maxTokens": 99, "system": "Be kind.", "stream": False}
    user = UserFactory(preferences={"playground": wishes})
    give_models(user, drain, CHAT)
    form = signed_in(user).get("/playground").context["form"]
    initial = {name: form.initial[name] for name in ("temperature", "max_tokens", "system", "stream")}
    assert initial == {"temperature": 1.5, "max_tokens": 99, "system": "Be kind.", "stream": False}


def test_what_limits_a_key_is_shown_to_its_owner_only(gateway, drain, db):
    user = UserFactory()
    give_models(user, drain, CHAT)
    address = f"/playground/standing?key={user.api_keys.get().pk}"
    assert "What limits this key" in signed_in(user).get(address).text
    assert signed_in(UserFactory()).get(address).status_code == 404
    assert signed_in(user).get("/playground/standing?key=x").status_code == 404


def test_the_page_takes_as_many_statements_for_many_keys(gateway, drain, db, django_assert_max_num_queries):
    user = UserFactory()
    give_models(user, drain, CHAT)
    client = signed_in(user)
    client.get("/playground")  # what is asked once and remembered
    with django_assert_max_num_queries(100) as few:
        client.get("/playground")
    for number in range(8):
        issue_api_key(actor=user, name=f"Key {number}", model_ids=[CHAT], now=timezone.now())
    with django_assert_max_num_queries(100) as many:
        client.get("/playground")
    assert len(many) == len(few)
