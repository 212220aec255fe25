"""The pages on which models are managed, without script."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import SYSTEM
from catalog.models import ManagedDeployment, Model
from catalog.sync import sync_models
from catalog.sync_jobs import JOB
from jobs.models import Job
from tests.factories import NOW, ModelFactory, SubscriptionFactory, UserFactory

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


def test_all_that_is_wrong_is_said_at_once(operators):
    wrong = {
        "model_name": "lab paged",
        "api_base": "ftp:/x",
        "rpm": "0",
        "backend_model_name": "",
        "input_price": "-1",
    }
    refused = operators.post(reverse("new_model"), {**FORM, **wrong})
    errors = refused.context["form"].errors
    assert set(errors) == set(wrong)
    assert errors["input_price"] == ["Enter 0 or more."]
    assert "data-error-summary" in refused.text
    too_fine = operators.post(reverse("new_model"), {**FORM, "output_price": "0.000000000000001"})
    assert "decimal places" in too_fine.context["form"].errors["output_price"][0]
    # A test needs no whole model: it offers names.
    tried = operators.post(reverse("new_model"), {**FORM, "backend_model_name": "", "test": "yes"})
    assert tried.context["outcome"] is not None


def test_a_test_of_the_backend_keeps_what_was_typed(operators):
    tried = operators.post(reverse("new_model"), {**FORM, "api_base": "http://127.0.0.1:1/v1", "test": "yes"})
    assert "may not be tested from here" in tried.text
    assert "By hand." in tried.text
    assert FORM["api_key"] not in tried.text


def test_of_a_model_of_the_configuration_file_only_the_restriction_is_changed_here(operators):
    sync_models(actor=SYSTEM, trigger="test")
    before = Model.objects.filter(restricted_access=False).first()
    edit = reverse("edit_model", args=[before.pk])
    shown = operators.get(edit)
    assert "read-only here" in shown.text
    assert "Test the backend" not in shown.text
    assert shown.context["form"].fields["api_base"].disabled
    assert operators.post(edit, FORM).status_code == 302
    after = Model.objects.get(pk=before.pk)
    assert after.restricted_access
    assert (after.description, after.rpm) == (before.description, before.rpm)
    assert not ManagedDeployment.objects.exists()


def test_read_only_administrators_look_and_others_do_not(browser):
    browser.force_login(UserFactory.create(is_auditor=True))
    listed = browser.get(reverse("manage_models"))
    assert (listed.status_code, reverse("new_model") in listed.text) == (200, False)
    assert "Only administrators can change this." in listed.text
    assert browser.get(reverse("new_model")).status_code == 403
    edit = reverse("edit_model", args=[ModelFactory.create().pk])
    assert edit in browser.get(reverse("manage_models")).text
    looked = browser.get(edit)
    assert all(field.disabled for field in looked.context["form"].fields.values())
    assert browser.post(edit, FORM).status_code == 403
    browser.force_login(UserFactory.create())
    assert browser.get(reverse("manage_models")).status_code == 403


def names(answer):
    return [row.pk for row in answer.context["page"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["lab/chat", "lab/embed", "lab/gone", "lab/old"]),
        ({"capability": ["chat", "vision"]}, ["lab/chat"]),
        ({"type": "embeddings"}, ["lab/embed"]),
        ({"state": "missing"}, ["lab/gone"]),
        ({"state": "retired"}, ["lab/old"]),
        ({"restricted": "on"}, ["lab/embed"]),
        ({"search": "EMB"}, ["lab/embed"]),
        ({"sort": "-subscribers"}, ["lab/embed", "lab/chat", "lab/gone", "lab/old"]),
        ({"type": "\x00", "state": "x", "sort": "x", "page": "99"}, ["lab/chat", "lab/embed", "lab/gone", "lab/old"]),
    ],
)  # fmt: skip
def test_all_models_are_listed_narrowed_and_sorted(query, expected, operators):
    ModelFactory(id="lab/chat", capabilities=["chat", "vision"])
    embed = ModelFactory(
        id="lab/embed", capabilities=["embeddings"], model_type="embeddings", restricted_access=True
    )
    gone = {"availability": "unavailable", "unavailable_since": NOW}
    ModelFactory(id="lab/gone", capabilities=[], **gone)
    ModelFactory(id="lab/old", capabilities=[], retired_at=NOW, **gone)
    SubscriptionFactory(model=embed)
    assert names(operators.get(reverse("manage_models"), query)) == expected


def test_the_list_is_a_file_too_with_prices_per_million(operators):
    ModelFactory(id="lab/chat", input_cost_per_token="0.0000025")
    file = operators.get(reverse("manage_models"), {"format": "csv", "columns": "input_price.state"})
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[1] == "lab/chat,available,2.5"


def test_the_list_costs_the_same_statements_however_long(operators, django_assert_max_num_queries):
    ModelFactory.create_batch(30)
    operators.get(reverse("manage_models"), {"page_size": "50"})
    with django_assert_max_num_queries(12):
        operators.get(reverse("manage_models"), {"page_size": "50"})


def test_a_name_that_the_backend_offers_is_filled_in_by_a_click(operators):
    clicked = operators.post(reverse("new_model"), {**FORM, "use": "llama-3"})
    assert clicked.context["form"]["backend_model_name"].value() == "llama-3"
    assert "Type it once more before you save" in clicked.text
    assert FORM["api_key"] not in clicked.text
    assert not Model.objects.exists()


def test_a_model_that_converts_has_no_tokens_and_no_prices(operators):
    assert operators.post(reverse("new_model"), {**FORM, "model_type": "convert"}).status_code == 302
    row = ManagedDeployment.objects.get()
    unused = (row.tpm, row.max_tokens, row.input_cost_per_token, row.output_cost_per_token)
    assert unused == (None, None, None, None)
    assert row.rpm == 10


def test_the_price_of_one_token_stands_below_that_of_a_million(operators):
    operators.post(reverse("new_model"), FORM)
    assert "$0.0000006 for each token" in operators.get(reverse("edit_model", args=["lab/paged"])).text


def test_restricting_says_first_who_loses_the_model(operators):
    operators.post(reverse("new_model"), {**FORM, "restricted": ""})
    model = Model.objects.get(pk="lab/paged")
    rows = SubscriptionFactory.create_batch(2, model=model)
    edit = reverse("edit_model", args=["lab/paged"])
    asked = operators.post(edit, {**FORM, "api_key": ""})
    assert asked.status_code == 200
    impact = asked.context["impact"]
    assert (impact.subscriptions, impact.users) == (2, 2)
    assert f"{rows[0].user.username}: lab/paged" in asked.text
    assert not Model.objects.get(pk="lab/paged").restricted_access
    assert operators.post(edit, {**FORM, "api_key": "", "confirmed": "yes"}).status_code == 302
    assert Model.objects.get(pk="lab/paged").restricted_access
    assert set(model.subscriptions.values_list("status", flat=True)) == {"pending"}


def test_deleting_says_first_whom_it_touches(operators):
    operators.post(reverse("new_model"), {**FORM, "restricted": ""})
    row = SubscriptionFactory(model_id="lab/paged")
    delete = reverse("delete_model", args=["lab/paged"])
    asked = operators.get(delete)
    assert asked.context["impact"].named == [f"{row.user.username}: lab/paged"]
    assert Model.objects.get(pk="lab/paged").retired_at is None


def test_a_running_synchronisation_is_shown_with_its_progress(operators):
    admin = UserFactory.create(is_operator=True)
    Job.objects.create(kind=JOB, exclusive=JOB, created_by=admin, created_at=NOW)
    assert operators.get(reverse("manage_models")).context["job"].state == "queued"


def test_a_synchronisation_that_stopped_for_safety_explains_and_asks(operators, gateway):
    ModelFactory.create_batch(60)
    stopped = operators.post(reverse("sync_models"), follow=True)
    assert "Nothing was changed" in stopped.text
    assert "no longer lists 60 of 60 models" in stopped.text
    listed = operators.get(reverse("manage_models")).text
    assert "stopped for safety" in listed
    assert f"{reverse('sync_models')}?stopped=1" in listed
    done = operators.post(reverse("sync_models"), {"confirm": "yes"}, follow=True)
    assert done.redirect_chain == [(reverse("manage_models"), 302)]
    assert "60 unavailable" in done.text


def test_who_saves_second_sees_what_the_first_one_changed(operators):
    operators.post(reverse("new_model"), {**FORM, "restricted": ""})
    edit = reverse("edit_model", args=["lab/paged"])
    seen = operators.get(edit).context["form"].version
    mine = {**FORM, "api_key": "", "restricted": "", "version": seen}
    assert operators.post(edit, {**mine, "rpm": "30"}).status_code == 302
    late = operators.post(edit, {**mine, "description": "Mine."})
    assert late.status_code == 200
    assert {(one.label, one.yours, one.saved) for one in late.context["form"].conflict} == {
        ("Requests per minute", "10", "30"),
        ("Description", "Mine.", "By hand."),
    }
    row = ManagedDeployment.objects.get()
    assert (row.rpm, row.description) == (30, "By hand.")
    again = {**mine, "description": "Mine.", "version": late.context["form"].version}
    assert operators.post(edit, again).status_code == 302
    assert ManagedDeployment.objects.get().description == "Mine."
