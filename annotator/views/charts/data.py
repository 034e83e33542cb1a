"""Data of a page's charts, each table read at most once."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from annotator.flow.labels import naming
from annotator.flow.operations import background_reports
from annotator.flow.progress import model_history, summary
from annotator.models import Label, Project, Round


@dataclass
class ChartData:
    """The data of a project's charts, loaded on demand, of the days from `first` to `last`."""

    project: Project
    first: date | None = None
    last: date | None = None

    @property
    def query(self) -> str:
        """The days as part of an address; empty for all."""
        days = {"from": self.first, "to": self.last}
        return urlencode({name: day.isoformat() for name, day in days.items() if day})

    def _is_in(self, at: datetime) -> bool:
        day = at.date()
        return (self.first or day) <= day <= (self.last or day)

    @cached_property
    def curve(self) -> list[dict[str, Any]]:
        """The measured models with enough audits, oldest first."""
        told = model_history.told(self.project)
        return [point for point in told if self._is_in(point["created_at"])]

    @cached_property
    def rounds(self) -> list[dict[str, Any]]:
        """The latest rounds, newest first."""
        return [each for each in summary.rounds(self.project) if self._is_in(each["created_at"])]

    @cached_property
    def scored(self) -> Round | None:
        """The newest round that scored the pool."""
        return model_history.newest_scored_round(self.project)

    @cached_property
    def uncertainty(self) -> dict[str, Any] | None:
        """Histogram of the model's uncertainty."""
        return model_history.uncertainty(self.scored)

    @cached_property
    def balance(self) -> list[dict[str, Any]]:
        """Class balance among annotations and predictions."""
        return model_history.class_balance(self.scored, self.labels)

    @cached_property
    def classes(self) -> list[dict[str, Any]]:
        """Precision and recall of each label, for the newest measured model."""
        return model_history.per_class(self.project)

    @cached_property
    def class_curves(self) -> list[dict[str, Any]]:
        """Like `classes`, for all measured models."""
        return list(model_history.class_curves(self.project))

    @cached_property
    def reports(self) -> dict[str, dict[str, Any]]:
        """Background reports by kind."""
        return background_reports.latest_reports(self.project)

    @cached_property
    def plane(self) -> dict[str, Any]:
        """Coordinates of the embedding map."""
        return background_reports.report(self.project, "plane")

    @cached_property
    def quality(self) -> dict[str, Any]:
        """The quality report."""
        return dict(self._quality["found"])

    @property
    def quality_error(self) -> str:
        """The error of the last quality report; empty without one."""
        return str(self._quality["error"])

    @property
    def quality_behind(self) -> datetime | None:
        """When it was computed, if newer annotations exist; None if it is current."""
        return background_reports.behind_since(self.project, "quality")

    @cached_property
    def _quality(self) -> dict[str, Any]:
        return background_reports.with_error(self.project, "quality")

    @cached_property
    def labels(self) -> dict[int, Label]:
        """The labels by key, in order."""
        return {label.pk: label for label in self.project.labels.all()}

    def label_name(self, pk: int) -> str:
        """Return a label as people read it, including deleted ones."""
        (title,) = naming.titles(self.project, [pk])
        return title or _("(deleted label)")
