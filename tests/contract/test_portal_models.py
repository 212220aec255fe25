"""Models as the portal makes, changes and deletes them, held against every version of the gateway."""

from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from catalog import managing
from catalog.gateway import apply_model, desired_deployment, read_deployment
from catalog.model_form import ModelForm
from catalog.models import ManagedDeployment, Model
from litellm_sync import registry
from litellm_sync.client import forget_gateway
from litellm_sync.differences import differences
from litellm_sync.models import GatewayObject
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
KEY = "sk-provider-secret-0123456789"


@pytest.fixture(autouse=True)
def _portal(target, settings, monkeypatch):
    settings.LITELLM_API_URL, settings.LITELLM_API_KEY = target.url, target.key
    monkeypatch.setattr(managing, "_PATIENCE", 30.0)
    forget_gateway()
    yield
    forget_gateway()


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


@pytest.fixture
def row(operator, unique, client):
    """A model that the portal made."""
    form = ModelForm(
        model_name=unique("managed"),
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
    saved = managing.create_model(
        actor=operator, form=form, provider_key=KEY, restricted=False, now=timezone.now()
    )
    assert saved.sync_status == "synced"
    made = ManagedDeployment.objects.get()
    yield made
    client.delete_deployment(str(made.pk))


def left_over(client, row):
    """The fields that the gateway has otherwise than the portal wishes."""
    row.refresh_from_db()
    there = client.get_deployment(str(row.pk))
    return [item.field for item in differences(desired_deployment(row), read_deployment(there))]


def test_every_setting_arrives_and_the_catalogue_says_the_same(client, row):
    assert left_over(client, row) == []
    assert KEY not in str(client.get_deployment(str(row.pk)))
    model = Model.objects.get(pk=row.model_id)
    assert (model.availability, model.tpm, model.max_output_tokens) == ("available", 1000, 4096)
    assert (model.input_cost_per_token, model.output_cost_per_token) == (0, Decimal("0.0000006"))


def test_a_change_arrives_and_clears_what_it_empties(client, row, operator):
    changes = {"rpm": None, "tpm": 5, "output_cost_per_token": Decimal("0.000001"), "capabilities": ("chat",)}
    saved = managing.change_model(
        actor=operator,
        model_id=row.model_id,
        changes=changes,
        provider_key="sk-another-secret",
        now=timezone.now(),
    )
    assert saved.sync_status == "synced", GatewayObject.objects.get(kind="model").last_error
    assert left_over(client, row) == []


def test_applying_again_writes_nothing(client, row, monkeypatch):
    with monkeypatch.context() as patch:
        for call in ("create_deployment", "update_deployment", "delete_deployment"):
            patch.setattr(type(client), call, _refuse)
        apply_model(row.pk, client)


def _refuse(*_arguments, **_named):
    raise AssertionError("there was nothing to write")


def test_what_was_changed_over_there_is_repaired_or_taken_over(client, row, operator):
    there = client.get_deployment(str(row.pk))["litellm_params"]["model"]
    client.update_deployment(str(row.pk), litellm_params={"model": there, "rpm": 99})
    assert left_over(client, row) == ["rpm"]
    apply_model(row.pk, client)
    assert left_over(client, row) == []
    client.update_deployment(str(row.pk), litellm_params={"model": there, "rpm": 77})
    sighting = registry.Sighting(str(row.pk), client.get_deployment(str(row.pk)), row.pk)
    with transaction.atomic():
        registry.mirror_of("model").adopt(sighting, operator, timezone.now())
    assert left_over(client, row) == []
    assert row.rpm == 77


def test_a_lost_model_is_made_again_and_a_deleted_one_is_gone(client, row, operator):
    client.delete_deployment(str(row.pk))
    apply_model(row.pk, client)
    assert left_over(client, row) == []
    managing.retire_model(actor=operator, model_id=row.model_id, now=timezone.now())
    assert client.get_deployment(str(row.pk)) is None
