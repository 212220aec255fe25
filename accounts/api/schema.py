"""The shapes of sign-in and account (contract §2, §4)."""

from typing import Any, ClassVar

from rest_framework import serializers

from accounts.permissions import ROLES
from litemaas.api.fields import Amount, Flag, Text, Whole

Shape = serializers.Serializer[Any]


class LoginIn(Shape):
    provider = Text(max_length=100, required=False, help_text="Id of a provider; default: the first one.")
    codeChallenge = Text(
        max_length=128,
        required=False,
        help_text="S256 challenge. With it the front end gets a code for POST /api/auth/token in place of a token.",
    )


class LoginOut(Shape):
    authUrl = serializers.CharField()


class RoleName(Text):
    shown_as: ClassVar[dict[str, Any]] = {"type": "string", "enum": sorted(ROLES)}

    def __init__(self) -> None:
        super().__init__(max_length=40)


class GrantType(Text):
    shown_as: ClassVar[dict[str, Any]] = {
        "type": "string",
        "enum": ["authorization_code", "api_key", "password"],
    }


class TokenIn(Shape):
    grantType = GrantType(max_length=40)
    username = Text(max_length=255, required=False)
    password = Text(max_length=1024, required=False, trim_whitespace=False, write_only=True)
    apiKey = Text(max_length=255, required=False, write_only=True)
    code = Text(max_length=255, required=False, write_only=True)
    codeVerifier = Text(max_length=128, required=False, write_only=True)


class RefreshIn(Shape):
    refresh_token = Text(max_length=4096, required=False)
    refreshToken = Text(max_length=4096, required=False)
    sessionId = Text(max_length=64, required=False, allow_null=True, allow_blank=True)


class BlacklistIn(Shape):
    token = Text(max_length=4096, required=False)


class BlacklistOut(Shape):
    revoked = serializers.BooleanField()
    until = serializers.DateTimeField()


class SessionOut(Shape):
    sessionId = serializers.CharField()
    ipAddress = serializers.CharField(allow_null=True)
    userAgent = serializers.CharField(allow_null=True)
    createdAt = serializers.DateTimeField()
    lastActivityAt = serializers.DateTimeField()
    isCurrent = serializers.BooleanField()


class SessionEndedOut(Shape):
    success = serializers.BooleanField()
    message = serializers.CharField()


class SessionsEndedOut(Shape):
    message = serializers.CharField()
    invalidatedSessions = serializers.IntegerField()


class ValidateIn(Shape):
    token = Text(max_length=4096)


class DevTokenIn(Shape):
    username = Text(max_length=150, default="developer")
    roles = serializers.ListField(
        child=serializers.ChoiceField(choices=ROLES), default=lambda: ["admin", "user"], min_length=1
    )


class MockUserOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    fullName = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class TokenUserOut(Shape):
    id = serializers.UUIDField()
    email = serializers.CharField()
    name = serializers.CharField()
    username = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class TokenPairOut(Shape):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    expires_in = serializers.IntegerField()
    token_type = serializers.CharField()
    user = TokenUserOut()
    accessToken = serializers.CharField()
    refreshToken = serializers.CharField()
    expiresIn = serializers.IntegerField()
    refreshExpiresIn = serializers.IntegerField()


class LoggedOutOut(Shape):
    message = serializers.CharField()
    logoutUrl = serializers.CharField(allow_null=True)


class ValidUserOut(Shape):
    userId = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class ValidateOut(Shape):
    valid = serializers.BooleanField()
    user = ValidUserOut()


class DevTokenOut(Shape):
    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    user = ValidUserOut()


class MeOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class ProfileOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    fullName = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    createdAt = serializers.DateTimeField()


class MyPermissionsOut(Shape):
    roles = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())


class ProfileIn(Shape):
    fullName = Text(max_length=255, required=False, allow_blank=True, allow_null=True)


class ActivityOut(Shape):
    id = serializers.IntegerField()
    action = serializers.CharField()
    resourceType = serializers.CharField(allow_null=True)
    resourceId = serializers.CharField(allow_null=True)
    ipAddress = serializers.CharField(allow_null=True)
    userAgent = serializers.CharField(allow_null=True)
    metadata = serializers.DictField()
    createdAt = serializers.DateTimeField()


class AccountsPageOut(Shape):
    page = serializers.IntegerField()
    limit = serializers.IntegerField()
    total = serializers.IntegerField()
    totalPages = serializers.IntegerField()


class ActivityPageOut(Shape):
    data = ActivityOut(many=True)  # type: ignore[assignment]
    pagination = AccountsPageOut()


class PreferencesIn(Shape):
    theme = serializers.ChoiceField(choices=["system", "light", "dark"], required=False)
    language = Text(max_length=10, required=False)
    density = serializers.ChoiceField(choices=["comfortable", "compact"], required=False)
    timeZone = Text(max_length=64, required=False, allow_null=True)
    startPage = Text(max_length=20, required=False)
    reducedMotion = Flag(required=False)
    shortcuts = Flag(required=False)
    playground = serializers.DictField(required=False)
    notifications = serializers.DictField(required=False)


class PreferencesOut(Shape):
    theme = serializers.ChoiceField(choices=["system", "light", "dark"])
    language = serializers.CharField()
    density = serializers.ChoiceField(choices=["comfortable", "compact"])
    timeZone = serializers.CharField(allow_null=True)
    startPage = serializers.CharField()
    reducedMotion = serializers.BooleanField()
    shortcuts = serializers.BooleanField()
    playground = serializers.DictField()
    notifications = serializers.DictField()


class PersonOut(Shape):
    id = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()
    fullName = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    createdAt = serializers.DateTimeField()
    isActive = serializers.BooleanField()


class UserOut(PersonOut):
    pass


class ListedUserOut(PersonOut):
    lastLoginAt = serializers.DateTimeField(allow_null=True)


class UserPageOut(Shape):
    data = ListedUserOut(many=True)  # type: ignore[assignment]
    pagination = AccountsPageOut()


class UserChangeIn(Shape):
    roles = serializers.ListField(child=RoleName(), min_length=1, max_length=10, required=False)
    isActive = Flag(required=False)
    reason = Text(max_length=500, required=False, allow_blank=True, allow_null=True)


class FoundUserOut(Shape):
    userId = serializers.UUIDField()
    username = serializers.CharField()
    email = serializers.CharField()


class FoundUsersOut(Shape):
    users = FoundUserOut(many=True)
    total = serializers.IntegerField()


class LimitsIn(Shape):
    maxBudget = Amount(required=False, allow_null=True)
    tpmLimit = Whole(required=False, allow_null=True)
    rpmLimit = Whole(required=False, allow_null=True)
    budgetDuration = Text(max_length=20, required=False, allow_null=True, allow_blank=True)


class LimitsOut(Shape):
    id = serializers.UUIDField()
    maxBudget = serializers.FloatField(allow_null=True)
    tpmLimit = serializers.IntegerField(allow_null=True)
    rpmLimit = serializers.IntegerField(allow_null=True)
    budgetDuration = serializers.CharField(allow_null=True)
    updatedAt = serializers.DateTimeField()
    syncStatus = serializers.ChoiceField(choices=["synced", "pending", "error"])


class UserReasonIn(Shape):
    reason = Text(max_length=500, required=False, allow_blank=True, allow_null=True)


class SpendResetOut(Shape):
    id = serializers.UUIDField()
    currentSpend = serializers.FloatField()
    resetAt = serializers.DateTimeField()


class RevokedOut(Shape):
    revoked = serializers.IntegerField()


class RoleOut(Shape):
    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())
    isSystem = serializers.BooleanField()


class PermissionOut(Shape):
    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    resource = serializers.CharField()
    action = serializers.CharField()


class CheckIn(Shape):
    permission = Text(max_length=100)
    resourceId = Text(max_length=255, required=False, allow_null=True)


class CheckOut(Shape):
    hasPermission = serializers.BooleanField()
    permission = serializers.CharField()
    resourceId = serializers.CharField(allow_null=True)


class CheckManyIn(Shape):
    permissions = serializers.ListField(child=Text(max_length=100), max_length=50)
    requireAll = Flag(default=False)


class CheckManyOut(Shape):
    hasAccess = serializers.BooleanField()
    results = serializers.DictField(child=serializers.BooleanField())


class SignInInfoOut(Shape):
    provider = serializers.CharField()
    issuer = serializers.CharField(allow_null=True)
    groupsClaim = serializers.CharField(allow_null=True)
    discoveryStatus = serializers.ChoiceField(choices=["healthy", "not_applicable", "unknown"])


class AutomationKeyIn(Shape):
    name = Text(max_length=100)
    scopes = serializers.ListField(child=Text(max_length=60), min_length=1, max_length=100)
    expiresAt = serializers.DateTimeField()


class AutomationKeyOut(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    suffix = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField())
    createdAt = serializers.DateTimeField()
    expiresAt = serializers.DateTimeField()
    lastUsedAt = serializers.DateTimeField(allow_null=True)
    revokedAt = serializers.DateTimeField(allow_null=True)


class NewAutomationKeyOut(AutomationKeyOut):
    key = serializers.CharField()


class AutomationKeyPageOut(Shape):
    data = AutomationKeyOut(many=True)  # type: ignore[assignment]
    pagination = AccountsPageOut()
