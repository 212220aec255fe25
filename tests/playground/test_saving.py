"""Saved prompts, presets and conversations: their owner's alone."""

import pytest

from portal.models import SavedConversation, SavedPrompt
from portal.playground import saving
from tests.api.conftest import ApiClient
from tests.factories import UserFactory

TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


@pytest.fixture
def api(db):
    return ApiClient(UserFactory())


@pytest.fixture
def stranger(db):
    return ApiClient(UserFactory(is_operator=True))


def test_a_prompt_is_kept_changed_and_deleted(api, stranger):
    made = api.post("playground/prompts", {"name": " Tidy ", "text": " Be brief. "})
    assert made.status_code == 201
    address = f"playground/prompts/{made.json()['id']}"
    assert (made.json()["name"], made.json()["text"]) == ("Tidy", " Be brief. ")
    assert api.patch(address, {"text": "Be long."}).json()["text"] == "Be long."
    assert api.get(address).json()["name"] == "Tidy"
    assert api.get("playground/prompts").json()["pagination"]["total"] == 1
    assert stranger.get("playground/prompts").json()["data"] == []
    for method in (stranger.get, stranger.patch, stranger.delete):
        assert method(address).status_code == 404
    assert api.delete(address).status_code == 204
    assert api.delete(address).status_code == 404


def test_a_conversation_is_kept_changed_and_deleted(api, stranger):
    made = api.post("playground/conversations", {"name": "Talk", "model": "m", "messages": TALK})
    assert made.status_code == 201
    address = f"playground/conversations/{made.json()['id']}"
    assert made.json()["messages"] == TALK
    [listed] = api.get("playground/conversations").json()["data"]
    assert listed == {name: value for name, value in made.json().items() if name != "messages"}
    assert listed["messageCount"] == 2
    assert api.patch(address, {"messages": TALK[:1]}).json()["messageCount"] == 1
    assert api.get(address).json()["messages"] == TALK[:1]
    for method in (stranger.get, stranger.patch, stranger.delete):
        assert method(address).status_code == 404
    assert api.delete(address).status_code == 204


def test_a_preset_is_kept_changed_and_deleted_and_has_no_place_for_a_key(api, stranger):
    wish = {"model": "m", "temperature": 0.2, "stop": ["END"], "stream": False, "apiKeyId": "sk-1"}
    made = api.post("playground/presets", {"name": "Exact", "settings": wish})
    assert made.status_code == 201
    del wish["apiKeyId"]
    assert made.json()["settings"] == wish
    address = f"playground/presets/{made.json()['id']}"
    assert api.patch(address, {"settings": {"topP": 0.5}}).json()["settings"] == {"topP": 0.5}
    assert api.post("playground/presets", {"name": "Hot", "settings": {"temperature": 3}}).status_code == 400
    assert [one["name"] for one in api.get("playground/presets").json()["data"]] == ["Exact"]
    assert stranger.get("playground/presets").json()["data"] == []
    for method in (stranger.get, stranger.patch, stranger.delete):
        assert method(address).status_code == 404
    assert api.delete(address).status_code == 204


def test_all_conversations_go_at_once_and_only_ones_own(api, stranger):
    for one in (api, api, stranger):
        one.post("playground/conversations", {"name": "Talk", "messages": TALK})
    assert api.delete("playground/conversations").json()["deletedCount"] == 2
    assert SavedConversation.objects.count() == 1


def test_there_is_an_end_to_saving(api, monkeypatch):
    monkeypatch.setattr(saving, "MOST", 1)
    api.post("playground/prompts", {"name": "a", "text": "b"})
    answer = api.post("playground/prompts", {"name": "a", "text": "b"})
    assert (answer.status_code, answer.json()["details"]["limit"]) == (400, 1)
    assert SavedPrompt.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x"}, "name"),
        ({"name": "x", "text": ""}, "text"),
        ({"name": "x", "text": "x" * 20_001}, "text"),
        ({"name": "x" * 201, "text": "x"}, "name"),
    ],
)
def test_a_wrong_prompt_is_named(api, body, field):
    answer = api.post("playground/prompts", body)
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, field)


def test_a_long_conversation_is_refused(api):
    long = [{"role": "user", "content": "x" * 300_000}]
    answer = api.post("playground/conversations", {"name": "x", "messages": long})
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "messages")
