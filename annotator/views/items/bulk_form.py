"""Form of a bulk edit, beside the list."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from annotator import tasktypes
from annotator.flow.items.bulk import AUTHOR, OTHERS
from annotator.flow.labels import naming
from annotator.models import BulkEdit, Project, User


class BulkForm(forms.Form):
    """What to do with the selected items, or with all that match."""

    prefix = "bulk"

    action = forms.ChoiceField()
    label = forms.ChoiceField(required=False)
    by = forms.ChoiceField(required=False)
    comment = forms.CharField(required=False, max_length=2000)
    people = forms.MultipleChoiceField(
        required=False, widget=forms.SelectMultiple(attrs={"size": 3})
    )
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    whole = forms.BooleanField(required=False)

    def __init__(self, project: Project, data: Any = None, *, is_filtered: bool = False) -> None:
        super().__init__(data)
        actions = BulkEdit.Action
        titles = {
            actions.REDO: _("Have it labelled again"),
            actions.LABEL: _("Give a label"),
            actions.REQUEUE: _("Ask skipped items again"),
            actions.ASSIGN: _("Assign to people"),
            actions.DELETE: _("Delete for good"),
        }
        if "bulk" not in tasktypes.of(project).can:
            del titles[actions.LABEL]
        names = [each.name for each in naming.labels_of(project)]
        labels = zip(names, tasktypes.titles(project, names), strict=True)
        people = User.objects.filter(memberships__project=project, is_active=True)
        members = [
            (name, name) for name in people.order_by("username").values_list("username", flat=True)
        ]
        told = {
            "action": (_("With the selected items"), [(k.value, v) for k, v in titles.items()]),
            "label": (pgettext("noun", "Label"), [("", _("choose one")), *labels]),
            "by": (
                _("Labelled by"),
                [(OTHERS, _("others than the author")), (AUTHOR, _("the author")), *members],
            ),
            "people": (_("People"), members),
        }
        for name, (title, choices) in told.items():
            self.fields[name].label = title
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.fields["comment"].label = _("Comment to the author")
        self.fields["until"].label = _("Until (empty: until done)")
        self.fields["whole"].label = _("All matching items") if is_filtered else _("All items")


def end_of(day: date | None) -> datetime | None:
    """Return the end of a day that an assignment lasts."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
