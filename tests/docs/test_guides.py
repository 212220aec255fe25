"""The guides: in the portal for whom they are, with pictures that are there and small."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.factories import UserFactory

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = {"/help": "user-guide", "/operations/help": "operator-guide"}


@pytest.fixture
def auditor(db):
    client = Client()
    client.force_login(UserFactory.create(is_auditor=True))
    return client


@pytest.mark.parametrize(("address", "name"), GUIDES.items())
def test_a_guide_is_a_page_with_its_pictures(auditor, address, name):
    page = auditor.get(address).text
    pictures = re.findall(
        r'<img src="/static/(guide/[^"]+)" alt="([^"]+)"[^>]* width="1280" height="800"', page
    )
    assert len(pictures) == (DOCS / f"{name}.md").read_text().count("![") > 3
    assert all(finders.find(path) for path, _words in pictures)
    # What leads to other files of docs/ in the repository leads nowhere here.
    assert ".md" not in page


def test_pictures_are_small():
    sizes = {picture.name: picture.stat().st_size for picture in (DOCS / "images").iterdir()}
    assert {name: size for name, size in sizes.items() if size >= 100_000 or not name.endswith(".webp")} == {}


def test_people_read_their_own_guide_only(db):
    client = Client()
    client.force_login(UserFactory.create())
    assert "operations/help" not in client.get("/help").text
    assert client.get("/operations/help").status_code == 404
