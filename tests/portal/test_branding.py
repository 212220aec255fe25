"""The organisation's name and images: read by everybody, changed by administrators, safe to serve."""

import base64
import io

import pytest
from PIL import Image

from accounts.models import AuditEvent
from tests.api.conftest import ApiClient
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LOGO = "branding/images/login-logo"
HOSTILE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script>'
    b'<rect width="5" height="5"/></svg>'
)


@pytest.fixture
def admin():
    return ApiClient(UserFactory(is_operator=True))


def png():
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(out, "PNG")
    return out.getvalue()


def upload(client, content, kind="image/png", path=LOGO):
    return client.put(path, {"data": base64.b64encode(content).decode(), "mimeType": kind})


def test_without_branding_the_products_own_look_holds():
    shown = ApiClient().get("branding").json()
    assert not any(shown[name] for name in shown)
    assert shown["loginTitle"] is None


def test_switches_and_texts_change_one_by_one_and_are_recorded(admin):
    admin.patch("branding", {"loginTitle": "ACME", "loginTitleEnabled": True})
    shown = admin.patch("branding", {"loginSubtitle": "Models for all"}).json()
    assert (shown["loginTitle"], shown["loginTitleEnabled"]) == ("ACME", True)
    assert ApiClient().get("branding").json() == shown
    assert admin.patch("branding", {"loginTitle": None}).json()["loginTitle"] is None
    assert AuditEvent.objects.filter(action="UPDATE_BRANDING").count() == 3
    assert admin.patch("branding", {"loginTitle": "x" * 201}).status_code == 400


def test_an_image_is_served_to_everybody_and_can_be_cached(admin):
    assert upload(admin, png()).status_code == 200
    answer = ApiClient().get(LOGO, {"t": "1"})
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"] == "public, max-age=3600"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert ApiClient().get(LOGO, **{"If-None-Match": answer["ETag"]}).status_code == 304
    assert admin.get("branding").json()["hasLoginLogo"] is True


def test_what_it_is_is_read_from_the_bytes_and_script_is_taken_out(admin):
    assert upload(admin, HOSTILE, "image/svg+xml", "branding/images/header-brand-dark").status_code == 200
    answer = ApiClient().get("branding/images/header-brand-dark")
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"rect" in answer.content
    assert b"alert" not in answer.content
    assert upload(admin, b"<html><script>alert(1)</script>", "image/png").status_code == 400
    assert upload(admin, png(), "text/html").status_code == 400


def test_too_large_or_unreadable_is_refused(admin):
    answer = upload(admin, b"x" * (2 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["details"]["field"]) == (400, "data")
    assert admin.put(LOGO, {"data": "A" * (4 * 1024 * 1024), "mimeType": "image/png"}).status_code == 413
    assert admin.put(LOGO, {"data": "not base64!", "mimeType": "image/png"}).status_code == 400


def test_removing_twice_is_fine_and_unknown_places_are_not(admin):
    upload(admin, png())
    assert [admin.delete(LOGO).status_code for _ in range(2)] == [200, 200]
    assert ApiClient().get(LOGO).status_code == 404
    assert admin.delete("branding/images/elsewhere").status_code == 404
    assert upload(admin, png(), path="branding/images/elsewhere").status_code == 404


def test_only_administrators_change_it():
    for client in (ApiClient(UserFactory()), ApiClient(UserFactory(is_auditor=True))):
        assert client.patch("branding", {"loginTitle": "x"}).status_code == 403
        assert upload(client, png()).status_code == 403
        assert client.delete(LOGO).status_code == 403
