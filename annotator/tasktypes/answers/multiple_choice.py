"""Multiple choice: any number of labels per item, including none."""

from typing import TYPE_CHECKING

from annotator.tasktypes.base import Answer

if TYPE_CHECKING:
    from selection.models import LabelSpace


class MultipleChoice(Answer):
    """Any number of labels, each of which applies or not, independent of the others."""

    name = "multiple_choice"
    takes_several = True
    templates = "tasktypes/choices"
    scripts = ("answers/choices.js",)

    def label_space(self, n_classes: int) -> "LabelSpace":
        from selection.models import MultiLabel

        return MultiLabel(n_classes)

    def check_number(self, labels: int) -> None:
        """Accept any number: no label at all is an answer as well."""


MULTIPLE_CHOICE = MultipleChoice()
