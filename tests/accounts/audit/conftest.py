"""Rows of the record, and a way around the triggers: what somebody with the database's password could do."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import sealing, verifying


@pytest.fixture
def record():
    """Record acts, each in a transaction of its own."""

    def run(count=1, action="API_KEY_CREATE", **facts):
        events = []
        for number in range(count):
            with transaction.atomic():
                facts.setdefault("actor", None)
                facts.setdefault("metadata", {"number": number})
                events.append(audit.record(action, resource=("API_KEY", f"key-{number}"), **facts))
        return events

    return run


@pytest.fixture
def sealed(record):
    """Ten rows, chained."""
    events = record(10)
    sealing.seal_new_rows(timezone.now())
    return events


@contextmanager
def without_triggers():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor


def findings():
    return [(finding.kind, finding.text) for finding in verifying.verify().findings]


def in_a_while(**delta):
    return timezone.now() + timedelta(**delta)
