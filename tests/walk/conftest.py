from collections.abc import Iterator

import pytest

from tests.walk.markup import Validator, validator
from tests.web.conftest import visit as visit


@pytest.fixture(scope="session")
def validating() -> Iterator[Validator]:
    with validator() as started:
        yield started
