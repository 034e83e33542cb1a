"""Users and members."""

from rest_framework import serializers

from annotator.api.responses.base import Response


class Token(Response):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class User(Response):
    id = serializers.IntegerField()
    username = serializers.CharField()
    is_active = serializers.BooleanField()
    is_superuser = serializers.BooleanField()


class NewUser(Response):
    """A new user; without a password, with the link by which they choose one."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    invitation_url = serializers.CharField(required=False)


class Member(Response):
    username = serializers.CharField()
    role = serializers.CharField()
    since = serializers.DateTimeField()
