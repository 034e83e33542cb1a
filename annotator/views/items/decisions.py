"""Page of what needs a lead's decision, each with a way to answer it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator.flow.annotation import send_back
from annotator.flow.items import attention
from annotator.flow.labels import naming
from annotator.messages import labelling
from annotator.models import Annotation, Item, Role
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.items.told import skip_reason
from annotator.views.labels import proposal
from annotator.views.snippets import line


@require_safe
@signed_in
def decisions(request: Request, project_id: int) -> HttpResponse:
    """Show skips with reasons, notes, doubts, disagreements and replies."""
    access = open_project(request, project_id, Role.LEAD)
    found = attention.of_project(access.project)
    context = {
        "access": access,
        "found": found,
        "reasons": reasons(found.reasons),
        "groups": [
            (_("Notes"), "has_note", [_remark(access, each) for each in found.notes]),
            (_("Unsure"), "unsure", [_remark(access, each) for each in found.unsure]),
        ],
        "skips": [
            {
                "item": lease.item,
                "text": _text(lease.item),
                "by": lease.user.username,
                "reason": skip_reason(lease.reason),
                "proposal": proposal.address(access, _text(lease.item), skip_reason(lease.reason)),
            }
            for lease in found.skips
        ],
        "replies": [
            {
                "row": each,
                "item": each.item,
                "text": _text(each.item),
                "proposal": proposal.address(access, _text(each.item), each.comment, each.reply),
            }
            for each in found.replies
        ],
    }
    return render(request, "items/decisions.html", context)


@require_POST
@signed_in
def close(request: Request, project_id: int, number: int) -> HttpResponse:
    """Mark the reply of an annotator as read."""
    access = open_project(request, project_id, Role.LEAD)
    send_back.close(access.project, number)
    messages.success(request, _("Reply marked as read."))
    return redirect("decisions", project_id)


def reasons(found: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return reasons of skips with their numbers, as people read them."""
    return [(skip_reason(reason), number) for reason, number in found]


def _remark(access: Access, annotation: Annotation) -> dict[str, Any]:
    labels = naming.names(access.project, annotation.given.values_list("label", flat=True))
    return {
        "item": annotation.item,
        "text": _text(annotation.item),
        "words": labelling.label_words(access.project, labels),
        "by": annotation.by or _("a former user"),
        "note": annotation.note,
        "proposal": proposal.address(
            access, _text(annotation.item), annotation.note, f"**{', '.join(labels)}**"
        ),
    }


def _text(item: Item) -> str:
    return line(item.text, item.content) or item.key
