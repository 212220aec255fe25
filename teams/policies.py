"""Who may do what to a team. `role` is the actor's place in it (`roles.role_in`), None for a stranger.

Administrators of the portal may everything; administrators of a team what concerns its people.
"""

from accounts import options
from accounts.models import Actor
from teams.models import Member

_ADMIN = Member.Role.ADMIN


def may_create(actor: Actor) -> bool:
    return may_write_all(actor) or (actor.may("teams:create") and bool(options.value("usersMayCreateTeams")))


def may_write_all(actor: Actor) -> bool:
    """Limits, allowed models, switching off, putting somebody in without asking."""
    return actor.may("teams:write_all")


def may_edit(actor: Actor, role: str | None) -> bool:
    """Name, description and the like; roles, removals and invitations."""
    return may_write_all(actor) or (role == _ADMIN and actor.may("teams:write"))


def may_leave(actor: Actor, member: Member) -> bool:
    return member.user_id == actor.pk and actor.may("teams:write")


def may_answer_invitations(actor: Actor) -> bool:
    return actor.may("teams:write")


def may_see_invitations(actor: Actor, role: str | None) -> bool:
    return actor.sees_everything or role == _ADMIN
