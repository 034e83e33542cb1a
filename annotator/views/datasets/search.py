"""Search page: items by text, meaning or similarity, labelled as seed labels.

It shows no predictions and no queue state: a label given here may count as an audit.
"""

import uuid
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotator import tasks
from annotator.errors import Conflict, FlowError, Invalid
from annotator.flow.annotation import payload, seed_labels
from annotator.flow.datasets import search
from annotator.messages import labelling
from annotator.models import Annotation, Item, Role, Source
from annotator.views import number_format, partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.chosen_labels import labels as labels_chosen
from annotator.views.datasets.search_form import FindForm
from annotator.views.labelling.context import FILTER_FROM, choices
from annotator.views.snippets import excerpt, excerpts


@require_safe
@signed_in
def find(request: Request, project_id: int) -> HttpResponse:
    """Show the items that match a text or a similar item, with a form to label each."""
    access = _open(request, project_id)
    form = FindForm(request.GET, access.project)
    if not form.is_valid():
        context = _shared(request, access) | {"form": form}
        return partials.render_partial(
            request, "datasets/search.html", "found", context, status=422
        )
    context = _shared(request, access) | {"form": form, **found_context(access, form.cleaned_data)}
    return partials.render_partial(request, "datasets/search.html", "found", context)


@require_POST
@signed_in
def seed(request: Request, project_id: int, item_id: int) -> HttpResponse:
    """Label an item as an expert seed."""
    access = _open(request, project_id)
    item = search.find_item(access.project, item_id)
    chosen = labels_chosen(request.POST)
    if not chosen:
        return _answer(request, access, item, problem=_("Choose a label first."), status=422)
    key = request.POST.get("client_id", "")
    try:
        made, _new = seed_labels.seed(
            access.project, request.user, item, labels=chosen, client_id=key
        )
    except (Conflict, Invalid) as refusal:
        return _answer(request, access, item, problem=refusal.detail, status=refusal.status)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    said = labelling.saved_words(access.project, payload.annotation_payload(made))
    return _answer(request, access, item, said=said)


@require_POST
@signed_in
def undo(request: Request, project_id: int, item_id: int) -> HttpResponse:
    """Withdraw one's own seed label."""
    access = _open(request, project_id)
    item = search.find_item(access.project, item_id)
    try:
        seed_labels.take_back(access.project, request.user, item)
    except Conflict as refusal:
        return _answer(request, access, item, problem=refusal.detail, status=refusal.status)
    tasks.learn_if_due.delay_on_commit(access.project.pk)
    return _answer(request, access, item, said=_("Seed label removed."))


def _open(request: Request, project_id: int) -> Access:
    """Return the project with its labels loaded once, for flow and page."""
    access = open_project(request, project_id, Role.LEAD)
    prefetch_related_objects([access.project], "labels")
    return access


# Show ---------------------------------------------------------------------------------------------


def found_context(access: Access, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the results: a sentence, rows, and the position to continue from."""
    wanted = search.as_wanted(asked["q"], asked["label"], asked["state"], asked.get("by", ""))
    after = asked["after"] or 0
    like = None if asked["like"] is None else search.find_item(access.project, asked["like"])
    context: dict[str, Any] = {"like": like, "like_text": excerpt(like.text) if like else []}
    context["like_parts"] = excerpts(like) if like else []
    try:
        if like is not None:
            found = search.more_like(access.project, like, wanted, after=after)
        elif wanted.is_by_meaning:
            found = search.by_meaning(access.project, wanted, after=after)
        else:
            found = search.search(access.project, wanted, after=after)
    except FlowError as refusal:
        return context | {"problem": refusal.detail}
    is_ranked = like is not None or wanted.is_by_meaning
    return context | {
        "found": found,
        "rows": rows(access, found.items, wanted.text),
        "count": _count(found, is_ranked=is_ranked),
        "looked": _looked(found),
        "is_cut": len(found.items) < search.SHOWN or is_ranked,
        "rest": _address(asked, after=found.after),
        "newer": access.project.items - found.total,
    }


def rows(access: Access, items: list[Item], sought: str = "") -> list[dict[str, Any]]:
    """Return a row per item, with its annotations if these may be shown."""
    said = search.answers(items)
    return [_row(access, item, said.get(item.pk, []), sought) for item in items]


def _row(access: Access, item: Item, answers: list[Annotation], sought: str) -> dict[str, Any]:
    own = [each for each in answers if each.user_id == access.user.pk]
    is_settled = item.state == Item.State.LABELLED
    return {
        "item": item,
        "key": excerpt(item.key, sought),
        "text": excerpt(item.text, sought),
        "parts": excerpts(item, sought),
        # What others said of an item is not for somebody who may be judging it right now.
        "answers": [_in_words(access, each) for each in answers] if is_settled else [],
        "can_seed": not is_settled and not own,
        "can_undo": any(each.strategy == seed_labels.FOUND for each in own),
        "is_own": bool(own) and not is_settled,
        "client_id": uuid.uuid4(),
    }


def _in_words(access: Access, annotation: Annotation) -> dict[str, str]:
    is_seed = annotation.source == Source.SEED
    return {
        "labels": labelling.label_words(access.project, payload.label_names(annotation)),
        "by": annotation.by or _("a former user"),
        "how": str(Source.SEED.label) if is_seed else "",
    }


def _shared(request: Request, access: Access) -> dict[str, Any]:
    """Return the context of a row, inside the page or alone."""
    labels = choices(access, None, [])
    return {
        "access": access,
        "choices": labels,
        "has_picker": len(labels) >= FILTER_FROM,
        "here": request.GET.urlencode(),
        "state": request.GET.get("state", ""),
    }


def _count(found: search.Found, *, is_ranked: bool) -> str:
    number = len(found.items)
    if is_ranked:
        return ngettext("The nearest item", "The %(n)s nearest items", number) % {"n": number}
    if found.after is not None:
        return _("%(n)s+ items") % {"n": number_format.count(number)}
    return ngettext("%(n)s item", "%(n)s items", number) % {"n": number_format.count(number)}


def _looked(found: search.Found) -> str:
    """Describe the searched part of the pool; empty if it was all of it."""
    if found.start == 0 and found.after is None:
        return ""
    return _("Searched items %(first)s to %(last)s of %(total)s.") % {
        "first": number_format.count(found.start + 1),
        "last": number_format.count(found.stop),
        "total": number_format.count(found.total),
    }


def _address(asked: dict[str, Any], **more: Any) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in (asked | more).items() if value})
    return query.urlencode()


# Respond ------------------------------------------------------------------------------------------


def _answer(
    request: Request,
    access: Access,
    item: Item,
    *,
    said: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the item's row again; without htmx, redirect to its page."""
    if not request.htmx:
        page = reverse("find:find", args=[access.project.pk])
        address = f"{page}?{request.GET.urlencode()}#find-{item.pk}"
        return partials.redirect_with_message(request, address, said=said, problem=problem)
    item.refresh_from_db()
    (row,) = rows(access, [item], request.GET.get("q", ""))
    context = _shared(request, access) | {"row": row, "said": said, "problem": problem}
    return render(request, "datasets/_found_item.html", context, status=status)
