"""Disagreements page: a card per item with its annotations and the decision."""

from collections import Counter
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotator import tasks
from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import adjudicate
from annotator.flow.labels import naming
from annotator.i18n.stored_messages import translated
from annotator.messages import labelling
from annotator.models import Disagreement, Role, Source
from annotator.views import partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.chosen_labels import labels as labels_chosen
from annotator.views.chosen_labels import mark_value
from annotator.views.items import marked
from annotator.views.labelling.context import FILTER_FROM, choices
from annotator.views.labels import proposal
from annotator.views.snippets import line

# Characters on either side of a span.
NEIGHBOURHOOD = 40
SHOWN = 10
NEWEST = 2**62


@require_safe
@signed_in
def disagreements(request: Request, project_id: int) -> HttpResponse:
    """Show open disagreements, newest first; with `?state=decided`, decided ones."""
    access = _open(request, project_id)
    state = adjudicate.as_state(request.GET.get("state", "open"))
    before = request.GET.get("before", "")
    first = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else NEWEST
    listed = adjudicate.listed(access.project, state).filter(pk__lt=first).order_by("-pk")
    found = list(listed[: SHOWN + 1])
    context = _shared(access) | {
        "rows": [_card(access, row) for row in found[:SHOWN]],
        "more_before": found[SHOWN - 1].pk if len(found) > SHOWN else None,
        "state": request.GET.get("state", "open"),
        "is_first": first == NEWEST,
        "waiting": adjudicate.count_open(access.project),
    }
    return partials.render_partial(request, "quality/disagreements.html", "disagreements", context)


@require_POST
@signed_in
def settle(request: Request, project_id: int, item_id: int) -> HttpResponse:
    """Store the decision."""
    access = _open(request, project_id)
    labels = labels_chosen(request.POST)
    yours = naming.names(access.project, labels)
    note = request.POST.get("note", "")
    try:
        row = adjudicate.decide(
            access.project, request.user, item_id, labels, note, _shown_decision(request)
        )
    except (Invalid, Conflict) as refusal:
        row = adjudicate.find(access.project, item_id)
        problem = _with_yours(refusal.detail, naming.titles(access.project, labels))
        return _answer(
            request, access, row, problem=problem, status=refusal.status, typed=(yours, note)
        )
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    decided = adjudicate.shown(access.project, row)["decision"]
    words = _("Decided: %(labels)s.") % {
        "labels": labelling.label_words(access.project, decided["labels"])
    }
    return _answer(request, access, row, said=words)


@require_POST
@signed_in
def unsettle(request: Request, project_id: int, item_id: int) -> HttpResponse:
    """Withdraw the decision."""
    access = _open(request, project_id)
    try:
        shown = _shown_decision(request)
        row = adjudicate.take_back(access.project, request.user, item_id, shown)
    except Conflict as refusal:
        row = adjudicate.find(access.project, item_id)
        return _answer(request, access, row, problem=refusal.detail, status=refusal.status)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    return _answer(
        request, access, row, said=_("Decision withdrawn. The disagreement is open again.")
    )


def _shown_decision(request: Request) -> int | None:
    """Return the decision that the card showed; 0 if it showed none, None if it does not say."""
    sent = request.POST.get("decision", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 19 else None


def _with_yours(detail: str, labels: list[str]) -> str:
    if not labels:
        return detail
    yours = _("Not saved. You chose: %(labels)s.") % {"labels": ", ".join(labels)}
    return f"{detail} {yours}"


def _open(request: Request, project_id: int) -> Access:
    """Return the project with its labels loaded once, for flow and page."""
    access = open_project(request, project_id, Role.LEAD)
    prefetch_related_objects([access.project], "labels")
    return access


# Show ---------------------------------------------------------------------------------------------


def _shared(access: Access) -> dict[str, Any]:
    labels = choices(access, None, [])
    return {"access": access, "choices": labels, "has_picker": len(labels) >= FILTER_FROM}


def _card(
    access: Access, row: Disagreement, typed: tuple[list[str], str] | None = None
) -> dict[str, Any]:
    shown = adjudicate.shown(access.project, row)
    votes = Counter(name for each in shown["opinions"] for name in each["labels"])
    decision = shown["decision"]
    right, note = typed or (decision["labels"] if decision else [], "")
    labels = [
        {**each, "votes": votes[each["name"]], "is_right": each["name"] in right}
        for each in choices(access, None, [])
    ]
    is_short = len(labels) < FILTER_FROM
    words = decision and labelling.label_words(access.project, decision["labels"])
    return {
        "item": row.item,
        "opinions": _opinions(access, row, shown["opinions"]),
        "labels": [each for each in labels if is_short or each["votes"]],
        "marks": None if access.type.answer.of_classes else _marks(access, row, shown, right),
        "note": note,
        "decision": decision and {**decision, "words": words},
        "proposal": decision
        and proposal.address(access, _text(row), f"**{words}**", decision["note"]),
    }


def _text(row: Disagreement) -> str:
    return line(row.item.text, row.item.content) or row.item.key


def _marks(
    access: Access, row: Disagreement, shown: dict[str, Any], right: list[Any]
) -> list[dict[str, Any]]:
    """Return each span that somebody marked, with its neighbourhood and who marked it.

    What all marked is chosen beforehand, and what was decided after a decision.
    """
    text, ids = row.item.text, {each.name: each.pk for each in naming.labels_of(access.project)}
    by: dict[Any, list[str]] = {}
    for opinion in shown["opinions"]:
        for mark in opinion["labels"]:
            by.setdefault(mark, []).append(opinion["annotator"] or _("a former user"))
    people = len(shown["opinions"])
    is_decided = shown["decision"] is not None
    return [
        {
            "value": mark_value(mark.with_label(ids.get(mark.label, 0))),
            "label": mark.label,
            "attribute": mark.attribute,
            "quote": text[mark.start : mark.end],
            "before": text[max(0, mark.start - NEIGHBOURHOOD) : mark.start],
            "after": text[mark.end : mark.end + NEIGHBOURHOOD],
            "by": ", ".join(names),
            "is_agreed": len(names) == people,
            "is_right": mark in right if is_decided or right else len(names) == people,
        }
        for mark, names in sorted(by.items())
    ]


def _opinions(
    access: Access, row: Disagreement, opinions: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return each annotation in words; of marks, the text with those that differ marked so."""
    found = [_in_words(access, each) for each in opinions]
    if access.type.answer.of_classes:
        return found
    answers = [each["labels"] for each in opinions]
    texts = marked.compared(access.project, row.item.text, answers)
    return [{**each, "pieces": pieces} for each, pieces in zip(found, texts, strict=True)]


def _in_words(access: Access, opinion: dict[str, Any]) -> dict[str, Any]:
    told = (Source.SEED, Source.SECOND, Source.REPEAT, Source.BULK)
    source = Source(opinion["source"])
    return {
        **opinion,
        "words": labelling.label_words(access.project, opinion["labels"]),
        "by": opinion["annotator"] or _("a former user"),
        "how": str(source.label) if source in told else "",
        "why": translated(opinion["why"]),
    }


# Respond ------------------------------------------------------------------------------------------


def _answer(
    request: Request,
    access: Access,
    row: Disagreement,
    *,
    said: str = "",
    problem: str = "",
    status: int = 200,
    typed: tuple[list[str], str] | None = None,
) -> HttpResponse:
    """Render the card again; without htmx, redirect to its page."""
    if not request.htmx:
        page = reverse("disagreements", args=[access.project.pk])
        return partials.redirect_with_message(request, page, said=said, problem=problem)
    context = _shared(access) | {"row": _card(access, row, typed), "said": said, "problem": problem}
    return render(request, "quality/_disagreement.html", context, status=status)
