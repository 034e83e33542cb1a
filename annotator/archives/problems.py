"""What is wrong with an archive, as errors that name the part and what to do."""

from annotator.errors import FlowError


class BadArchive(FlowError):
    """An archive that cannot be opened here; nothing of it was stored."""

    status = 422


def bad_value(part: str, line: int, column: str) -> BadArchive:
    """Return that a row has a value that its column cannot have."""
    return BadArchive("archive_value", field="file", part=part, line=line, column=column)


def no_such_row(part: str, line: int, column: str) -> BadArchive:
    """Return that a row refers to one that is not in the archive."""
    return BadArchive("archive_reference", field="file", part=part, line=line, column=column)


def damaged(part: str) -> BadArchive:
    """Return that a part is not what the manifest says."""
    return BadArchive("archive_damaged", field="file", part=part)
