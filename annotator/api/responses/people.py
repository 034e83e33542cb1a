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
    email = serializers.CharField()
    state = serializers.CharField()
    labels = serializers.IntegerField()
    last_active = serializers.DateField(allow_null=True)


class MailDelivery(Response):
    """Whether the link was mailed."""

    state = serializers.CharField()
    words = serializers.CharField()


class Link(Response):
    """A link with which a user chooses a password, shown this once."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    invitation_url = serializers.CharField()
    expires_at = serializers.DateTimeField()
    note = serializers.CharField()
    mail = MailDelivery(allow_null=True)


class NewUser(Response):
    """A new user; without a password, with the link by which they choose one."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    invitation_url = serializers.CharField(required=False)
    expires_at = serializers.DateTimeField(required=False)
    note = serializers.CharField(required=False)
    mail = MailDelivery(required=False, allow_null=True)


class Invitation(Response):
    """An invitation that waits to be used."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    email = serializers.CharField()
    role = serializers.CharField()
    invited_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    is_expired = serializers.BooleanField()


class NewLink(Invitation):
    """An invitation with its link, which is shown this once."""

    invitation_url = serializers.CharField()
    note = serializers.CharField()
    mail = MailDelivery(allow_null=True)


class SignInPlace(Response):
    """A session or an API token: on which device, from where, last used when."""

    id = serializers.CharField()
    device = serializers.CharField()
    address = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    is_current = serializers.BooleanField()


class Member(Response):
    username = serializers.CharField()
    role = serializers.CharField()
    since = serializers.DateTimeField()
