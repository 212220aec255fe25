"""The shapes of sign-in and account (contract §2, §4)."""

from typing import Any

from rest_framework import serializers

from litemaas.api.fields import Text

Shape = serializers.Serializer[Any]


class TokenIn(Shape):
    grantType = Text(max_length=40)
    username = Text(max_length=255, required=False)
    password = Text(max_length=1024, required=False, trim_whitespace=False, write_only=True)


class RefreshIn(Shape):
    refresh_token = Text(max_length=4096, required=False)
    refreshToken = Text(max_length=4096, required=False)


class ValidateIn(Shape):
    token = Text(max_length=4096)


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
