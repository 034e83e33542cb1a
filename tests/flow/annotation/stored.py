"""Labels and counts as they are stored."""

from typing import Any

from annotator.flow.annotation import payload
from annotator.flow.progress import summary
from annotator.models import Project
from tests import loop


def given_labels(annotation: Any) -> Any:
    return payload.label_names(loop.refreshed(annotation))


def counts(project: Project) -> Any:
    progress = summary.progress(project)
    return progress["labelled"], progress["answers"]
