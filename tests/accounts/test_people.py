"""Accounts and roles."""

import pytest
from django.core.management import CommandError, call_command

from accounts import services
from accounts.models import SYSTEM, AuditEvent, User
from litemaas import errors
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_user_names_differ_in_more_than_case(now):
    services.register_user(actor=SYSTEM, username="Ada", now=now)
    with pytest.raises(errors.AlreadyExists):
        services.register_user(actor=SYSTEM, username="ada", now=now)


def test_only_administrators_change_people(now):
    target = UserFactory.create()
    for actor in (UserFactory.create(), UserFactory.create(is_auditor=True)):
        with pytest.raises(errors.Forbidden):
            services.change_user(actor=actor, user_id=target.pk, roles=["admin"], now=now)


def test_the_last_administrator_stays(now):
    admin = UserFactory.create(is_operator=True)
    for change in ({"roles": ["user"]}, {"is_active": False}):
        with pytest.raises(services.LastAdmin):
            services.change_user(actor=admin, user_id=admin.pk, now=now, **change)
    UserFactory.create(is_operator=True)
    services.change_user(actor=admin, user_id=admin.pk, roles=["user"], now=now)
    assert not User.objects.get(pk=admin.pk).is_admin


def test_an_inactive_administrator_does_not_count(now):
    admin = UserFactory.create(is_operator=True)
    UserFactory.create(is_operator=True, is_active=False)
    with pytest.raises(services.LastAdmin):
        services.change_user(actor=admin, user_id=admin.pk, is_active=False, now=now)


def test_unknown_roles_are_refused(now):
    admin = UserFactory.create(is_operator=True)
    for roles in (["emperor"], []):
        with pytest.raises(errors.InvalidInput):
            services.change_user(actor=admin, user_id=admin.pk, roles=roles, now=now)


def test_a_change_of_roles_is_recorded_with_before_and_after(now):
    admin, user = UserFactory.create(is_operator=True), UserFactory.create()
    services.change_user(actor=admin, user_id=user.pk, roles=["admin-readonly", "user"], now=now)
    event = AuditEvent.objects.get(action="USER_UPDATE")
    assert event.old_values["roles"] == ["user"]
    assert event.new_values["roles"] == ["admin-readonly", "user"]


class TestSeedDemo:
    @pytest.fixture(autouse=True)
    def demo(self, settings, monkeypatch):
        settings.DEMO = True
        monkeypatch.setenv("DEMO_PASSWORD", "a-demo-password")

    def test_it_makes_three_users_and_can_be_repeated(self):
        call_command("seed_demo", verbosity=0)
        call_command("seed_demo", verbosity=0)
        roles = dict(User.objects.values_list("username", "roles"))
        assert roles == {"admin": ["admin", "user"], "auditor": ["admin-readonly", "user"], "user": ["user"]}
        assert all(user.check_password("a-demo-password") for user in User.objects.all())

    def test_a_new_password_replaces_the_old_one(self, monkeypatch):
        call_command("seed_demo")
        monkeypatch.setenv("DEMO_PASSWORD", "another-password")
        call_command("seed_demo")
        assert User.objects.get(username="user").check_password("another-password")

    @pytest.mark.parametrize(("demo", "production"), [(False, False), (True, True)])
    def test_it_refuses_a_real_installation(self, settings, demo, production):
        settings.DEMO, settings.IS_PRODUCTION = demo, production
        with pytest.raises(CommandError):
            call_command("seed_demo")
        assert not User.objects.exists()

    def test_it_says_what_is_missing(self, monkeypatch):
        monkeypatch.delenv("DEMO_PASSWORD")
        with pytest.raises(CommandError, match="DEMO_PASSWORD"):
            call_command("seed_demo")


def test_a_new_account_has_the_limits_that_administrators_set(settings, now):
    from decimal import Decimal

    from accounts import options

    settings.USER_DEFAULTS = {"userMaxBudget": None, "userTpmLimit": 500, "userRpmLimit": None}
    values = {"userMaxBudget": Decimal("12.5")}
    options.change_options(actor=SYSTEM, values=values, action="UPDATE_USER_DEFAULTS", now=now)
    user = services.register_user(actor=SYSTEM, username="newcomer", now=now)
    user.refresh_from_db()
    assert (user.max_budget, user.tpm_limit, user.rpm_limit) == (Decimal("12.5"), 500, None)
