"""A small sample project, written and drawn for this purpose, so that the first label is near."""


def load() -> None:
    """Load the sample projects unless they are there."""
