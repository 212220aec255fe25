"""Models that administrators make, change and delete from here."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.audit.models import AuditEvent
from accounts.models import SYSTEM
from catalog import managing
from catalog.errors import NotManagedHere
from catalog.gateway import apply_model, read_deployment
from catalog.model_form import ModelForm
from catalog.models import Deployment, ManagedDeployment, Model
from catalog.sync import sync_models
from litellm_sync import registry
from litellm_sync.differences import differences
from litellm_sync.errors import GatewayRefused
from litellm_sync.findings import NotAdoptable
from litellm_sync.models import GatewayObject
from litemaas import errors
from subscriptions.errors import AlreadySubscribed
from subscriptions.models import Subscription
from subscriptions.services import subscribe
from tests.factories import ModelFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
KEY = "sk-the-providers-own-key"
FORM = ModelForm(
    model_name="lab/new",
    backend_model_name="meta/llama",
    api_base="https://backend.example/v1",
    description="Brand new.",
    input_cost_per_token=Decimal(0),
    output_cost_per_token=Decimal("0.0000006"),
    tpm=1000,
    rpm=10,
    max_tokens=4096,
    capabilities=("chat", "vision"),
)


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


@pytest.fixture
def create(gateway, operator):
    def run(form=FORM, **parts):
        return managing.create_model(
            **{"actor": operator, "form": form, "provider_key": KEY, "restricted": False}
            | {"now": timezone.now()}
            | parts
        )

    return run


def there(gateway, name="lab/new"):
    return next((d for d in gateway.state.deployments.values() if d["model_name"] == name), None)


def test_a_new_model_is_in_the_gateway_and_in_the_catalogue(create, gateway):
    saved = create()
    assert saved.sync_status == "synced"
    params, info = there(gateway)["litellm_params"], there(gateway)["model_info"]
    assert (params["model"], params["api_key"]) == ("openai/meta/llama", KEY)
    assert (params["input_cost_per_token"], params["api_base"]) == (0, "https://backend.example/v1")
    assert (info["supports_vision"], info["max_output_tokens"]) == (True, 4096)
    model = Model.objects.get(pk="lab/new")
    assert (model.availability, model.description) == ("available", "Brand new.")
    assert (model.input_cost_per_token, model.output_cost_per_token) == (0, Decimal("6e-7"))
    assert (model.capabilities, model.max_output_tokens, model.tpm) == (["chat", "vision"], 4096, 1000)
    assert Deployment.objects.get(model=model).is_managed_by_config is False


def test_the_providers_key_is_sealed_and_nowhere_else(create, caplog):
    create()
    row = ManagedDeployment.objects.get()
    assert KEY.encode() not in bytes(row.sealed_provider_key)
    for event in AuditEvent.objects.all():
        assert KEY not in f"{event.old_values}{event.new_values}{event.metadata}{event.error_message}"
    assert KEY not in caplog.text


def test_the_next_synchronisation_finds_nothing_to_change(create, operator):
    create()
    summary = sync_models(actor=operator, trigger="test")
    assert ("lab/new" in summary.updated, "lab/new" in summary.new) == (False, False)
    assert Model.objects.get(pk="lab/new").restricted_access is False


def test_a_restricted_model_is_never_open(create, gateway, drain):
    create(restricted=True)
    user = UserFactory.create()
    assert subscribe(actor=user, model_id="lab/new", now=timezone.now()).status == "pending"


def test_while_the_gateway_is_away_the_model_waits_and_is_not_offered(create, gateway, drain, operator):
    gateway.stop()
    saved = create(restricted=True)
    assert saved.sync_status == "pending"
    assert saved.model.availability == "unavailable"
    assert saved.model.restricted_access is True


def test_a_name_is_given_once(create):
    ModelFactory.create(id="lab/new")
    with pytest.raises(errors.AlreadyExists):
        create()
    assert not ManagedDeployment.objects.exists()


def refuse(gateway, path):
    """A refusal with a message that repeats the key, as LiteLLM's sometimes do."""
    error = {"message": f"no such provider, api_key={KEY}", "type": "invalid_request_error", "code": "400"}
    gateway.faults.add("status", path, status=400, body=json.dumps({"error": error}))


def test_what_the_gateway_refuses_for_good_leaves_nothing(create, gateway):
    refuse(gateway, "/model/new")
    with pytest.raises(GatewayRefused, match="no such provider"):
        create()
    assert not Model.objects.filter(pk="lab/new").exists()
    assert not ManagedDeployment.objects.exists()
    assert not GatewayObject.objects.exists()
    refused = AuditEvent.objects.get(action="MODEL_CREATE", success=False)
    assert KEY not in refused.error_message


def change(operator, **parts):
    return managing.change_model(
        **{"actor": operator, "model_id": "lab/new", "changes": {}, "now": timezone.now()} | parts
    )


def test_a_change_arrives_and_keeps_what_it_does_not_name(create, gateway, operator):
    create()
    saved = change(operator, changes={"rpm": 20, "description": "Newer."})
    assert saved.sync_status == "synced"
    params = there(gateway)["litellm_params"]
    assert (params["rpm"], params["tpm"], params["api_key"]) == (20, 1000, KEY)
    model = Model.objects.get(pk="lab/new")
    assert (model.rpm, model.description) == (20, "Newer.")
    event = AuditEvent.objects.get(action="MODEL_UPDATE")
    assert (event.old_values["rpm"], event.new_values["rpm"]) == (10, 20)


def test_a_new_provider_key_is_sent_once(create, gateway, operator):
    create()
    change(operator, provider_key="sk-another-key-of-the-provider")
    assert there(gateway)["litellm_params"]["api_key"] == "sk-another-key-of-the-provider"
    row = ManagedDeployment.objects.get()
    assert row.provider_key_applied == row.provider_key_version == 2


def test_a_change_of_nothing_asks_the_gateway_nothing(create, operator):
    create()
    wish = GatewayObject.objects.get().requested
    change(operator, changes={"rpm": 10, "input_cost_per_token": Decimal("0.000")})
    assert GatewayObject.objects.get().requested == wish
    assert not AuditEvent.objects.filter(action="MODEL_UPDATE").exists()


def test_a_refused_change_is_not_saved(create, gateway, operator):
    create()
    refuse(gateway, "/model/update")
    with pytest.raises(GatewayRefused):
        change(operator, changes={"rpm": 99, "description": "Never."}, restricted=True)
    row, model = ManagedDeployment.objects.get(), Model.objects.get(pk="lab/new")
    assert (row.rpm, row.description) == (10, "Brand new.")
    assert (model.description, model.restricted_access) == ("Brand new.", False)


def test_a_name_can_not_be_changed(create, operator):
    create()
    with pytest.raises(errors.InvalidInput, match="can't be changed"):
        change(operator, changes={"model_name": "lab/other"})


def test_restricting_makes_subscriptions_wait(create, operator):
    create()
    row = subscribe(actor=UserFactory.create(), model_id="lab/new", now=timezone.now())
    change(operator, restricted=True)
    row.refresh_from_db()
    assert row.status == "pending"


def test_a_model_of_the_configuration_file_is_read_only_but_can_be_restricted(gateway, operator):
    sync_models(actor=SYSTEM, trigger="test")
    name = Deployment.objects.filter(is_managed_by_config=True).values_list("model_id", flat=True).first()
    with pytest.raises(NotManagedHere):
        change(operator, model_id=name, changes={"rpm": 12345})
    with pytest.raises(NotManagedHere):
        managing.retire_model(actor=operator, model_id=name, now=timezone.now())
    change(operator, model_id=name, changes={"rpm": Model.objects.get(pk=name).rpm}, restricted=True)
    assert Model.objects.get(pk=name).restricted_access is True


def test_a_model_that_somebody_made_in_the_gateway_becomes_ours_with_the_first_change(
    gateway, gateway_client, operator
):
    pk = "6a1f3a2e-3b7c-4c5e-9d43-5f0d3f2b9c11"
    gateway_client.create_deployment(
        model_name="stranger",
        litellm_params={"model": "anthropic/claude", "api_key": "sk-unknown-to-us-1234"},
        model_info={"id": pk},
    )
    sync_models(actor=SYSTEM, trigger="test")
    change(operator, model_id="stranger", changes={"rpm": 5})
    params = there(gateway, "stranger")["litellm_params"]
    assert (params["model"], params["rpm"]) == ("anthropic/claude", 5)
    assert params["api_key"] == "sk-unknown-to-us-1234"
    assert str(ManagedDeployment.objects.get().pk) == pk


def test_a_deleted_model_is_gone_everywhere_and_its_history_stays(create, gateway, operator):
    create()
    row = subscribe(actor=UserFactory.create(), model_id="lab/new", now=timezone.now())
    saved = managing.retire_model(actor=operator, model_id="lab/new", reason="Old.", now=timezone.now())
    assert saved.sync_status == "synced"
    assert there(gateway) is None
    row.refresh_from_db()
    assert (row.status, row.resumes_as) == ("inactive", "")
    assert row.history.count() == 2
    model = Model.objects.get(pk="lab/new")
    assert (model.availability, model.retired_at is not None) == ("unavailable", True)
    assert ManagedDeployment.objects.get().sealed_provider_key is None
    again = managing.retire_model(actor=operator, model_id="lab/new", now=timezone.now())
    assert again.model.retired_at == model.retired_at


def test_a_synchronisation_does_not_bring_a_deleted_model_back(create, gateway, operator):
    create()
    kept = dict(there(gateway))
    managing.retire_model(actor=operator, model_id="lab/new", now=timezone.now())
    gateway.state.save("deployments", "another-id", {**kept, "model_info": {**kept["model_info"], "id": "x"}})
    sync_models(actor=SYSTEM, trigger="test")
    assert Model.objects.get(pk="lab/new").availability == "unavailable"


def test_a_deleted_name_can_be_given_again_and_nobody_is_subscribed(create, operator):
    create()
    user = UserFactory.create()
    subscribe(actor=user, model_id="lab/new", now=timezone.now())
    managing.retire_model(actor=operator, model_id="lab/new", now=timezone.now())
    create(form=replace(FORM, description="Again."))
    assert Model.objects.get(pk="lab/new").availability == "available"
    assert Subscription.objects.get(user=user).status == "inactive"
    subscribe(actor=user, model_id="lab/new", now=timezone.now())
    with pytest.raises(AlreadySubscribed):
        subscribe(actor=user, model_id="lab/new", now=timezone.now())


def test_applying_again_changes_nothing_and_a_lost_deployment_is_made_anew(create, gateway, gateway_client):
    create()
    row = ManagedDeployment.objects.get()
    before = dict(there(gateway))
    apply_model(row.pk, gateway_client)
    assert there(gateway) == before
    gateway_client.delete_deployment(str(row.pk))
    apply_model(row.pk, gateway_client)
    assert there(gateway)["litellm_params"]["api_key"] == KEY


def test_the_reconciler_sees_what_somebody_changed_in_the_gateway(create, gateway_client):
    create()
    row = ManagedDeployment.objects.get()
    mirror = registry.mirror_of("model")
    wish = mirror.wishes([str(row.pk), "no-uuid"])[str(row.pk)]
    assert [list(batch) for batch in mirror.expected()] == [[(str(row.pk), row.pk)]]

    def found():
        present = mirror.read(gateway_client.get_deployment(str(row.pk)))
        return [difference.field for difference in differences(wish.fields, present)]

    assert found() == []
    gateway_client.update_deployment(str(row.pk), litellm_params={"rpm": 999})
    assert found() == ["rpm"]
    assert read_deployment({}) == dict.fromkeys(read_deployment({}))


def test_what_somebody_changed_in_the_gateway_is_taken_over(create, gateway_client, operator, drain):
    create()
    row = ManagedDeployment.objects.get()
    gateway_client.update_deployment(
        str(row.pk),
        litellm_params={"rpm": 99, "output_cost_per_token": 0.5},
        model_info={"supports_vision": False},
    )
    adopt(row, gateway_client, operator)
    drain()
    row.refresh_from_db()
    assert (row.rpm, row.output_cost_per_token, row.capabilities) == (99, Decimal("0.5"), ["chat"])
    assert gateway_client.get_deployment(str(row.pk))["litellm_params"]["rpm"] == 99


def test_an_address_that_somebody_changed_in_the_gateway_is_not_taken_over(create, gateway_client, operator):
    create()
    row = ManagedDeployment.objects.get()
    gateway_client.update_deployment(str(row.pk), litellm_params={"api_base": "https://evil.example"})
    with pytest.raises(NotAdoptable, match="one address"):
        adopt(row, gateway_client, operator)


def adopt(row, client, operator):
    sighting = registry.Sighting(str(row.pk), client.get_deployment(str(row.pk)), row.pk)
    with transaction.atomic():
        registry.mirror_of("model").adopt(sighting, operator, timezone.now())


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"model_name": "two words"}, "model_name"),
        ({"model_name": ""}, "model_name"),
        ({"api_base": "ftp://backend.example"}, "api_base"),
        ({"api_base": "https://me:secret@backend.example"}, "api_base"),
        ({"backend_model_name": " "}, "backend_model_name"),
        ({"rpm": 0}, "rpm"),
        ({"input_cost_per_token": Decimal(-1)}, "input_cost_per_token"),
        ({"input_cost_per_token": Decimal("1e-30")}, "input_cost_per_token"),
    ],
)
def test_what_is_wrong_is_said_by_field(create, wrong, field):
    with pytest.raises(errors.InvalidInput) as refusal:
        create(form=replace(FORM, **wrong))
    assert list(refusal.value.fields) == [field]


def test_only_administrators_manage_models(create):
    auditor = UserFactory.create(is_auditor=True)
    SubscriptionFactory.create()
    with pytest.raises(errors.Forbidden):
        create(actor=auditor)
    with pytest.raises(errors.Forbidden):
        change(auditor)
    with pytest.raises(errors.Forbidden):
        managing.retire_model(actor=auditor, model_id="lab/new", now=timezone.now())


def test_what_was_deleted_here_is_no_stranger_while_the_gateway_still_has_it(create, gateway, operator):
    create()
    sync_models(actor=SYSTEM, trigger="test")
    gateway.faults.add("status", "/model/delete")
    managing.retire_model(actor=operator, model_id="lab/new", now=timezone.now())
    with pytest.raises(NotManagedHere):
        change(operator, model_id="lab/new", changes={"rpm": 12345})
