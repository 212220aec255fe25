"""A template to render elements in, and a real browser that notes what a page gets wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.template import engines
from django.test import Client, RequestFactory
from playwright.sync_api import Browser, Page

from litemaas import currency
from tests.factories import UserFactory


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def words(html: str) -> str:
    """The text of some HTML, its white space collapsed."""
    parser = _Text()
    parser.feed(html)
    return " ".join("".join(parser.parts).split())


@pytest.fixture(autouse=True)
def _dollars() -> Iterator[None]:
    """Elements are drawn without a database, which would know the currency."""
    with currency.as_if(settings.CURRENCY):
        yield


@pytest.fixture
def draw() -> Callable[..., str]:
    """Render template source with the elements loaded, for a request to `path`."""

    def run(source: str, path: str = "/list", **values) -> str:
        template = engines["django"].from_string("{% load pf %}" + source)
        return template.render(values, RequestFactory().get(path))

    return run


@dataclass
class Visit:
    """A browser's page, with what the browser complained about."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page


@pytest.fixture
def visit(browser: Browser, live_server, transactional_db) -> Iterator[Callable[..., Visit]]:
    """Open a browser as a signed-in operator. Keywords are those of a browser context; `theme` sets the cookie."""
    contexts = []

    def start(*, theme: str = "light", signed_in: bool = True, **options) -> Visit:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        cookies = {"theme": theme} | (_session() if signed_in else {})
        context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
        )
        visit = Visit(context.new_page(), live_server.url)
        visit.page.on("console", lambda message: _note(visit, message.type, message.text))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        return visit

    yield start
    for context in contexts:
        context.close()


def _note(visit: Visit, kind: str, text: str) -> None:
    if kind == "error":
        visit.complaints.append(text)


def _session() -> dict[str, str]:
    client = Client()
    client.force_login(UserFactory.create(username="alice", full_name="Alice Example", is_auditor=True))
    return {cookie.key: cookie.value for cookie in client.cookies.values()}
