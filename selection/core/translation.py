"""Marks for texts that the app translates; `selection` itself knows no languages."""


def gettext_noop(text: str) -> str:
    """Return the text unchanged; the name marks it for extraction by gettext."""
    return text
