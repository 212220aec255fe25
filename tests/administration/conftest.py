import logging

import pytest
from django.contrib import admin
from django.test import Client

from tests.administration.filled import Filled
from tests.factories import UserFactory
from tests.permission_world import undone


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """Fifty rows of everything that is registered, and whoever may look at them."""
    with django_db_blocker.unblock(), undone():
        logging.disable(logging.CRITICAL)
        made = Filled(list(admin.site._registry))
        made.browsers = {}
        for kind in ("is_operator", "is_auditor"):
            made.browsers[kind] = Client()
            made.browsers[kind].force_login(UserFactory.create(**{kind: True}))
        made.browsers["is_nobody"] = Client()
        made.browsers["is_nobody"].force_login(UserFactory.create())
        yield made
        logging.disable(logging.NOTSET)
