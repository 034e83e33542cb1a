"""Any number of labels for an item, none included."""

from typing import TYPE_CHECKING

from annotator.tasktypes.base import Answer

if TYPE_CHECKING:
    from selection.models import LabelSpace


class MultipleChoice(Answer):
    """Some of the labels, each of which fits or does not by itself."""

    name = "multiple_choice"
    takes_several = True
    templates = "tasktypes/choices"
    scripts = ("answers/choices.js",)

    def label_space(self, n_classes: int) -> "LabelSpace":
        from selection.models import MultiLabel

        return MultiLabel(n_classes)

    def check_number(self, labels: int) -> None:
        """Allow any number: that none of the labels fits is an answer, too."""


MULTIPLE_CHOICE = MultipleChoice()
