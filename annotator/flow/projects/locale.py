"""Language of a user: their choice, or else the browser's."""

from django.conf import settings

from annotator.errors import Invalid
from annotator.models import User


def choose(user: User, language: str) -> None:
    """Store the user's language; an empty one means the browser's."""
    if language and language not in dict(settings.LANGUAGES):
        raise Invalid("unknown_language", field="language")
    user.language = language
    user.save(update_fields=["language"])
