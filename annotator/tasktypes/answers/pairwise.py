"""Pairwise comparison: the first is better, the second, or neither."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotator.errors import Invalid
from annotator.tasktypes.base import EVERYTHING, Answer

if TYPE_CHECKING:
    from selection.models import LabelSpace

# Fields that contain the labels by name, here a single one; and fields with such records.
ANSWERS = {"labels": "choice", **{each: each for each in ("gold", "known", "decided", "truth")}}
NESTED = frozenset(
    {
        "annotation",
        "answers",
        "decision",
        "decisions",
        "hidden_suggestion",
        "history",
        "judged",
        "next",
        "opinions",
        "prediction",
        "predictions",
        "spares",
        "suggestion",
    }
)


class Pairwise(Answer):
    """One of three labels that every project has; the API field is `choice`."""

    name = "pairwise"
    field = "choice"
    can = EVERYTHING - {"bulk", "labels", "simulate"}
    fixed_labels = {"a": "a", "b": "b", "tie": "t"}
    titles = {
        "a": gettext_lazy("A is better"),
        "b": gettext_lazy("B is better"),
        "tie": gettext_lazy("Equal"),
    }
    takes_several = False
    templates = "tasktypes/pairwise"
    scripts = ("answers/pairwise.js",)
    modules = ("answers/choices.js",)

    def labels(self, given: Any) -> list[Any]:
        if not isinstance(given, str) or given not in self.fixed_labels:
            words = _("A choice is one of %(names)s.") % {"names": ", ".join(self.fixed_labels)}
            raise Invalid("unknown_choice", detail=words, field=self.field)
        return [given]

    def told(self, record: dict[str, Any]) -> dict[str, Any]:
        shown = {ANSWERS.get(name, name): _told(self, name, each) for name, each in record.items()}
        proba = record.get("proba")
        if isinstance(proba, Mapping):
            shown["confidence"] = proba.get(shown["choice"])
        return shown

    def label_space(self, n_classes: int) -> "LabelSpace":
        from selection.models.pairwise import Pairwise as Space

        return Space(n_classes)

    def check_number(self, labels: int) -> None:
        if labels != 1:
            raise Invalid("label_number", detail=_("Give exactly one choice."), field=self.field)


def _told(answer: Pairwise, name: str, value: Any) -> Any:
    if name in ANSWERS and isinstance(value, list):
        return value[0] if value else None
    if name not in NESTED:
        return value
    if isinstance(value, dict):
        return answer.told(value)
    if isinstance(value, list):
        return [answer.told(each) if isinstance(each, dict) else each for each in value]
    return value


PAIRWISE = Pairwise()
