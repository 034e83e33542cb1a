"""Single choice: one label per item."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from annotator.errors import Invalid
from annotator.tasktypes.base import Answer

if TYPE_CHECKING:
    from selection.models import LabelSpace


class SingleChoice(Answer):
    """Exactly one of the labels, which exclude each other."""

    name = "single_choice"
    takes_several = False
    templates = "tasktypes/choices"
    scripts = ("answers/choices.js",)

    def label_space(self, n_classes: int) -> "LabelSpace":
        from selection.models import SingleLabel

        return SingleLabel(n_classes)

    def check_number(self, labels: int) -> None:
        if labels != 1:
            raise Invalid("label_number", detail=_("Choose exactly one label."), field="labels")


SINGLE_CHOICE = SingleChoice()
