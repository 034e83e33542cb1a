"""One label for an item."""

from django.utils.translation import gettext as _

from annotator.errors import Invalid
from annotator.tasktypes.base import Answer


class SingleChoice(Answer):
    """Exactly one of the labels, which exclude each other."""

    name = "single_choice"
    takes_several = False
    templates = "tasktypes/choices"
    scripts = ("answers/choices.js",)

    def check_number(self, labels: int) -> None:
        if labels != 1:
            raise Invalid("label_number", _("Choose exactly one label."), field="labels")


SINGLE_CHOICE = SingleChoice()
