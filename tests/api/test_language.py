"""The API speaks English, whatever the page before it on the same thread spoke."""

import pytest
from django.utils import translation
from django.utils.translation import get_language

from litemaas import errors


@pytest.mark.django_db
def test_the_language_of_the_page_before_does_not_leak_into_the_api(anonymous, api, monkeypatch):
    spoken = []

    def notice():
        spoken.append(get_language())
        return "You are not allowed to do this."

    monkeypatch.setattr(errors.Forbidden, "default_message", property(lambda self: notice()))
    with translation.override(None):
        page = anonymous._client.get("/login", headers={"Accept-Language": "de"})
        assert page["Content-Language"] == "de"
        assert api.get("admin/settings/portal").status_code == 403
    assert spoken == ["en"]
