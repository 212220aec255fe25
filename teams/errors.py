"""Refusals of teams."""

from django.utils.translation import gettext_lazy

from litemaas.errors import AlreadyExists, Conflict, InvalidInput, InvalidStateTransition


class LastTeamAdmin(Conflict):
    code = "LAST_ADMIN"
    default_message = gettext_lazy(
        "This is the last administrator of the team. Make another member one first."
    )


class TeamNameTaken(AlreadyExists):
    default_message = gettext_lazy("There is an active team with this name.")


class AlreadyMember(AlreadyExists):
    default_message = gettext_lazy("This person is in the team already.")


class AlreadyInvited(AlreadyExists):
    default_message = gettext_lazy(
        "There is an open invitation for this person. Revoke it, or send it again."
    )


class DefaultTeamStays(InvalidInput):
    default_message = gettext_lazy(
        "Everybody is in the default team: it can't be deleted, switched off or left."
    )


class TeamInactive(InvalidStateTransition):
    default_message = gettext_lazy("This team is deactivated.")


class InvitationEnded(InvalidStateTransition):
    """`status` says how."""

    default_message = gettext_lazy("This invitation was answered, revoked or has expired.")


class TeamHasSpent(Conflict):
    default_message = gettext_lazy(
        "The team has spent something in this budget window, or it is not known. "
        "Ask an administrator to delete it."
    )
