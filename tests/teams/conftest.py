"""A team with an administrator and a member, and somebody who runs the portal."""

import pytest

from teams.models import Member
from tests.factories import NOW, TeamFactory, UserFactory


@pytest.fixture
def operator(db):
    return UserFactory(is_operator=True)


@pytest.fixture
def head(db):
    """Administrator of the team, nobody special in the portal."""
    return UserFactory(username="head")


@pytest.fixture
def member(db):
    return UserFactory(username="member")


@pytest.fixture
def team(head, member):
    made = TeamFactory(name="Physics")
    put_in(made, head, "admin")
    put_in(made, member, "member")
    return made


def put_in(team, user, role="member", **more) -> Member:
    return Member.objects.create(team=team, user=user, role=role, joined_at=NOW, **more)
