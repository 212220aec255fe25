"""An organisation's name and images: set on one page, shown before the sign-in and in every masthead."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from portal.models import Branding, BrandingImage
from tests.portal.conftest import signed_in

pytestmark = pytest.mark.django_db
HERE = "/operations/settings/branding"


@pytest.fixture
def console(operator):
    return signed_in(operator)


def picture(form="PNG", name="logo.png"):
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(out, format=form)
    return SimpleUploadedFile(name, out.getvalue())


def put(console, place, file=None):
    return console.post(f"{HERE}/{place}", {f"{place}-image": file or picture()})


def test_texts_that_are_switched_on_are_on_the_sign_in_page(console):
    sent = {"login_title": "Models of the Lab", "login_subtitle": "Ask Ada", "login_title_enabled": "on"}
    assert console.post(HERE, sent).status_code == 302
    page = Client().get("/login/").text
    assert "Models of the Lab" in page
    assert "Ask Ada" not in page


def test_images_are_shown_once_they_are_there_and_switched_on(console, django_capture_on_commit_callbacks):
    for place in BrandingImage.Place.values:
        assert put(console, place)["Location"] == HERE
    assert "/branding/images/" not in console.get("/home").text
    with django_capture_on_commit_callbacks(execute=True):
        console.post(HERE, {"login_logo_enabled": "on", "header_brand_enabled": "on"})
    home, entrance = console.get("/home").text, Client().get("/login/").text
    assert "lm-brand__image--light" in home
    assert "lm-brand__image--dark" in home
    address = entrance.partition('class="lm-brand__logo" src="')[2].partition('"')[0]
    assert Client().get(address)["Content-Type"] == "image/png"


def test_a_single_image_serves_both_themes(console):
    put(console, "header-brand-light")
    console.post(HERE, {"header_brand_enabled": "on"})
    assert "lm-brand__image--light" not in console.get("/home").text
    assert "lm-brand__image" in console.get("/home").text


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (SimpleUploadedFile("x.png", b"no picture"), "This is no picture"),
        (SimpleUploadedFile("x.svg", b"<!DOCTYPE svg><svg/>"), "This is no picture"),
        (SimpleUploadedFile("x.png", b"x" * (2 * 1024 * 1024 + 1)), "larger than 2 MiB"),
        (SimpleUploadedFile("x.png", b""), "This file is empty."),
        ("", "Choose a file."),
    ],
)
def test_what_is_no_picture_is_refused_at_its_field(console, file, said):
    page = console.post(f"{HERE}/login-logo", {"login-logo-image": file})
    assert said in page.text
    assert not BrandingImage.objects.exists()


def test_removing_asks_and_brings_the_products_own_back(console):
    put(console, "login-logo")
    assert "Remove “Logo of the sign-in page”?" in console.get(f"{HERE}/login-logo/remove").text
    assert console.post(f"{HERE}/login-logo/remove")["Location"] == HERE
    assert not BrandingImage.objects.exists()


def test_the_preview_follows_the_form_and_saves_nothing(console):
    shown = console.post(f"{HERE}/preview", {"login_title": "<Lab>", "login_title_enabled": "on"}).text
    assert "&lt;Lab&gt;" in shown
    assert "Lab" not in console.post(f"{HERE}/preview", {"login_title": "Lab"}).text
    assert not Branding.objects.exists()


def test_there_are_no_other_places(console):
    assert console.post(f"{HERE}/favicon").status_code == 404
    assert console.get(f"{HERE}/favicon/remove").status_code == 404
