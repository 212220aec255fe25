"""A group that is gone at the provider, while its member is still signed in here."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import group_checks
from accounts.credentials import ProviderGrant
from accounts.models import AuditEvent, User
from accounts.services import groups_changed
from accounts.tokens import issue_tokens
from tests.accounts.conftest import ADA, sign_in_at_provider
from tests.api.conftest import ApiClient

pytestmark = pytest.mark.django_db(transaction=True)
SOON, LATE = timedelta(minutes=6), timedelta(hours=13)


@pytest.fixture(autouse=True)
def _mapping(settings):
    settings.GROUP_ROLES = {"admins": "admin"}
    settings.RATE_LIMITS = {}


@pytest.fixture
def ada(corp, browse, live_server):
    """Signed in in a browser and with an API client, an administrator by her group."""

    def sign_in(**claims):
        corp.stage(people={"ada": {**ADA, "groups": ["admins", "staff"], **claims}})
        page = browse()
        page.goto(f"{live_server.url}/sign-in/corp?next=/home")
        sign_in_at_provider(page)
        page.wait_for_url(f"{live_server.url}/home")
        return page

    return sign_in


def roles():
    return User.objects.get().roles


def may_administer(page, live_server):
    return page.request.get(f"{live_server.url}/api/v1/users").status == 200


def test_a_group_that_is_gone_takes_its_rights_along_while_sessions_go_on(ada, corp, live_server):
    page = ada()
    token = issue_tokens(User.objects.get(), signed_in_at=timezone.now())["access_token"]
    client = ApiClient()
    client.headers["Authorization"] = f"Bearer {token}"
    assert may_administer(page, live_server)
    assert group_checks.check_due(now=timezone.now()) == 0
    corp.stage(now={"ada": {**ADA, "groups": ["staff"]}})
    assert group_checks.check_due(now=timezone.now() + SOON) == 1
    assert roles() == ["user"]
    assert not may_administer(page, live_server)
    assert client.get("users").status_code == 403
    assert page.request.get(f"{live_server.url}/api/v1/auth/me").status == 200
    assert AuditEvent.objects.filter(action="USER_UPDATE").latest("id").metadata == {"by": "groups"}
    # Asked again and again, with the refresh token that each answer brought.
    corp.stage(now={"ada": {**ADA, "groups": ["admins"]}})
    assert group_checks.check_due(now=timezone.now() + 3 * SOON) == 1
    assert roles() == ["admin", "user"]
    corp.stage(now={"ada": ADA})
    assert group_checks.check_due(now=timezone.now() + 5 * SOON) == 1
    assert roles() == ["user"]
    assert not ProviderGrant.objects.exists()


def test_a_provider_that_leaves_the_claim_out_says_none(ada, corp):
    ada()
    corp.stage(now={"ada": {name: value for name, value in ADA.items() if name != "groups"}})
    group_checks.check_due(now=timezone.now() + SOON)
    assert roles() == ["user"]


def test_a_provider_that_refuses_has_ended_it_for_roles_and_says_nothing_of_teams(ada, corp):
    """A session at a provider runs out over night; what works with a team's keys must not stop for that."""
    ada()
    heard = []
    listener = lambda user, groups, now: heard.append(groups)  # noqa: E731
    groups_changed.register(listener)
    try:
        corp.stage(fault="refused")
        group_checks.check_due(now=timezone.now() + SOON)
    finally:
        groups_changed._listeners.remove(listener)
    assert (roles(), ProviderGrant.objects.count(), heard) == (["user"], 0, [])


def test_a_provider_that_is_away_is_believed_for_a_while_and_no_longer(ada, corp):
    ada()
    corp.stage(dead=True)
    assert group_checks.check_due(now=timezone.now() + SOON) == 1
    assert roles() == ["admin", "user"]
    assert group_checks.check_due(now=timezone.now() + LATE) == 1
    assert roles() == ["user"]


def test_without_anything_to_ask_with_the_word_of_the_sign_in_ends_as_well(ada, corp):
    corp.stage(refresh=False)
    ada()
    assert ProviderGrant.objects.get().sealed_token is None
    assert group_checks.check_due(now=timezone.now() + SOON) == 0
    assert group_checks.check_due(now=timezone.now() + LATE) == 1
    assert roles() == ["user"]


def test_the_token_is_sealed(ada):
    ada()
    sealed = bytes(ProviderGrant.objects.get().sealed_token)
    assert len(sealed) > 60
    assert b"." not in sealed[:1]
