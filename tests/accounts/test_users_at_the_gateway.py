"""A user's row at the gateway follows the portal's."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import gateway as desired
from accounts import services
from accounts.models import User
from litellm_sync import registry, windows
from litellm_sync.findings import NotAdoptable
from litemaas import errors
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user():
    return UserFactory.create(
        max_budget=Decimal("12.5"), budget_window="monthly", tpm_limit=1000, rpm_limit=10, roles=["admin"]
    )


def test_limits_and_roles_are_told_and_administrators_stay_ordinary_there(gateway_client, user):
    desired.apply_user(user.pk, gateway_client)
    there = gateway_client.get_user(str(user.pk))
    assert Decimal(str(there["max_budget"])) == Decimal("12.5")
    assert (there["budget_duration"], there["tpm_limit"], there["rpm_limit"]) == ("1mo", 1000, 10)
    assert there["user_role"] == "internal_user"
    assert there["metadata"] == {"portal": "litemaas", "roles": ["admin"]}


def test_a_limit_that_is_cleared_is_cleared_there(gateway_client, user):
    desired.apply_user(user.pk, gateway_client)
    User.objects.update(max_budget=None, budget_window="", tpm_limit=None)
    desired.apply_user(user.pk, gateway_client)
    there = gateway_client.get_user(str(user.pk))
    assert (there["max_budget"], there["tpm_limit"], there["rpm_limit"]) == (None, None, 10)


def test_what_is_right_is_left_alone(gateway, gateway_client, user):
    desired.apply_user(user.pk, gateway_client)
    before = gateway_client.get_user(str(user.pk))["updated_at"]
    desired.apply_user(user.pk, gateway_client)
    assert gateway_client.get_user(str(user.pk))["updated_at"] == before


def test_a_change_of_roles_reaches_the_gateway(gateway, gateway_client, drain, now, user):
    admin = UserFactory.create(is_operator=True)
    services.change_user(actor=admin, user_id=user.pk, roles=["user"], now=now)
    drain()
    assert gateway_client.get_user(str(user.pk))["metadata"]["roles"] == ["user"]


@pytest.mark.parametrize(
    "wrong", [{"max_budget": -1}, {"rpm_limit": -1}, {"group_roles": ["admin"], "roles": ["user"]}]
)
def test_the_database_refuses_what_makes_no_sense(wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory.create(**wrong)


@pytest.mark.parametrize(
    ("raw", "kept", "told"),
    [
        ("monthly", "monthly", "1mo"),
        ("7d", "weekly", "7d"),
        ("1w", "weekly", "7d"),
        ("30d", "30d", "30d"),
        ("", "", None),
        (None, "", None),
    ],
)
def test_a_budget_window_is_a_word_or_a_duration(raw, kept, told):
    assert windows.read_window(raw) == kept
    assert windows.at_gateway(kept) == told


@pytest.mark.parametrize("raw", ["often", "0d", "1.5d", "1y", "٣d", "d", "9999999d"])
def test_another_window_is_refused(raw):
    with pytest.raises(errors.InvalidInput) as refusal:
        windows.read_window(raw)
    assert "budgetDuration" in refusal.value.fields


def test_limits_that_somebody_set_in_the_gateway_are_taken_over_and_nothing_else(gateway_client, user):
    desired.apply_user(user.pk, gateway_client)

    def adopt():
        sighting = registry.Sighting(str(user.pk), gateway_client.get_user(str(user.pk)), user.pk)
        with transaction.atomic():
            registry.mirror_of("user").adopt(sighting, None, timezone.now())
        user.refresh_from_db()

    gateway_client.update_user(user_id=str(user.pk), max_budget=99.5, budget_duration="7d", rpm_limit=None)
    adopt()
    assert (user.max_budget, user.budget_window, user.rpm_limit) == (Decimal("99.5"), "weekly", None)
    assert user.tpm_limit == 1000
    gateway_client.update_user(user_id=str(user.pk), user_role="proxy_admin", max_budget=1)
    with pytest.raises(NotAdoptable, match="user_role"):
        adopt()
    assert User.objects.get().max_budget == Decimal("99.5")
    stranger = registry.Sighting("somebody", {"user_id": "somebody"}, None)
    with pytest.raises(NotAdoptable, match="signing in"):
        registry.mirror_of("user").adopt(stranger, None, timezone.now())
