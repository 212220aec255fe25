"""The pages on which models are managed, without script."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import SYSTEM
from catalog.models import ManagedDeployment, Model
from catalog.sync import sync_models
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
FORM = {
    "model_name": "lab/paged",
    "model_type": "chat",
    "description": "By hand.",
    "api_base": "https://backend.example/v1",
    "backend_model_name": "llama",
    "api_key": "sk-provider-key-of-the-page",
    "rpm": "10",
    "tpm": "1,000",
    "max_tokens": "4096",
    "input_price": "0",
    "output_price": "0.6",
    "capabilities": ["vision"],
    "restricted": "on",
}


@pytest.fixture
def browser(gateway):
    return Client()


@pytest.fixture
def operators(browser):
    browser.force_login(UserFactory.create(is_operator=True))
    return browser


def test_a_model_is_made_listed_changed_and_deleted(operators):
    assert operators.post(reverse("new_model"), FORM).status_code == 302
    model = Model.objects.get(pk="lab/paged")
    assert (str(model.output_cost_per_token.normalize()), model.input_cost_per_token) == ("6E-7", 0)
    assert (model.restricted_access, model.capabilities) == (True, ["chat", "vision"])
    assert "lab/paged" in operators.get(reverse("manage_models")).text
    edit = reverse("edit_model", args=["lab/paged"])
    shown = operators.get(edit).text
    assert "A key is stored." in shown
    assert FORM["api_key"] not in shown
    changed = {**FORM, "api_key": "", "rpm": "20", "restricted": ""}
    assert operators.post(edit, changed).status_code == 302
    row = ManagedDeployment.objects.get()
    assert (row.rpm, row.provider_key_version) == (20, 1)
    assert Model.objects.get(pk="lab/paged").restricted_access is False
    delete = reverse("delete_model", args=["lab/paged"])
    assert "This is not the model" in operators.post(delete, {"typed": "lab/other"}).text
    assert operators.post(delete, {"typed": "lab/paged"}).status_code == 302
    assert Model.objects.get(pk="lab/paged").retired_at is not None
    assert operators.get(edit).status_code == 404


def test_what_the_gateway_refuses_is_said_on_the_form(operators, gateway):
    gateway.faults.add("status", "/model/new", status=400, body='{"detail": "no such provider"}')
    refused = operators.post(reverse("new_model"), FORM)
    assert "no such provider" in refused.text
    assert not Model.objects.filter(pk="lab/paged").exists()
    assert FORM["api_key"] not in refused.text


def test_a_test_of_the_backend_keeps_what_was_typed(operators):
    tried = operators.post(reverse("new_model"), {**FORM, "api_base": "http://127.0.0.1:1/v1", "test": "yes"})
    assert "may not be tested from here" in tried.text
    assert "By hand." in tried.text
    assert FORM["api_key"] not in tried.text


def test_a_model_of_the_configuration_file_says_that_it_is_read_only(operators):
    sync_models(actor=SYSTEM, trigger="test")
    name = Model.objects.first().pk
    edit = reverse("edit_model", args=[name])
    assert "read-only here" in operators.get(edit).text
    assert "configuration file" in operators.post(edit, FORM).text


def test_read_only_administrators_look_and_others_do_not(browser):
    browser.force_login(UserFactory.create(is_auditor=True))
    listed = browser.get(reverse("manage_models"))
    assert (listed.status_code, "Create model" in listed.text) == (200, False)
    assert browser.get(reverse("new_model")).status_code == 403
    browser.force_login(UserFactory.create())
    assert browser.get(reverse("manage_models")).status_code == 403
