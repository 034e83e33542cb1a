"""Progress of a project, worded for dashboard and API."""

from typing import Any

from annotator.flow.progress import summary
from annotator.messages import encoding, estimate, stopping
from annotator.models import Project


def progress(project: Project) -> dict[str, Any]:
    """Return the project's progress, as the API shows it."""
    return _in_words(summary.progress(project))


def progress_for_leads(project: Project) -> dict[str, Any]:
    """Like `progress`, with what the estimate waits for."""
    return _in_words(summary.progress_for_leads(project))


def _in_words(found: dict[str, Any]) -> dict[str, Any]:
    measured = found["accuracy"]
    return {
        **found,
        "features": features_in_words(found["features"]),
        "accuracy": measured and {**measured, "words": estimate.in_words(measured)},
        "stop": stopping.advice(found["stop"]),
        "paused": stopping.pause_payload(found["paused"]),
    }


def features_in_words(found: dict[str, Any]) -> dict[str, Any]:
    """Return the state of the features, with that of an encoder in words."""
    return {**found, "encoding": encoding.told(found["encoding"])}
