"""Assignments of a project: how far they are, a share of the queue to assign, and revoking."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from annotator.errors import FlowError
from annotator.flow.queue.assigned import assigning, ending, standing
from annotator.models import Project, Role, User
from annotator.views import number_format
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.form_errors import add_refusal
from annotator.views.form_fields import PercentField
from annotator.views.items.bulk_form import end_of


class ShareForm(forms.Form):
    """A share of the queue, and whose it is."""

    people = forms.MultipleChoiceField(
        label=gettext_lazy("People"), widget=forms.SelectMultiple(attrs={"size": 4})
    )
    share = PercentField(label=gettext_lazy("Share of the queue (%)"))
    until = forms.DateField(
        label=gettext_lazy("Until"),
        help_text=gettext_lazy("Empty: until you revoke it."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, project: Project, *args: Any) -> None:
        super().__init__(*args)
        people = User.objects.filter(memberships__project=project, is_active=True)
        names = people.order_by("username").values_list("username", flat=True)
        self.fields["people"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]


@require_http_methods(["GET", "POST"])
@signed_in
def assignments(request: Request, project_id: int) -> HttpResponse:
    """Show the active assignments, or assign a share of the queue."""
    access = open_project(request, project_id, Role.LEAD)
    is_sent = request.method == "POST"
    form = ShareForm(access.project, request.POST) if is_sent else ShareForm(access.project)
    if is_sent and form.is_valid():
        given = form.cleaned_data
        try:
            assigning.begin(
                access.project,
                request.user,
                given["people"],
                share=given["share"],
                until=end_of(given["until"]),
            )
        except FlowError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("Assigned."))
            return redirect("assignments", access.project.pk)
    context = {
        "access": access,
        "form": form,
        "rows": [_row(each) for each in standing.of_project(access.project)],
    }
    status = 422 if form.errors else 200
    return render(request, "items/assignments.html", context, status=status)


@require_POST
@signed_in
def revoke(request: Request, project_id: int, number: int) -> HttpResponse:
    """End an assignment."""
    access: Access = open_project(request, project_id, Role.LEAD)
    if ending.end(ending.find(access.project, number)):
        messages.success(request, _("Revoked. What is open of it goes to everybody."))
    return redirect("assignments", access.project.pk)


def _row(found: standing.Standing) -> dict[str, Any]:
    share = found.assignment.share
    return {
        "found": found,
        "people": ", ".join(found.people),
        "share": "" if share is None else number_format.percent(share),
        "done": number_format.count(found.done),
        "total": number_format.count(found.total),
    }
