"""A portal that real identity providers vouch for, and a browser to sign in with."""

import json
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from playwright.sync_api import Page

from litemaas import identity_providers
from tests.identity_provider.running import AT_THE_START, IdentityProvider, Providers, running
from tests.web.conftest import visit as visit


@pytest.fixture(scope="session")
def _both() -> Iterator[Providers]:
    with running() as providers:
        yield providers


@pytest.fixture
def use_providers(settings, monkeypatch) -> Callable[..., None]:
    """Configure providers as the environment would."""

    def run(*entries: dict, **variables: str) -> None:
        monkeypatch.setenv("OIDC_PROVIDERS", json.dumps(entries))
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.SOCIALACCOUNT_PROVIDERS = identity_providers.providers()
        settings.IDENTITY_PROVIDERS = {
            app["provider_id"]: app
            for kind in settings.SOCIALACCOUNT_PROVIDERS.values()
            for app in kind["APPS"]
        }

    return run


ADA = {
    "preferred_username": "ada",
    "name": "Ada Lovelace",
    "email": "ada@corp.example",
    "email_verified": True,
    "groups": [],
}


@pytest.fixture
def providers(_both, use_providers, live_server) -> tuple[IdentityProvider, IdentityProvider]:
    """`corp` and `partner`, both honest, with Ada known to both."""
    cache.clear()
    start = {**AT_THE_START, "people": {"ada": ADA}, "endings": [f"{live_server.url}/login/"]}
    paths = ("/api/auth/callback", "/api/auth/callback/partner")
    corp, partner = _both.staged(*({**start, "redirects": [live_server.url + path]} for path in paths))
    use_providers(corp.as_setting("corp"), partner.as_setting("partner"))
    return corp, partner


@pytest.fixture
def corp(providers) -> IdentityProvider:
    return providers[0]


@pytest.fixture
def partner(providers) -> IdentityProvider:
    return providers[1]


def sign_in_at_provider(page: Page, name: str = "ada") -> None:
    """What a person does on the provider's own pages: name and password where it asks for them, and consent."""
    while "/interaction/" in page.url:
        if page.locator("input[name=login]").count():
            page.fill("input[name=login]", name)
            page.fill("input[name=password]", "anything")
        with page.expect_navigation():
            page.click("button[type=submit]")


@pytest.fixture
def browse(visit) -> Callable[[], Page]:
    """A browser of its own, not signed in anywhere."""
    return lambda: visit(signed_in=False).page


def path_of(page: Page) -> str:
    parts = urlsplit(page.url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
