"""Reading the gateway's models into the catalogue."""

import threading
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import SYSTEM, AuditEvent
from catalog.errors import EmptyCatalogue, SyncRunning, SyncSafetyStop
from catalog.facts import LeftOut
from catalog.models import Deployment, Model, Price, SyncRun
from catalog.sync import sync_models
from litellm_sync.errors import GatewayUnavailable
from notifications.models import Notification
from tests.catalog.conftest import deployment
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sync(client):
    def run(**parts):
        return sync_models(actor=SYSTEM, trigger="test", client=client, **parts)

    return run


def test_every_reported_fact_is_in_the_catalogue(listing, sync):
    listing.rows = [
        deployment(
            "lab/vision",
            litellm_provider="openai",
            max_input_tokens=128_000,
            max_output_tokens=4_096,
            input_cost_per_token=1.5e-07,
            output_cost_per_token=6e-07,
            supports_vision=True,
            supports_function_calling=False,
            description="Sees.",
            params={"tpm": 1000, "rpm": 10},
        )
    ]
    summary = sync()
    model = Model.objects.get(pk="lab/vision")
    assert summary.new == ["lab/vision"]
    assert (model.provider, model.description, model.model_type) == ("openai", "Sees.", "chat")
    assert (model.context_length, model.max_output_tokens, model.tpm, model.rpm) == (128_000, 4_096, 1000, 10)
    assert (model.input_cost_per_token, model.output_cost_per_token) == (Decimal("1.5e-7"), Decimal("6e-7"))
    assert model.capabilities == ["chat", "vision"]


def test_what_the_gateway_does_not_say_stays_unknown(listing, sync):
    listing.set("plain")
    sync()
    model = Model.objects.get(pk="plain")
    unknown = (
        model.context_length,
        model.max_output_tokens,
        model.input_cost_per_token,
        model.tpm,
        model.rpm,
    )
    assert unknown == (None,) * 5
    assert not Price.objects.exists()


def test_a_price_of_nothing_is_a_price(listing, sync):
    listing.rows = [deployment("free", input_cost_per_token=0.0, output_cost_per_token=0.0)]
    sync()
    assert Model.objects.get(pk="free").input_cost_per_token == 0
    assert Price.objects.get().output_cost_per_token == 0


def test_deployments_of_one_name_are_one_model_with_the_limits_that_always_hold(listing, sync):
    listing.rows = [
        deployment("chat", id="a", max_input_tokens=8_000, input_cost_per_token=1e-6, supports_vision=True),
        deployment("chat", id="b", max_input_tokens=32_000, input_cost_per_token=2e-6),
    ]
    sync()
    model = Model.objects.get()
    assert (model.context_length, model.input_cost_per_token) == (8_000, Decimal("0.000002"))
    assert model.capabilities == ["chat"]
    assert Deployment.objects.count() == 2


def test_rows_that_can_not_be_used_are_left_out_and_reported(listing, sync):
    listing.rows = [deployment("good"), {"model_name": None}, {"model_name": "x", "model_info": "odd"}]
    summary = sync()
    assert summary.total == 1
    assert SyncRun.objects.get().left_out_count == 2


def test_a_changed_price_is_history(listing, sync):
    listing.rows = [deployment("chat", input_cost_per_token=1e-6)]
    sync()
    listing.rows = [deployment("chat", input_cost_per_token=3e-6)]
    assert sync().updated == ["chat"]
    new, old = Price.objects.order_by("-valid_from")
    assert (old.input_cost_per_token, new.input_cost_per_token) == (Decimal("0.000001"), Decimal("0.000003"))
    assert old.valid_to == new.valid_from
    assert new.valid_to is None


def test_the_same_answer_again_changes_nothing(listing, sync):
    listing.rows = [deployment("chat", input_cost_per_token=1e-6)]
    sync()
    before = Model.objects.values().get()
    summary = sync()
    after = Model.objects.values().get()
    assert (summary.new, summary.updated, summary.restored) == ([], [], [])
    assert before | {"last_seen_at": None} == after | {"last_seen_at": None}
    assert Price.objects.count() == 1
    assert AuditEvent.objects.filter(action="MODELS_SYNC").count() == 1


def test_a_vanished_model_is_unavailable_and_its_return_restores_it(listing, sync):
    names = [f"m{n}" for n in range(10)]
    listing.set(*names)
    sync()
    listing.set(*names[1:])
    assert sync().unavailable == ["m0"]
    gone = Model.objects.get(pk="m0")
    assert not gone.is_available
    assert gone.unavailable_since is not None
    assert Deployment.objects.get(model="m0").vanished_at is not None
    listing.set(*names)
    assert sync().restored == ["m0"]
    back = Model.objects.get(pk="m0")
    assert (back.is_available, back.unavailable_since) == (True, None)
    assert Deployment.objects.get(model="m0").vanished_at is None


def test_an_operators_restriction_survives_a_sync(listing, sync):
    listing.set("chat")
    sync()
    Model.objects.update(restricted_access=True)
    listing.rows = [deployment("chat", max_input_tokens=1)]
    sync()
    assert Model.objects.get().restricted_access


def test_an_empty_answer_changes_nothing_and_says_so(listing, sync):
    listing.set("chat")
    sync()
    listing.set()
    with pytest.raises(EmptyCatalogue):
        sync(confirm=True)
    assert Model.objects.get().is_available
    run = SyncRun.objects.first()
    assert (run.state, run.finding) == ("stopped", "The gateway listed no models. Nothing was changed.")


def test_more_than_a_fifth_missing_stops_until_confirmed(listing, sync):
    names = [f"m{n}" for n in range(10)]
    listing.set(*names)
    sync()
    listing.set(*names[3:])
    with pytest.raises(SyncSafetyStop) as stop:
        sync()
    assert stop.value.data == {"vanished": 3, "total": 10}
    assert Model.objects.available().count() == 10
    assert sync(confirm=True).unavailable == names[:3]


def test_operators_are_told_of_the_first_failure_in_a_row(listing, sync):
    auditor, person = UserFactory(is_auditor=True), UserFactory()
    listing.set("chat")
    sync()
    listing.set()
    for _ in range(2):
        with pytest.raises(EmptyCatalogue):
            sync()
    told = Notification.objects.get(kind="sync_problem")
    assert (told.user, told.title_text) == (auditor, "The reading of the models stopped for safety")
    assert told.body_text == "The gateway listed no models. Nothing was changed."
    assert not Notification.objects.filter(user=person).exists()


def test_a_fifth_missing_is_still_believed(listing, sync):
    names = [f"m{n}" for n in range(10)]
    listing.set(*names)
    sync()
    listing.set(*names[2:])
    assert sync().unavailable == names[:2]


def test_a_dry_run_tells_and_writes_nothing(listing, sync):
    listing.set("a", "b")
    summary = sync(dry_run=True)
    assert (summary.new, summary.dry_run) == (["a", "b"], True)
    assert not Model.objects.exists()
    assert not SyncRun.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("body", [b"<html>busy</html>", b'{"data": "none"}', b"[]", b""])
def test_an_answer_that_is_not_a_gateways_changes_nothing(listing, sync, body):
    listing.set("chat")
    sync()
    listing.body = body
    with pytest.raises(GatewayUnavailable):
        sync()
    assert Model.objects.get().is_available
    assert SyncRun.objects.first().state == "failed"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_the_second_is_refused(listing, sync):
    listing.set("chat")
    listing.may_answer.clear()
    ended = []

    def first():
        ended.append(sync().total)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert listing.reached.wait(5)
    with pytest.raises(SyncRunning):
        sync()
    listing.may_answer.set()
    thread.join()
    assert ended == [1]
    assert sync().total == 1


@pytest.mark.usefixtures("configured")
class TestCommand:
    @pytest.fixture
    def configured(self, listing, settings):
        from litellm_sync.client import forget_gateway

        settings.LITELLM_API_URL = listing.url
        forget_gateway()
        yield
        forget_gateway()

    def test_it_says_what_it_did(self, listing, capsys):
        listing.set("a", "b")
        call_command("sync_models")
        said = capsys.readouterr().out
        assert "2 of 2 models" in said
        assert "new: 2 (a, b)" in said

    def test_a_dry_run_says_so(self, listing, capsys):
        listing.set("a")
        call_command("sync_models", dry_run=True)
        assert "nothing was changed" in capsys.readouterr().out
        assert not Model.objects.exists()

    def test_a_safety_stop_ends_with_a_sentence(self, listing):
        listing.set("a", "b")
        call_command("sync_models")
        listing.set("a")
        with pytest.raises(CommandError, match="no longer lists 1 of 2 models"):
            call_command("sync_models")
        call_command("sync_models", confirm=True)
        assert not Model.objects.get(pk="b").is_available

    def test_a_refused_master_key_ends_with_a_sentence(self, listing):
        listing.status = 401
        listing.body = (
            b'{"error": {"message": "Invalid proxy server token", "type": "auth_error", "code": "401"}}'
        )
        with pytest.raises(CommandError, match="Invalid proxy server token"):
            call_command("sync_models")


def test_a_run_says_which_rows_it_could_not_use_and_why(listing, sync):
    listing.rows = [
        deployment("good"),
        {"model_name": None, "model_info": {"id": "nameless"}},
        {"model_name": "x" * 300, "model_info": {"id": "long"}},
        {"model_name": "without-id"},
        {},
    ]
    summary = sync()
    run = SyncRun.objects.get()
    assert run.left_out_count == 4
    assert summary.problems == [str(LeftOut(**facts)) for facts in run.left_out]
    assert summary.problems[0] == "The deployment nameless has no model name."
    assert "deployment long is too long" in summary.problems[1]
    assert summary.problems[2] == "A deployment of without-id has no usable id."


def test_rewriting_puts_right_what_something_else_has_touched(listing, sync):
    listing.rows = [deployment(name, input_cost_per_token=1e-06) for name in ("one", "two")]
    sync()
    Price.objects.filter(model="one").delete()
    assert sync().updated == []
    assert not Price.objects.filter(model="one").exists()
    assert sync(rewrites=True, dry_run=True).updated == ["one", "two"]
    assert sync(rewrites=True).updated == ["one", "two"]
    assert Price.objects.filter(model="one", valid_to=None).count() == 1
    assert Price.objects.filter(model="two").count() == 1


def test_missing_models_stay_available_where_they_are_not_to_be_marked(listing, sync):
    listing.set("one", "two", "three")
    sync()
    listing.set("one", "four")
    summary = sync(marks_missing=False)
    assert (summary.new, summary.unavailable) == (["four"], [])
    assert Model.objects.available().count() == 4
    assert not Deployment.objects.exclude(vanished_at=None).exists()
