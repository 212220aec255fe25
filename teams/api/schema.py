"""The shapes of teams (contract §9)."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter as Param
from rest_framework import serializers

from litemaas.api.fields import Amount, Flag, Identifier, Text, Whole
from litemaas.api.schema import page_parameters, page_schema
from teams.limits import LARGEST_RATE
from teams.models import Invitation, Member

Shape = serializers.Serializer[Any]
ROLES = Member.Role.choices


def _optional(field: Any, **kwargs: Any) -> Any:
    return field(required=False, allow_null=True, **kwargs)


class TeamLimitsIn(Shape):
    maxBudget = _optional(Amount)
    budgetDuration = _optional(Text, max_length=20, allow_blank=True)
    softBudget = _optional(Amount)
    tpmLimit = _optional(Whole, max_value=LARGEST_RATE)
    rpmLimit = _optional(Whole, max_value=LARGEST_RATE)


class TeamChangesIn(TeamLimitsIn):
    name = Text(required=False, max_length=255)
    alias = _optional(Text, max_length=255, allow_blank=True)
    description = _optional(Text, max_length=1000, allow_blank=True)
    allowedModels = serializers.ListField(
        child=Text(max_length=255), required=False, allow_null=True, max_length=500
    )
    metadata = _optional(serializers.DictField)
    isActive = Flag(required=False)


class NewTeamIn(TeamChangesIn):
    name = Text(max_length=255)
    adminIds = serializers.ListField(child=Identifier(), required=False, max_length=100)
    isActive = None  # type: ignore[assignment]  # a new team is active


class TeamBudgetIn(TeamLimitsIn):
    keepSpend = Flag(default=True)


class TeamReasonIn(Shape):
    reason = _optional(Text, max_length=500, allow_blank=True)


class TeamSyncIn(Shape):
    forceSync = Flag(default=False)
    syncBudget = Flag(default=True)
    syncMembers = Flag(default=True)
    syncUsage = Flag(default=True)


class NewMemberIn(Shape):
    userId = Identifier()
    role = serializers.ChoiceField(choices=ROLES, default=Member.Role.MEMBER)
    maxBudgetInTeam = _optional(Amount)


class MemberChangesIn(Shape):
    role = serializers.ChoiceField(choices=ROLES, required=False)
    maxBudgetInTeam = _optional(Amount)


class LeaveIn(TeamReasonIn):
    transferKeysTo = _optional(serializers.UUIDField)


class InviteIn(Shape):
    email = _optional(Text, max_length=254, allow_blank=True)
    userId = _optional(serializers.UUIDField)
    role = serializers.ChoiceField(choices=ROLES, default=Member.Role.MEMBER)
    expiresInDays = Whole(min_value=1, max_value=30, default=7)
    message = _optional(Text, max_length=500, allow_blank=True)


class MemberUserOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    fullName = serializers.CharField(allow_null=True)


class MemberOut(Shape):
    """Budget and spend of others are null for who does not look after the team."""

    id = serializers.UUIDField()
    teamId = serializers.UUIDField()
    userId = serializers.UUIDField()
    role = serializers.ChoiceField(choices=ROLES)
    joinedAt = serializers.DateTimeField()
    addedBy = serializers.UUIDField(allow_null=True)
    maxBudgetInTeam = serializers.FloatField(allow_null=True)
    currentSpendInTeam = serializers.FloatField(allow_null=True)
    user = MemberUserOut()


class TeamOut(Shape):
    """What has not been told by the gateway is null. Utilization in per cent."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    alias = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    liteLLMTeamId = serializers.CharField(allow_null=True)
    maxBudget = serializers.FloatField(allow_null=True)
    currentSpend = serializers.FloatField(allow_null=True)
    budgetUtilization = serializers.FloatField(allow_null=True)
    budgetDuration = serializers.CharField(allow_null=True)
    budgetResetAt = serializers.DateTimeField(allow_null=True)
    softBudget = serializers.FloatField(allow_null=True)
    tpmLimit = serializers.IntegerField(allow_null=True)
    rpmLimit = serializers.IntegerField(allow_null=True)
    allowedModels = serializers.ListField(child=serializers.CharField())
    metadata = serializers.DictField()
    isActive = serializers.BooleanField()
    isDefault = serializers.BooleanField()
    memberCount = serializers.IntegerField()
    members = MemberOut(many=True)
    membersTruncated = serializers.BooleanField()
    myRole = serializers.ChoiceField(choices=ROLES, allow_null=True)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()
    createdBy = serializers.UUIDField(allow_null=True)
    syncStatus = serializers.CharField()
    spendAsOf = serializers.DateTimeField(allow_null=True)


TeamPageOut = page_schema(TeamOut)
MemberPageOut = page_schema(MemberOut)


class MemberBudgetOut(Shape):
    userId = serializers.UUIDField()
    username = serializers.CharField()
    maxBudgetInTeam = serializers.FloatField(allow_null=True)
    currentSpendInTeam = serializers.FloatField(allow_null=True)


class TeamBudgetOut(Shape):
    teamId = serializers.UUIDField()
    maxBudget = serializers.FloatField(allow_null=True)
    currentSpend = serializers.FloatField(allow_null=True)
    budgetUtilization = serializers.FloatField(allow_null=True)
    remainingBudget = serializers.FloatField(allow_null=True)
    budgetDuration = serializers.CharField(allow_null=True)
    resetAt = serializers.DateTimeField(allow_null=True)
    softBudget = serializers.FloatField(allow_null=True)
    alertTriggered = serializers.BooleanField()
    memberBudgets = MemberBudgetOut(many=True)
    lastUpdatedAt = serializers.DateTimeField()
    syncStatus = serializers.CharField()


class TeamSpendResetOut(Shape):
    """`currentSpend` is null until the gateway has confirmed."""

    id = serializers.UUIDField()
    currentSpend = serializers.FloatField(allow_null=True)
    resetAt = serializers.DateTimeField()
    syncStatus = serializers.CharField()


class TeamSyncChangesOut(Shape):
    budget = serializers.CharField()
    members = serializers.CharField()
    usage = serializers.CharField()


class TeamSyncOut(Shape):
    success = serializers.BooleanField()
    syncedAt = serializers.DateTimeField()
    changes = TeamSyncChangesOut()


class InvitationOut(Shape):
    """`link` is there once, in the answer that made it, where no mail brings it."""

    id = serializers.UUIDField()
    email = serializers.CharField(allow_null=True)
    userId = serializers.UUIDField(allow_null=True)
    role = serializers.ChoiceField(choices=ROLES)
    status = serializers.ChoiceField(choices=Invitation.Status.choices)
    expiresAt = serializers.DateTimeField()
    createdAt = serializers.DateTimeField()
    invitedBy = serializers.UUIDField(allow_null=True)
    mailedAt = serializers.DateTimeField(allow_null=True)


class IssuedInvitationOut(InvitationOut):
    link = serializers.CharField(allow_null=True)


class InvitationsOut(Shape):
    data = InvitationOut(many=True)  # type: ignore[assignment]


class OwnInvitationOut(InvitationOut):
    teamId = serializers.UUIDField()
    teamName = serializers.CharField()
    invitedByName = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True)


class OwnInvitationsOut(Shape):
    data = OwnInvitationOut(many=True)  # type: ignore[assignment]


class DeclinedOut(Shape):
    status = serializers.CharField()


TEAM_PARAMETERS = [
    *page_parameters(),
    Param("search", str),
    Param("isActive", bool),
    Param("role", str, enum=Member.Role.values),
    Param("userId", str, description="`all` or a user's id, for operators."),
]
MEMBER_PARAMETERS = [*page_parameters(), Param("role", str, enum=Member.Role.values), Param("search", str)]
INVITATION_PARAMETERS = [Param("status", str, enum=Invitation.Status.values)]
DRY_RUN = Param("dryRun", bool, description="Say what would happen, and change nothing.")
