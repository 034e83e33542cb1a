"""The tools whose files are known: a new one is a module here and a line below."""

from collections.abc import Sequence
from typing import Any

from annotator.formats.base import Columns
from annotator.formats.spans import registry as spans
from annotator.formats.tools import argilla, argilla_records, doccano, label_studio, prodigy, winnow
from annotator.formats.tools.base import Tool

TOOLS: tuple[Tool, ...] = (
    winnow.TOOL,
    label_studio.JSON,
    label_studio.FLAT,
    prodigy.TOOL,
    argilla.TOOL,
    argilla_records.TOOL,
    doccano.TOOL,
)


def of(sample: Sequence[dict[str, Any]], wanted: Columns) -> Tool | None:
    """Return the tool that wrote the records; None where they are to be read as they stand."""
    if wanted.spans:
        return spans.of(sample)
    if wanted.plain:
        return None
    return next((tool for tool in TOOLS if tool.fits(sample)), None)
