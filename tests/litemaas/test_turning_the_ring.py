"""The ring of master keys turns without a secret being lost, and says when an old key may go."""

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import BinaryField
from django.utils import timezone

from accounts.second_factors import SealingAdapter
from apikeys.models import ApiKeySecret
from apikeys.secrets import read_from
from apikeys.services import issue_api_key
from litemaas import crypto
from litemaas.api.tasks import renew_sealed_values
from litemaas.crypto import columns
from tests.factories import SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(settings):
    """Put a new key in front, and say how it is called."""
    before = list(settings.ENCRYPTION_KEYS)

    def run(*, keep=True):
        settings.ENCRYPTION_KEYS = [crypto.new_key("fresh"), *(before if keep else [])]

    return run


@pytest.fixture
def secret():
    subscription = SubscriptionFactory.create()
    issued = issue_api_key(actor=subscription.user, model_ids=[subscription.model_id], now=timezone.now())
    return issued.secret


def run(*arguments):
    out = StringIO()
    call_command("encryption_keys", *arguments, stdout=out)
    return out.getvalue()


def test_what_an_old_key_holds_is_counted_renewed_and_the_key_retired(secret, turn):
    assert "api_key_secrets.sealed: 1 under tests" in run()
    turn()
    with pytest.raises(CommandError, match="still holds 1"):
        run("--retire", "tests")
    assert "1 renewed" in run("--renew")
    assert "tests may be taken out" in run("--retire", "tests")
    turn(keep=False)


def test_after_the_old_key_is_gone_the_secret_is_still_read(secret, turn, settings):
    turn()
    renew_sealed_values()
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert read_from(ApiKeySecret.objects.get()) == secret


def test_the_key_that_seals_is_not_retired(turn):
    turn()
    with pytest.raises(CommandError, match="is the key that seals"):
        run("--retire", "fresh")


def test_renewing_again_changes_nothing(secret, turn):
    turn()
    assert renew_sealed_values() == 1
    assert renew_sealed_values() == 0


def test_what_no_key_opens_is_named_and_stays(secret, turn):
    turn(keep=False)
    [row] = ApiKeySecret.objects.all()
    before = bytes(row.sealed)
    assert f"api_key_secrets.sealed of {row.pk}" in run("--renew")
    row.refresh_from_db()
    assert bytes(row.sealed) == before


def test_a_change_that_comes_first_wins(secret, turn, monkeypatch):
    turn()
    column = next(column for column in columns.registered() if column.label == "api_key_secrets.sealed")
    [row] = list(column.rows())
    ApiKeySecret.objects.update(sealed=None)
    assert not column.renew(row)
    assert ApiKeySecret.objects.get().sealed is None


def test_second_factors_are_sealed_and_renewed(turn, settings):
    adapter = SealingAdapter()
    kept = adapter.encrypt("JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in kept
    assert adapter.decrypt("stored before there was sealing") == "stored before there was sealing"
    data = {"secret": kept, "migrated_codes": [adapter.encrypt("code-1")], "used_mask": 0}
    Authenticator.objects.create(user=UserFactory.create(), type="totp", data=data)
    turn()
    assert renew_sealed_values() == 1
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    found = Authenticator.objects.get().data
    assert adapter.decrypt(found["secret"]) == "JBSWY3DPEHPK3PXP"
    assert adapter.decrypt(found["migrated_codes"][0]) == "code-1"


def test_every_sealed_column_is_known():
    """A new one is registered in its app's AppConfig."""
    there = {
        f"{model._meta.db_table}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, BinaryField) and field.name.startswith("sealed")
    }
    assert there - {column.label for column in columns.registered()} == set()
