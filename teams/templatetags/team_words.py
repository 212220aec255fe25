"""Words of teams in templates."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.template import Library
from django.utils.safestring import SafeString

from litemaas.web.templatetags.pf_labels import Look, labelled
from teams.models import Invitation, Member

register = Library()


@register.filter
def role_name(role: str) -> Any:
    return dict(Member.Role.choices).get(role, role)


_INVITATION_LOOKS = {
    "pending": Look("blue", "clock", Invitation.Status.PENDING.label),
    "accepted": Look("green", "check", Invitation.Status.ACCEPTED.label),
    "declined": Look("red", "times", Invitation.Status.DECLINED.label),
    "revoked": Look("grey", "ban", Invitation.Status.REVOKED.label),
    "expired": Look("red", "hourglass", Invitation.Status.EXPIRED.label),
}


@register.simple_tag
def invitation_status(status: str) -> SafeString:
    return labelled(_INVITATION_LOOKS, status)


@register.filter
def of_team(counts: Mapping[UUID, int], team_id: UUID) -> int | None:
    """A team without an entry has none; without any counts nobody knows."""
    return counts.get(team_id)


@register.filter
def equals(one: str, other: str) -> bool:
    return one == other
