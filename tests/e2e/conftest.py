"""A browser, and the gateway that a journey runs against: the simulated one, and a real one where it is named."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from litellm_sync.client import forget_gateway
from tests.web.conftest import visit as visit

REAL = pytest.param("real", marks=pytest.mark.real_gateway)


@pytest.fixture(params=["simulated", *([REAL] if os.environ.get("LITELLM_TEST_URL") else [])])
def some_gateway(request, settings) -> Iterator[str]:
    """The address that people's programs use."""
    if request.param == "simulated":
        simulated = request.getfixturevalue("gateway")
        settings.LITELLM_PUBLIC_URL = simulated.url
        yield simulated.url
        return
    address = os.environ["LITELLM_TEST_URL"].rstrip("/")
    settings.LITELLM_API_URL, settings.LITELLM_API_KEY = address, os.environ["LITELLM_TEST_KEY"]
    settings.LITELLM_PUBLIC_URL = address
    forget_gateway()
    yield address
    forget_gateway()


@pytest.fixture
def tell(visit):
    """Open pages as somebody who is not signed in yet, and check that the browser complains about nothing."""
    started = visit(signed_in=False)
    assert urlsplit(started.address).hostname in {"localhost", "127.0.0.1"}
    yield started
    assert started.complaints == []
