"""What is said of a model in the reader's language."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import AuditEvent
from catalog.describing import describe_model
from catalog.models import Model, ModelText
from litemaas import errors
from tests.factories import ModelFactory, UserFactory
from tests.portal.conftest import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


@pytest.fixture
def model():
    return ModelFactory.create(id="lab/one", description="Quick.")


def describe(actor, model, **descriptions):
    return describe_model(actor=actor, model_id=model.pk, descriptions=descriptions, now=timezone.now())


def test_a_reader_sees_the_own_language_and_else_what_the_gateway_says(operator, model):
    describe(operator, model, de="Schnell.")
    model = Model.objects.get()
    with translation.override("de"):
        assert model.description_in_use == "Schnell."
    for language in ("en", "fr"):
        with translation.override(language):
            assert model.description_in_use == "Quick."


def test_the_models_page_is_searched_in_the_readers_language(operator, model):
    describe(operator, model, de="Schnell.")
    ModelFactory.create(id="lab/other", description="Slow.")
    browser = signed_in(UserFactory.create())

    def found(search, language):
        page = browser.get(f"/models?search={search}", headers={"accept-language": language})
        return re.findall(r'href="/models/(lab/\w+)"', page.text)

    assert found("schnell", "de") == found("QUICK", "de") == found("quick", "fr") == ["lab/one"]
    assert found("schnell", "fr") == found("schnell", "en") == []


def test_languages_that_are_not_named_keep_theirs_and_empty_ones_go(operator, model):
    describe(operator, model, de="Schnell.", fr="Rapide.")
    describe(operator, model, de="")
    text = ModelText.objects.get()
    assert (text.description_de, text.description_fr) == ("", "Rapide.")
    assert AuditEvent.objects.filter(action="MODEL_UPDATE").last().new_values == {"description.de": ""}


def test_saying_the_same_again_changes_nothing(operator, model):
    for _again in range(2):
        describe(operator, model, de="Schnell.")
    assert AuditEvent.objects.filter(action="MODEL_UPDATE").count() == 1


def test_only_administrators_describe_and_only_in_languages_that_are_there(operator, model):
    with pytest.raises(errors.Forbidden):
        describe(UserFactory.create(is_auditor=True), model, de="x")
    with pytest.raises(errors.InvalidInput) as refused:
        describe(operator, model, de="x" * 5001, xx="y")
    assert set(refused.value.fields) == {"description_de", "description_xx"}
    assert not ModelText.objects.exists()


def test_the_form_in_django_admin_has_a_field_for_each_language(operator, model):
    client = Client()
    client.force_login(operator)
    page = client.get(reverse("admin:catalog_modeltext_add"))
    assert 'name="description_zh_hans"' in page.text
    assert 'name="description_en"' not in page.text
    client.post(reverse("admin:catalog_modeltext_add"), {"model": model.pk, "description_ja": "速い。"})
    assert ModelText.objects.get().description_ja == "速い。"
    too_long = client.post(
        reverse("admin:catalog_modeltext_add"), {"model": "x", "description_ja": "x" * 5001}
    )
    assert "5000" in too_long.text
    client.post(reverse("admin:catalog_modeltext_change", args=[model.pk]), {"description_ja": ""})
    assert ModelText.objects.get().description_ja == ""


def test_the_page_of_the_texts_keeps_what_is_typed_and_asks_who_comes_second(operator, model):
    first, second = signed_in(operator), signed_in(UserFactory.create(is_operator=True))
    here = reverse("describe_model", args=[model.pk])
    assert here in first.get(reverse("edit_model", args=[model.pk])).text
    seen = re.search(r'name="version" value="([^"]+)"', second.get(here).text)[1]
    answer = first.post(here, {"description_de": "Schnell."})
    assert answer.status_code == 302
    asked = second.post(here, {"description_de": "Flink.", "version": seen})
    assert asked.status_code == 200
    assert "Schnell." in asked.text
    assert "Flink." in asked.text
    assert ModelText.objects.get().description_de == "Schnell."
    auditor = signed_in(UserFactory.create(is_auditor=True))
    looked = auditor.get(here).context["form"]
    assert all(field.disabled for field in looked.fields.values())
    assert auditor.post(here, {"description_de": "Nein."}).status_code == 403
